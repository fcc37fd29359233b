//! [`SessionStore`] of [`RedisStore`] for actix-session: browser sessions in the same Redis.

use std::collections::HashMap;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;
use authlib_core::{Result, RowEncryption};

use crate::store::RedisStore;

type Values = HashMap<String, String>;

impl SessionStore for RedisStore {
    async fn load(&self, key: &SessionKey) -> std::result::Result<Option<Values>, LoadError> {
        let text = self.load_session(key.as_ref()).await;
        let text = text.map_err(|error| LoadError::Other(error.into()))?;
        let values = text.map(|text| serde_json::from_str(&text)).transpose();
        values.map_err(|error| LoadError::Deserialization(error.into()))
    }

    async fn save(
        &self,
        values: Values,
        ttl: &Duration,
    ) -> std::result::Result<SessionKey, SaveError> {
        let text = serde_json::to_string(&values);
        let text = text.map_err(|error| SaveError::Serialization(error.into()))?;
        loop {
            let key = generate_session_key();
            let created = self.create_for(&key, text.clone(), ttl).await;
            if created.map_err(|error| SaveError::Other(error.into()))? {
                return Ok(key);
            }
        }
    }

    async fn update(
        &self,
        key: SessionKey,
        values: Values,
        ttl: &Duration,
    ) -> std::result::Result<SessionKey, UpdateError> {
        let text = serde_json::to_string(&values);
        let text = text.map_err(|error| UpdateError::Serialization(error.into()))?;
        let updated = self.update_for(&key, text, ttl).await;
        if updated.map_err(|error| UpdateError::Other(error.into()))? {
            return Ok(key);
        }
        // A session that ended meanwhile, by a login or a logout in another tab, stays ended.
        self.save(values, ttl).await.map_err(|error| UpdateError::Other(error.into()))
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> anyhow::Result<()> {
        Ok(self.extend_for(key, ttl).await?)
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        Ok(self.delete_session(key.as_ref()).await?)
    }
}

impl RedisStore {
    /// Whether the session was created: not if there is one of this key.
    async fn create_for(&self, key: &SessionKey, text: String, ttl: &Duration) -> Result<bool> {
        self.write_for("NX", key, text, ttl).await
    }

    /// Whether there is such a session.
    async fn update_for(&self, key: &SessionKey, text: String, ttl: &Duration) -> Result<bool> {
        self.write_for("XX", key, text, ttl).await
    }

    async fn write_for(
        &self,
        condition: &str,
        key: &SessionKey,
        text: String,
        ttl: &Duration,
    ) -> Result<bool> {
        let key = RowEncryption::session_key(key.as_ref());
        let text = self.encryption.seal_session(&key, text)?;
        let mut command = redis::cmd("SET");
        command.arg(self.key("session", &key)).arg(text).arg("PX").arg(milliseconds(ttl));
        let done: Option<String> =
            self.connection.query(&command.arg(condition).to_owned()).await?;
        Ok(done.is_some())
    }

    async fn extend_for(&self, key: &SessionKey, ttl: &Duration) -> Result<()> {
        let key = RowEncryption::session_key(key.as_ref());
        let mut command = redis::cmd("PEXPIRE");
        command.arg(self.key("session", &key)).arg(milliseconds(ttl));
        self.connection.query::<i64>(&command).await.map(drop)
    }
}

/// At least one: Redis refuses others.
fn milliseconds(ttl: &Duration) -> i64 {
    i64::try_from(ttl.whole_milliseconds()).unwrap_or(i64::MAX).max(1)
}
