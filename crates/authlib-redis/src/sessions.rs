//! Browser sessions in Redis, for the session stores of the frameworks.

use authlib_core::{Result, RowEncryption};

use crate::store::RedisStore;

impl RedisStore {
    /// The text of a session; `None` also if its key is missing, as with a cookie of another key: the browser gets a new
    /// session.
    pub(crate) async fn load_session(&self, id: &str) -> Result<Option<String>> {
        let key = RowEncryption::session_key(id);
        let command = redis::cmd("GET").arg(self.key("session", &key)).to_owned();
        let text: Option<String> = self.connection.query(&command).await?;
        let Some(text) = text else { return Ok(None) };
        match self.encryption.open_session(&key, text) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                tracing::warn!(error = %error.report(), "could not decrypt a session");
                Ok(None)
            }
        }
    }

    pub(crate) async fn delete_session(&self, id: &str) -> Result<()> {
        let key = RowEncryption::session_key(id);
        let command = redis::cmd("DEL").arg(self.key("session", &key)).to_owned();
        self.connection.query(&command).await
    }
}
