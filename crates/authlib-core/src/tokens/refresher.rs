//! One renewal: by the refresh token, by the client's own authority, by a signed statement, or in the
//! application's way.

use std::time::Duration;

use super::TokenManager;
use crate::config::Renewal;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::oauth2::{Grant, Token};
use crate::secret::Secret;
use crate::store::{Lease, ReplaceOutcome, TokenOwner};

impl TokenManager {
    /// Renews the owner's token once, unless somebody did since we looked.
    pub(super) async fn renew(
        &self,
        owner: &TokenOwner,
        rejected: Option<&Secret>,
    ) -> Result<Token> {
        let lease = self.acquire_lease(owner).await?;
        let renewed = self.renew_holding(&lease, rejected).await;
        self.release_lease(lease).await;
        renewed
    }

    async fn renew_holding(&self, lease: &Lease, rejected: Option<&Secret>) -> Result<Token> {
        let owner = lease.owner();
        self.keep_unsaved(lease).await?;
        // Loaded again: somebody may have refreshed it between our look and our turn.
        let old = self.find_token(owner).await?;
        if let Some(old) = &old {
            let refused = rejected.is_some_and(|rejected| *rejected == old.access_token);
            if !refused && self.is_fresh(owner, old) {
                return Ok(old.clone());
            }
        }
        match (&self.settings().renewal, old) {
            (Renewal::Off, _) => {
                Err(Error::new(ErrorKind::Unauthenticated, "the access token has expired")
                    .with_hint("the client is registered with `renewal` off"))
            }
            (Renewal::RefreshToken, Some(old)) => self.refresh(lease, old).await,
            (Renewal::RefreshToken, None) => Err(self.nobody()),
            (Renewal::Callback(renew), old) => {
                let new = renew(old.clone()).await?;
                self.keep(lease, old, new).await
            }
            (Renewal::ClientCredentials, old) => {
                let new = self.endpoints.fetch_token(&Grant::client_credentials()).await?;
                self.keep(lease, old, new).await
            }
            (Renewal::Assertion(signer), old) => {
                let endpoint = self.endpoints.documents().endpoint(Endpoint::Token).await?;
                let jti = self.endpoints.random_secret()?;
                let assertion = signer.sign(endpoint.as_str(), &jti, self.now())?;
                let new = self.endpoints.fetch_token(&Grant::jwt_bearer(&assertion)).await?;
                self.keep(lease, old, new).await
            }
        }
    }

    async fn refresh(&self, lease: &Lease, old: Token) -> Result<Token> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "the access token has expired and there is no refresh token",
            )
            .with_hint("the user must log in again; `offline_access` may have to be asked for"));
        };
        if old.id_token.is_some() {
            // What the answer is verified with is fetched first: once the refresh token is spent, its
            // answer must not be lost for want of keys.
            self.endpoints.documents().prefetch_keys().await?;
        }
        let grant = Grant::refresh_token(refresh_token);
        let scope = old.scope.as_deref().unwrap_or_default();
        let mut spare = old.clone();
        let refreshed = async {
            let new = self.endpoints.request_token(&grant, scope).await?;
            if let Some(rotated) = &new.refresh_token {
                spare.refresh_token = Some(rotated.clone());
            }
            self.checked_refresh(&old, new).await
        };
        match refreshed.await {
            Ok(new) => self.keep(lease, Some(old), new).await,
            Err(error) if is_final(&error) => self.give_up(lease, &old, error).await,
            Err(error) => {
                if spare.refresh_token != old.refresh_token {
                    // The answer can't be verified now. Its access token is not used, but its refresh
                    // token is the only one that is still good for another try.
                    let kept = self.store.replace(lease, Some(&old), &spare).await;
                    if let Err(cause) = kept {
                        tracing::warn!(client = self.name(), %cause, "a refresh token is unsaved");
                        self.refreshes.hold(lease.owner(), Some(old), spare, self.now());
                    }
                }
                Err(error)
            }
        }
    }

    /// The new token with what the answer left out, which means "as before" (RFC 6749 §6), and with
    /// its ID token verified (OpenID Connect Core §12.2).
    async fn checked_refresh(&self, old: &Token, mut new: Token) -> Result<Token> {
        if new.refresh_token.is_none() {
            new.refresh_token.clone_from(&old.refresh_token);
        }
        for (name, value) in &old.extra {
            new.extra.entry(name).or_insert_with(|| value.clone());
        }
        new.claims.clone_from(&old.claims);
        let (Some(id_token), Some(_), Some(login)) = (&new.id_token, &old.id_token, &old.claims)
        else {
            new.id_token.clone_from(&old.id_token);
            return Ok(new);
        };
        let login = Claims::from_map(login.clone());
        let documents = self.endpoints.documents();
        documents.verify_refreshed_id_token(id_token.expose(), &new.access_token, &login).await?;
        Ok(new)
    }

    /// The provider will not renew this token: the refresh token is dropped, so that nobody asks again.
    /// Where another process renewed it in the meantime, its token counts.
    async fn give_up(&self, lease: &Lease, old: &Token, error: Error) -> Result<Token> {
        let mut spent = old.clone();
        spent.refresh_token = None;
        tracing::warn!(client = self.name(), error = %error.report(), "the refresh token is of no more use");
        let saved = match self.store.replace(lease, Some(old), &spent).await {
            Ok(saved) => saved,
            Err(cause) => {
                // Else the next call would send it again.
                self.refreshes.hold(lease.owner(), Some(old.clone()), spent, self.now());
                return Err(cause);
            }
        };
        match saved {
            ReplaceOutcome::Conflict(Some(other))
                if !other.is_expired(self.now(), Duration::ZERO) =>
            {
                Ok(*other)
            }
            _ if error.kind() == ErrorKind::InvalidIdToken => Err(error),
            _ => Err(Error::new(ErrorKind::Unauthenticated, Refused(error))
                .with_hint("the user must log in again")),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the access token has expired and the provider did not renew it")]
struct Refused(#[source] Error);

/// Whether another try with the same refresh token can't succeed (RFC 6749 §5.2), or must not: the
/// refreshed ID token is another's. An ID token for which keys were missing says nothing of the kind.
pub(super) fn is_final(error: &Error) -> bool {
    (error.kind() == ErrorKind::InvalidIdToken && !error.is_retryable())
        || error.provider_error().is_some_and(|said| said.error == "invalid_grant")
}
