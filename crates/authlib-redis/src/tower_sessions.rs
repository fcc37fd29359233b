//! [`SessionStore`] of [`RedisStore`]: browser sessions in the same Redis.

use async_trait::async_trait;
use authlib_core::RowEncryption;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};

use crate::store::RedisStore;

#[async_trait]
impl SessionStore for RedisStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.write(record, true).await? {
            // The id is in use.
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(record, false).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let text = self.load_session(&id.to_string()).await.map_err(failed)?;
        let Some(text) = text else { return Ok(None) };
        let (data, expiry_date) =
            serde_json::from_str(&text).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.delete_session(&id.to_string()).await.map_err(failed)
    }
}

impl RedisStore {
    /// Whether it was written: with `is_new`, not if there is one of this id.
    async fn write(&self, record: &Record, is_new: bool) -> Result<bool> {
        let key = RowEncryption::session_key(&record.id.to_string());
        let text = serde_json::to_string(&(&record.data, record.expiry_date));
        let text = text.map_err(|error| Error::Encode(error.to_string()))?;
        let text = self.encryption.seal_session(&key, text).map_err(failed)?;
        let end = (record.expiry_date.unix_timestamp_nanos() / 1_000_000).max(1);
        let mut command = redis::cmd("SET");
        command.arg(self.key("session", &key)).arg(text).arg("PXAT").arg(end.to_string());
        if is_new {
            command.arg("NX");
        }
        let done: Option<String> = self.connection.query(&command).await.map_err(failed)?;
        Ok(done.is_some())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: authlib_core::Error) -> Error {
    Error::Backend(error.report().to_string())
}
