//! [`MemoryStore`]: sessions in this process.

use std::collections::HashMap;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;
use authlib_core::login::Expiring;

type Values = HashMap<String, String>;

/// Sessions in the memory of this process, which actix-session has none for: for trying out, and for an
/// application of one process whose users may log in again after a restart. It holds at most 100,000
/// sessions.
///
/// Its clones are one store: make it once, and give each worker a clone.
#[derive(Clone, Debug)]
pub struct MemoryStore(Expiring<Values>);

impl MemoryStore {
    /// A store without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self(Expiring::new(100_000))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Values>, LoadError> {
        Ok(self.0.get(key.as_ref()))
    }

    async fn save(&self, values: Values, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        self.0.put(key.as_ref(), values, ttl.unsigned_abs());
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        values: Values,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        // A session that ended meanwhile, by a login or a logout in another tab, stays ended.
        let key = self.0.get(key.as_ref()).map_or_else(generate_session_key, |_| key);
        self.0.put(key.as_ref(), values, ttl.unsigned_abs());
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        self.0.extend(key.as_ref(), ttl.unsigned_abs());
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.remove(key.as_ref());
        Ok(())
    }
}
