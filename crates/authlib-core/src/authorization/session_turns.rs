//! [`SessionTurns`]: callbacks of one session take turns, within this process.
//!
//! A login gives the session a new id. A callback of another client that arrives at the same moment with
//! the old id must not record its login in the old session, where it would be lost, and must not be led to
//! the new one either: the old id may be known to an attacker (session fixation). So it waits, learns that the
//! id is outdated, and asks the browser to come again with its newest cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::lock::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::ttl_map::TtlMap;

/// How long an outdated id is remembered: as long as a callback may wait for its turn.
const OUTDATED_TTL: Duration = Duration::from_secs(60);

/// The most outdated ids.
const MAX_OUTDATED: usize = 10_000;

/// The sessions whose callbacks are being processed.
pub(crate) struct SessionTurns(Mutex<State>);

struct State {
    /// One lock per session id, while somebody holds it or waits for it.
    locks: HashMap<String, Arc<AsyncMutex<()>>>,
    /// Ids that a login has replaced.
    outdated: TtlMap<String, ()>,
}

/// The right to process a callback of one session; passed on when it is dropped.
#[must_use]
pub(crate) struct Turn {
    turns: Arc<SessionTurns>,
    id: String,
    guard: Option<OwnedMutexGuard<()>>,
    has_waited: bool,
}

impl SessionTurns {
    /// Waits until no other callback of the session is being processed.
    pub(crate) async fn wait(self: &Arc<Self>, id: String) -> Turn {
        let lock = self.state().locks.entry(id.clone()).or_default().clone();
        // Made first, so that a caller that goes away while it waits leaves no lock behind.
        let mut turn = Turn { turns: self.clone(), id, guard: None, has_waited: false };
        turn.guard = lock.clone().try_lock_owned();
        if turn.guard.is_none() {
            turn.has_waited = true;
            turn.guard = Some(lock.lock_owned().await);
        }
        turn
    }

    /// Records that a login gave the session of this id a new one.
    pub(crate) fn renewed(&self, id: String, now: SystemTime) {
        self.state().outdated.insert(id, (), OUTDATED_TTL, now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Whether another callback was being processed.
    pub(crate) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Whether the session has a new id by now.
    pub(crate) fn is_outdated(&self, now: SystemTime) -> bool {
        self.turns.state().outdated.get(&self.id, now).is_some()
    }
}

impl Default for SessionTurns {
    fn default() -> Self {
        let (locks, outdated) = (HashMap::new(), TtlMap::new(MAX_OUTDATED));
        Self(Mutex::new(State { locks, outdated }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut state = self.turns.state();
        // The map's own reference is the last one.
        if state.locks.get(&self.id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            state.locks.remove(&self.id);
        }
    }
}

debug_fields!(Turn {});

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn callbacks_of_one_session_take_turns() {
        let turns = Arc::new(SessionTurns::default());
        let now = SystemTime::UNIX_EPOCH;
        let first = turns.wait("a".into()).now_or_never().unwrap();
        assert!(turns.wait("b".into()).now_or_never().is_some());
        assert!(turns.wait("a".into()).now_or_never().is_none());
        assert!(!first.is_outdated(now) && !first.has_waited());
        turns.renewed("a".into(), now);
        drop(first);
        let second = turns.wait("a".into()).now_or_never().unwrap();
        assert!(second.is_outdated(now) && !second.is_outdated(now + OUTDATED_TTL));
        drop(second);
        assert!(turns.state().locks.is_empty());
    }
}
