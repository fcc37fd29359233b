//! One refresh token is in one row: most providers revoke the whole grant when a refresh token is used twice
//! (RFC 9700 §4.14.2). Some providers return the same one for each login of a user.

use super::later_login::take_nonce_of;
use super::manager::TokenManager;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::store::{LoginQuery, TokenOwner, TokenRow};

impl TokenManager {
    /// Stores the row of a new login. If the refresh token is in another row, it moves to this one.
    pub(crate) async fn save_login(&self, row: &mut TokenRow) -> Result<()> {
        self.move_refresh_token(row).await?;
        self.store().save(row).await
    }

    /// Stores the row of a user, as [`save_login`](Self::save_login). It keeps the refresh token of the present one
    /// if it has none, see [`keep_refresh_token`](Self::keep_refresh_token).
    pub(crate) async fn save_row(&self, row: &mut TokenRow) -> Result<()> {
        self.move_refresh_token(row).await?;
        let owner = row.owner.clone();
        if !self.keep_refresh_token(&owner, row).await? {
            self.store().save(row).await?;
        }
        Ok(())
    }

    /// Checks that the refresh token of a row is in no other one.
    pub(super) async fn check_refresh_token(&self, row: &TokenRow) -> Result<()> {
        if self.rows_with_refresh_token(row).await?.is_empty() {
            return Ok(());
        }
        let check = "the refresh token is stored for another owner of this client: two rows must not use it";
        Err(Error::new(ErrorKind::InvalidRequest, check).with_hint(
            "finish the callback with `log_in_as(user)` or `connect(user)`, which store the token once",
        ))
    }

    /// Takes the refresh token of a row out of the others, which keep their access tokens. If one of them is being
    /// refreshed, the row goes without.
    async fn move_refresh_token(&self, row: &mut TokenRow) -> Result<()> {
        for owner in self.rows_with_refresh_token(row).await? {
            let Some(lease) = self.acquire_if_free(&owner).await? else {
                tracing::warn!(
                    client = owner.client,
                    "the refresh token of a login is in use; the login has none"
                );
                row.token.refresh_token = None;
                return Ok(());
            };
            let taken = async {
                // Loaded again: it may have been refreshed before the lease was ours.
                let old = self.find_token(&owner).await?;
                if let Some(old) = old.filter(|old| has_same(old, &row.token)) {
                    take_nonce_of(&old, &mut row.token);
                    let without = Token { refresh_token: None, ..old.clone() };
                    self.store().replace(&lease, Some(&old), &without).await?;
                    tracing::info!(client = owner.client, "refresh token moved to a new row");
                }
                Ok(())
            };
            let taken: Result<()> = taken.await;
            self.release(lease).await;
            taken?;
        }
        Ok(())
    }

    /// The owners of other rows with the same refresh token, if the store has this lookup.
    async fn rows_with_refresh_token(&self, row: &TokenRow) -> Result<Vec<TokenOwner>> {
        let client = row.owner.client.clone();
        let Some(fingerprint) = LoginQuery::fingerprint(&client, &row.token) else {
            return Ok(Vec::new());
        };
        let query = LoginQuery::RefreshToken { client, fingerprint };
        let found = match self.store().find_rows(&query).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Vec::new()),
            found => found?,
        };
        let mut owners = Vec::new();
        for owner in found.into_iter().map(|found| found.owner) {
            if owner != row.owner
                && self.find_token(&owner).await?.is_some_and(|other| has_same(&other, &row.token))
            {
                owners.push(owner);
            }
        }
        Ok(owners)
    }
}

fn has_same(one: &Token, other: &Token) -> bool {
    one.refresh_token.is_some() && one.refresh_token == other.refresh_token
}
