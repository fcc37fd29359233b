//! [`MemoryStore`]: sessions in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::store::TtlMap;

type Values = HashMap<String, String>;

/// Sessions in the memory of this process, for development and for applications of one process whose users
/// may log in again after a restart. It holds at most 100,000 sessions; when it is full, the session that
/// expires next is dropped.
///
/// Its clones share the sessions: create it once, and give each worker a clone.
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Mutex<TtlMap<String, Values>>>);

impl MemoryStore {
    /// A store without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(TtlMap::new(100_000))))
    }

    fn sessions(&self) -> (MutexGuard<'_, TtlMap<String, Values>>, SystemTime) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner), SystemClock.now())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Values>, LoadError> {
        let (sessions, now) = self.sessions();
        Ok(sessions.get(key.as_ref(), now).cloned())
    }

    async fn save(&self, values: Values, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let (mut sessions, now) = self.sessions();
        sessions.insert(key.as_ref().to_owned(), values, ttl.unsigned_abs(), now);
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        values: Values,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let (mut sessions, now) = self.sessions();
        // A session that ended meanwhile, by a login or a logout in another tab, stays ended.
        let key = sessions.get(key.as_ref(), now).map_or_else(generate_session_key, |_| key);
        sessions.insert(key.as_ref().to_owned(), values, ttl.unsigned_abs(), now);
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        let (mut sessions, now) = self.sessions();
        sessions.extend(key.as_ref(), ttl.unsigned_abs(), now);
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.sessions().0.remove(key.as_ref());
        Ok(())
    }
}
