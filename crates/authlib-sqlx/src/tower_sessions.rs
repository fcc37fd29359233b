//! [`SessionStore`] of [`SqlxStore`]: browser sessions in the same database.

use async_trait::async_trait;
use authlib_core::RowEncryption;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};

use crate::pool::args;
use crate::store::SqlxStore;

#[async_trait]
impl SessionStore for SqlxStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while self.write(&self.statements.sessions.create, record).await? == 0 {
            // The id is in use.
            record.id = Id::default();
        }
        self.sweep().await;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(&self.statements.sessions.save, record).await?;
        self.sweep().await;
        Ok(())
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

impl SqlxStore {
    /// How many rows were written.
    async fn write(&self, sql: &str, record: &Record) -> Result<u64> {
        let key = RowEncryption::session_key(&record.id.to_string());
        let text = serde_json::to_string(&(&record.data, record.expiry_date));
        let text = text.map_err(|error| Error::Encode(error.to_string()))?;
        let text = self.encryption.seal_session(&key, text).map_err(failed)?;
        let end = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
        let end = i64::try_from(end).unwrap_or(i64::MAX);
        self.pool.execute(sql, args![&key, &text, end]).await.map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: authlib_core::Error) -> Error {
    Error::Backend(error.report().to_string())
}
