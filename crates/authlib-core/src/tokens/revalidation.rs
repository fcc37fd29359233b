//! Revalidation: a refresh that asks the provider if it still knows the user.

use std::sync::Arc;
use std::time::SystemTime;

use super::manager::TokenManager;
use crate::error::{ErrorKind, Result};
use crate::oauth2::Token;
use crate::store::TokenOwner;

impl TokenManager {
    /// The owner's token, refreshed if that was last done before `due`. `None` if the provider rejects the refresh
    /// token, or there is none. An outage ends no login: then it is the present token.
    pub(crate) async fn validated_since(
        self: &Arc<Self>,
        owner: &TokenOwner,
        token: Token,
        due: SystemTime,
    ) -> Result<Option<Token>> {
        // The second is for stores that lose `refreshed_at`.
        let validated = token.refreshed_at.max(self.validated_at(owner));
        if validated.is_some_and(|at| at > due) {
            return Ok(Some(token));
        }
        let client = owner.client.as_str();
        if !self.can_refresh(&token) {
            tracing::info!(
                client,
                "login ended: it is to be revalidated, and has no refresh token"
            );
            return Ok(None);
        }
        match self.refreshed(owner, Some(token.access_token)).await {
            Ok(token) => {
                self.record_validation(owner);
                Ok(Some(token))
            }
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                tracing::info!(client, "login ended: the provider rejected its refresh token");
                Ok(None)
            }
            Err(error) => {
                let error = error.report();
                tracing::warn!(client, %error, "login not revalidated; it stays in effect");
                self.find_token(owner).await
            }
        }
    }
}
