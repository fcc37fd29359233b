//! Browser sessions in the database, for the session stores of the frameworks.

use authlib_core::{Result, RowEncryption};

use crate::pool::args;
use crate::store::SqlxStore;

impl SqlxStore {
    /// The text of a session; `None` also if its key is missing, as with a cookie of another key: the browser gets a new
    /// session.
    pub(crate) async fn load_session(&self, id: &str) -> Result<Option<String>> {
        let key = RowEncryption::session_key(id);
        let args = self.with_now(args![&key]);
        let text = self.pool.text(&self.statements.sessions.load, &args).await?;
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
        let sql = &self.statements.sessions.delete;
        self.pool.execute(sql, args![&key]).await.map(drop)
    }
}
