//! A later login of the same user whose response has no refresh token, as Google's: it keeps that of the
//! earlier login.

use super::manager::TokenManager;
use crate::error::Result;
use crate::oauth2::{Token, UserInfo};
use crate::store::{ReplaceOutcome, TokenOwner, TokenRow};

impl TokenManager {
    /// Moves the refresh token of the row of `earlier` into `row` and stores that, if the later login has
    /// none and both are of the same user. The refresh token is never in two rows, and not moved while it is
    /// in use. Returns whether it was moved.
    pub(crate) async fn keep_refresh_token(
        &self,
        earlier: &TokenOwner,
        row: &mut TokenRow,
    ) -> Result<bool> {
        if row.token.refresh_token.is_some() || identity(&row.token).is_none() {
            return Ok(false);
        }
        let Some(lease) = self.acquire_if_free(earlier).await? else {
            tracing::warn!(
                client = earlier.client,
                "the earlier login's refresh token is in use; the later login has none"
            );
            return Ok(false);
        };
        let moved = async {
            let earlier_token = self.find_token(earlier).await?;
            let Some(token) = earlier_token.and_then(|old| with_refresh_token(&old, &row.token))
            else {
                return Ok(false);
            };
            if *earlier == row.owner {
                row.token = token;
                self.store().save(row).await?;
            } else {
                self.store().delete(earlier).await?;
                if !self.replace_token(row, token).await? {
                    tracing::info!(
                        client = earlier.client,
                        "the later login has ended in the meantime"
                    );
                    return Ok(false);
                }
            }
            tracing::info!(client = earlier.client, "refresh token of the earlier login kept");
            Ok(true)
        };
        let moved = moved.await;
        self.release(lease).await;
        moved
    }

    /// Replaces the token of a stored row, unless the row was deleted or changed: a login that ended meanwhile must
    /// not come back.
    async fn replace_token(&self, row: &mut TokenRow, token: Token) -> Result<bool> {
        let Some(lease) = self.acquire_if_free(&row.owner).await? else { return Ok(false) };
        let replaced = self.store().replace(&lease, Some(&row.token), &token).await;
        self.release(lease).await;
        let is_replaced = matches!(replaced?, ReplaceOutcome::Replaced);
        if is_replaced {
            row.token = token;
        }
        Ok(is_replaced)
    }
}

/// The token of a later login with the refresh token of an earlier one, if both are of the same user.
fn with_refresh_token(earlier: &Token, later: &Token) -> Option<Token> {
    let refresh_token = earlier.refresh_token.clone()?;
    if identity(earlier)? != identity(later)? {
        return None;
    }
    let mut token = Token { refresh_token: Some(refresh_token), ..later.clone() };
    take_nonce_of(earlier, &mut token);
    Some(token)
}

/// Gives a later token the `nonce` of the earlier one whose refresh token it has: a refreshed ID token repeats that of
/// the original authentication, if any (OpenID Connect Core §12.2).
pub(super) fn take_nonce_of(earlier: &Token, later: &mut Token) {
    let Some(claims) = later.claims.take() else { return };
    let mut claims = claims.into_map();
    let nonce = earlier.claims.as_ref().and_then(|claims| claims.as_map().get("nonce"));
    match nonce {
        Some(nonce) => drop(claims.insert("nonce".to_owned(), nonce.clone())),
        None => drop(claims.remove("nonce")),
    }
    later.claims = Some(UserInfo::new(claims));
}

/// The issuer and the subject of a token's verified claims.
pub(crate) fn identity(token: &Token) -> Option<(Option<&str>, &str)> {
    let claims = token.claims.as_ref()?;
    Some((claims.iss(), claims.sub())).filter(|(_, sub)| !sub.is_empty())
}
