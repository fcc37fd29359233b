//! [`MemoryStore`]: sessions in this process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;
use authlib_core::clock::{Clock, SystemClock};

/// The most sessions; one more, and the half that would end first is dropped.
const MAX_SESSIONS: usize = 100_000;

type State = HashMap<String, String>;

/// Sessions in the memory of this process: for trying out, and for an application of one process whose
/// users may log in again after a restart. It holds at most 100,000 sessions, and drops those that are
/// over.
///
/// Its clones are one store: make it once, and give each worker a clone.
#[derive(Clone)]
pub struct MemoryStore {
    sessions: Arc<Mutex<HashMap<String, (SystemTime, State)>>>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// A store without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { sessions: Arc::default(), clock }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, (SystemTime, State)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: SessionKey, state: State, ttl: &Duration) -> SessionKey {
        let now = self.clock.now();
        let mut sessions = self.sessions();
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(key.as_ref()) {
            sessions.retain(|_, (end, _)| *end > now);
            if sessions.len() >= MAX_SESSIONS {
                let mut ends: Vec<_> = sessions.values().map(|(end, _)| *end).collect();
                let (_, middle, _) = ends.select_nth_unstable(MAX_SESSIONS / 2);
                sessions.retain(|_, (end, _)| *end > *middle);
            }
        }
        let end = now.checked_add(ttl.unsigned_abs()).unwrap_or(now);
        sessions.insert(key.as_ref().to_owned(), (end, state));
        key
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let now = self.clock.now();
        let sessions = self.sessions();
        let found = sessions.get(key.as_ref()).filter(|(end, _)| *end > now);
        Ok(found.map(|(_, state)| state.clone()))
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        Ok(self.put(generate_session_key(), state, ttl))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        // A session that ended meanwhile, by a login or a logout in another tab, stays ended.
        let known = self.sessions().contains_key(key.as_ref());
        Ok(self.put(if known { key } else { generate_session_key() }, state, ttl))
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        let now = self.clock.now();
        if let Some((end, _)) = self.sessions().get_mut(key.as_ref()) {
            *end = now.checked_add(ttl.unsigned_abs()).unwrap_or(now);
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.sessions().remove(key.as_ref());
        Ok(())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} sessions)", self.sessions().len())
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
