//! [`RefetchLimit`]: how often tokens with an unknown key may cause the keys to be fetched again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::ttl_map::TtlMap;

/// How many forced fetches may follow each other immediately; then one more each minute.
const BURST: u32 = 4;

/// How long it takes to earn another forced fetch, and how long an unknown `kid` is remembered.
const MINUTE: Duration = Duration::from_secs(60);

/// The maximum number of unknown `kid`s that are remembered.
const MAX_UNKNOWN: usize = 256;

/// A token bucket for forced fetches, and the `kid`s that the newest keys do not have. Anybody can
/// send a token with an invented `kid`, so neither may let a stranger set the pace of our requests.
#[derive(Debug)]
pub(super) struct RefetchLimit(Mutex<State>);

#[derive(Debug)]
struct State {
    left: u32,
    earned_at: SystemTime,
    unknown: TtlMap<String, ()>,
}

/// A forced fetch. Unless it brought new keys ([`found_new_keys`](Self::found_new_keys)), dropping it
/// takes the `kid` out of the unknown ones again, so that a failed or cancelled fetch does not block
/// the next token.
pub(super) struct Refetch<'a> {
    limit: &'a RefetchLimit,
    kid: &'a str,
    found_new_keys: bool,
}

impl RefetchLimit {
    pub(super) fn new() -> Self {
        let unknown = TtlMap::new(MAX_UNKNOWN);
        Self(Mutex::new(State { left: BURST, earned_at: SystemTime::UNIX_EPOCH, unknown }))
    }

    /// Permission to fetch the keys because of a token with this `kid`. `is_known` means that the
    /// cached keys include that `kid`, but the signature did not verify with it.
    pub(super) fn permit<'a>(
        &'a self,
        kid: &'a str,
        is_known: bool,
        now: SystemTime,
    ) -> Option<Refetch<'a>> {
        let mut state = self.lock();
        let since = |then: SystemTime| now.duration_since(then).unwrap_or_default();
        if !is_known && state.unknown.get(kid, now).is_some() {
            return None;
        }
        let earned = since(state.earned_at).as_secs() / MINUTE.as_secs();
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(BURST);
            state.left = state.left.saturating_add(earned).min(BURST);
            state.earned_at = now;
        }
        state.left = state.left.checked_sub(1)?;
        if !is_known {
            state.unknown.insert(kid.to_owned(), (), MINUTE, now);
        }
        Some(Refetch { limit: self, kid, found_new_keys: false })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refetch<'_> {
    pub(super) fn found_new_keys(mut self) {
        self.found_new_keys = true;
    }
}

impl Drop for Refetch<'_> {
    fn drop(&mut self) {
        if !self.found_new_keys {
            self.limit.lock().unknown.remove(self.kid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric_date::from_unix_seconds;

    #[test]
    fn forced_fetches_are_limited_to_burst_and_one_per_minute() {
        let limit = RefetchLimit::new();
        let permits = |kid: &str, now| limit.permit(kid, true, from_unix_seconds(now)).is_some();
        assert!((0..BURST).all(|_| permits("k", 1000)));
        assert!(!permits("k", 1059));
        assert!(permits("k", 1060));
        assert!(!permits("k", 1060));
        assert!((0..BURST).all(|_| permits("k", 9000)));
        assert!(!permits("k", 9000));
    }

    #[test]
    fn unknown_kid_is_fetched_once_per_minute() {
        let limit = RefetchLimit::new();
        let at = from_unix_seconds;
        limit.permit("x", false, at(1000)).unwrap().found_new_keys();
        assert!(limit.permit("x", false, at(1059)).is_none());
        assert!(limit.permit("x", false, at(1060)).is_some());
    }
}
