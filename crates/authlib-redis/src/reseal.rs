//! Encrypting stored tokens again, after the keys changed.

use authlib_core::Result;
use authlib_core::store::TokenOwner;

use crate::store::RedisStore;

impl RedisStore {
    /// Encrypts each token with the first key that is not: those in clear text, and those of another key. Returns how
    /// many. It may run while the store is in use, and can be repeated.
    ///
    /// When it has succeeded, and no replica uses the old key as its first one, the old key can be removed ten minutes
    /// later, when the last pending login of that key has ended.
    ///
    /// In a cluster, each primary node is searched. Run it again if the cluster moved slots meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](authlib_core::ErrorKind::Store) if Redis fails. Tokens that can't be decrypted are logged and
    /// left.
    pub async fn reseal(&self) -> Result<u64> {
        let mut changed = 0;
        for slot in self.connection.primaries().await? {
            changed += self.reseal_node(slot).await?;
        }
        Ok(changed)
    }

    async fn reseal_node(&self, slot: Option<u16>) -> Result<u64> {
        let (mut cursor, mut changed) = (0_u64, 0);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}{{*}}:row", self.prefix));
            scan.arg("COUNT").arg(100);
            let (next, keys): (u64, Vec<String>) = self.connection.query_at(&scan, slot).await?;
            for key in keys {
                changed += self.reseal_row(&key).await?;
            }
            if next == 0 {
                return Ok(changed);
            }
            cursor = next;
        }
    }

    async fn reseal_row(&self, key: &str) -> Result<u64> {
        let command = redis::cmd("HMGET").arg(key).arg(&["client", "user", "token"]).to_owned();
        let row: (Option<String>, Option<String>, Option<String>) =
            self.connection.query(&command).await?;
        let (Some(client), Some(user), Some(text)) = row else { return Ok(0) };
        let owner = TokenOwner::new(client, user);
        match self.encryption.reseal_token(&owner, &text) {
            Ok(None) => Ok(0),
            Ok(Some(sealed)) => {
                self.connection.run(&self.scripts.reseal, &[key], &[&text, &sealed]).await
            }
            Err(error) => {
                tracing::warn!(client = owner.client, error = %error.report(), "could not decrypt a token");
                Ok(0)
            }
        }
    }
}
