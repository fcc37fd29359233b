//! Encrypting stored tokens again, after the keys changed.

use authlib_core::Result;
use authlib_core::store::TokenOwner;

use crate::pool::args;
use crate::store::SqlxStore;

impl SqlxStore {
    /// Encrypts each token with the first key that is not: those in clear text, and those of another key. Returns how
    /// many. It may run while the store is in use, and can be repeated.
    ///
    /// When it has succeeded, and no replica uses the old key as its first one, the old key can be removed ten minutes
    /// later, when the last pending login of that key has ended.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](authlib_core::ErrorKind::Store) if the database fails. Tokens that can't be decrypted are
    /// logged and left.
    pub async fn reseal(&self) -> Result<u64> {
        let (mut last, mut changed) = (TokenOwner::new("", ""), 0);
        loop {
            let args = args![&last.client, &last.user];
            let rows = self.pool.texts(&self.statements.page, args).await?;
            if rows.is_empty() {
                return Ok(changed);
            }
            for (client, user, text) in rows {
                last = TokenOwner::new(client, user);
                changed += self.reseal_row(&last, &text).await?;
            }
        }
    }

    async fn reseal_row(&self, owner: &TokenOwner, text: &str) -> Result<u64> {
        match self.encryption.reseal_token(owner, text) {
            Ok(None) => Ok(0),
            Ok(Some(sealed)) => {
                let args = args![&owner.client, &owner.user, text, &sealed];
                self.pool.execute(&self.statements.reseal, args).await
            }
            Err(error) => {
                tracing::warn!(client = owner.client, error = %error.report(), "could not decrypt a token");
                Ok(0)
            }
        }
    }
}
