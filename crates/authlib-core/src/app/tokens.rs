//! Tokens that stay fresh: [`RemoteApp::active_token`] refreshes an expired token once, however many
//! ask for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use super::RemoteApp;
use crate::error::{Error, ErrorKind, Result};
use crate::events::TokenUpdate;
use crate::jose::jwt::Claims;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::Token;
use crate::oauth2::grant::Grant;
use crate::oauth2::metadata::ServerMetadata;
use crate::oidc::id_token::{IdTokenError, Rules};
use crate::oidc::refreshed::{self, RefreshedError};
use crate::store::{Saved, TokenOwner};
use crate::transport::BoxFuture;

type Refresh = Shared<BoxFuture<'static, Result<Token>>>;

/// The refreshes under way, by owner.
///
/// They are shared futures and belong to nobody: when the request that started one is dropped, the
/// next to ask for the owner's token goes on where it stood, so that the answer with the rotated
/// refresh token is not lost.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<HashMap<TokenOwner, Refresh>>);

impl Refreshes {
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenOwner, Refresh>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refreshes {
    /// Forgets a refresh that has come to its end, unless another has begun since.
    fn finish(&self, owner: &TokenOwner, refresh: &Refresh) {
        let mut under_way = self.lock();
        if under_way.get(owner).is_some_and(|other| other.ptr_eq(refresh)) {
            under_way.remove(owner);
        }
    }
}

impl fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refreshes", self.lock().len())
    }
}

impl RemoteApp {
    /// The owner's token, refreshed if it expires within the client's leeway (60 seconds by default).
    ///
    /// However many ask at once, one refresh request is sent and all get its result (RFC 9700 §4.14.2:
    /// a rotated refresh token is good for one use). The new token is in the store before anybody gets
    /// it, and before subscribers hear of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoToken`] when there is none, or it has expired and can't be renewed,
    /// [`ErrorKind::InvalidIdToken`] when the refreshed ID token is not the same user's, and what the
    /// token endpoint and the store report.
    pub async fn active_token(&self, owner: &TokenOwner) -> Result<Token> {
        self.active(owner).await.map_err(|error| error.for_client(self.name()))
    }

    async fn active(&self, owner: &TokenOwner) -> Result<Token> {
        let token = self.stored_token(owner).await?;
        let good = !token.is_expired(self.now(), Duration::ZERO);
        let fresh = !token.is_expired(self.now(), self.inner.settings.leeway);
        if fresh || (good && token.refresh_token.is_none()) {
            return Ok(token);
        }
        let refresh = self.shared_refresh(owner);
        match self.finish_refresh(owner, refresh).await {
            Err(error) if good => self.serve_on(owner, error).await,
            refreshed => refreshed,
        }
    }

    /// The token that could not be renewed, while it has a little time left and is still the owner's.
    async fn serve_on(&self, owner: &TokenOwner, error: Error) -> Result<Token> {
        use ErrorKind::{BadAnswer, NoToken, Transport};
        if !matches!(error.kind(), BadAnswer | NoToken | Transport) {
            return Err(error);
        }
        match self.stored_token(owner).await {
            Ok(token) if !token.is_expired(self.now(), Duration::ZERO) => {
                tracing::warn!(client = self.name(), %error, "the old token serves on");
                Ok(token)
            }
            _ => Err(error),
        }
    }

    pub(crate) async fn stored_token(&self, owner: &TokenOwner) -> Result<Token> {
        if owner.client != self.name() {
            // It would be sent to a provider whose token it is not.
            return Err(Error::new(ErrorKind::NoToken, "the token is another client's"));
        }
        self.inner
            .ports
            .tokens
            .load(owner)
            .await?
            .ok_or_else(|| Error::new(ErrorKind::NoToken, "nobody is logged in with this client"))
    }

    /// The refresh under way, or a new one. One that has finished is no help to who comes later.
    fn shared_refresh(&self, owner: &TokenOwner) -> Refresh {
        let mut under_way = self.inner.refreshes.lock();
        if let Some(refresh) = under_way.get(owner).filter(|refresh| refresh.peek().is_none()) {
            return refresh.clone();
        }
        let (app, owned) = (self.clone(), owner.clone());
        let future: BoxFuture<'static, _> = Box::pin(async move { app.refresh(&owned).await });
        let refresh = future.shared();
        under_way.insert(owner.clone(), refresh.clone());
        refresh
    }

    /// Carries a refresh to its end and forgets it.
    async fn finish_refresh(&self, owner: &TokenOwner, refresh: Refresh) -> Result<Token> {
        let refreshed = refresh.clone().await;
        self.inner.refreshes.finish(owner, &refresh);
        refreshed
    }

    /// Carries a refresh under way to its end, whoever began it and whatever comes of it.
    pub(crate) async fn settle_refresh(&self, owner: &TokenOwner) {
        let under_way = self.inner.refreshes.lock().get(owner).cloned();
        if let Some(refresh) = under_way
            && let Err(error) = self.finish_refresh(owner, refresh).await
        {
            tracing::debug!(client = self.name(), %error, "a refresh under way came to nothing");
        }
    }

    async fn refresh(&self, owner: &TokenOwner) -> Result<Token> {
        let _lock = self.inner.ports.tokens.lock(owner).await?;
        // Loaded again: somebody may have refreshed it between our look and our turn.
        let old = self.stored_token(owner).await?;
        if !old.is_expired(self.now(), self.inner.settings.leeway) {
            return Ok(old);
        }
        let Some(refresh_token) = &old.refresh_token else {
            return Err(Error::new(
                ErrorKind::NoToken,
                "the access token has expired and there is no refresh token",
            )
            .hint("the user must log in again; `offline_access` may have to be asked for"));
        };
        let metadata = self.metadata().await?;
        if old.id_token.is_some() {
            // What the answer is verified with is fetched first: once the refresh token is spent, its
            // answer must not be lost for want of keys.
            self.warm_keys(metadata.as_deref()).await?;
        }
        let grant = Grant::RefreshToken { refresh_token };
        let scope = old.scope.as_deref().unwrap_or_default();
        let extra = &self.inner.settings.refresh_token_params;
        let mut spare = old.clone();
        let refreshed = async {
            let new = self.token_request(&grant, extra, scope, metadata.as_ref()).await?;
            if let Some(rotated) = &new.refresh_token {
                spare.refresh_token = Some(rotated.clone());
            }
            self.checked_refresh(&old, new, metadata.as_deref()).await
        };
        match refreshed.await {
            Ok(new) => self.keep_refreshed(owner, old, new).await,
            Err(error) if is_final(&error) => self.give_up(owner, &old, error).await,
            Err(error) => {
                if spare.refresh_token != old.refresh_token {
                    // The answer can't be verified now. Its access token is not used, but its refresh
                    // token is the only one that is still good for another try.
                    self.inner.ports.tokens.replace(owner, &old, &spare).await?;
                }
                Err(error)
            }
        }
    }

    /// The new token with what the answer left out, which means "as before" (RFC 6749 §6), and with
    /// its ID token verified (OpenID Connect Core §12.2).
    async fn checked_refresh(
        &self,
        old: &Token,
        mut new: Token,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Token> {
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
        let algorithms = self.id_token_algorithms(metadata)?;
        let rules = Rules {
            issuers: &self.issuers(),
            client_id: self.client_id(),
            algorithms: &algorithms,
            nonce: None,
            max_age: None,
            access_token: Some(new.access_token.expose()),
            asked_at: from_unix_seconds(0),
            now: self.now(),
        };
        let login = Claims::from_map(login.clone());
        let text = id_token.expose();
        self.verify_with_keys(
            text,
            metadata,
            |error: &RefreshedError| match error {
                RefreshedError::IdToken(cause) => Some::<&IdTokenError>(cause),
                _ => None,
            },
            |keys| refreshed::verify(text, keys, &rules, &login),
        )
        .await?;
        Ok(new)
    }

    /// Stores the new token, then tells the subscribers. Where another process was faster, its token
    /// is the one that counts.
    async fn keep_refreshed(&self, owner: &TokenOwner, old: Token, new: Token) -> Result<Token> {
        match self.inner.ports.tokens.replace(owner, &old, &new).await? {
            Saved::Done => {
                tracing::debug!(client = self.name(), "a token was refreshed");
                let update = TokenUpdate { owner: owner.clone(), token: new.clone(), old };
                self.subscribers().publish(&update);
                Ok(new)
            }
            Saved::Conflict(Some(other)) => Ok(*other),
            Saved::Conflict(None) => Err(Error::new(
                ErrorKind::NoToken,
                "the user logged out while the token was refreshed",
            )),
        }
    }

    /// The provider will not renew this token: the refresh token is dropped, so that nobody asks again.
    /// Where another process renewed it in the meantime, its token counts.
    async fn give_up(&self, owner: &TokenOwner, old: &Token, error: Error) -> Result<Token> {
        let mut spent = old.clone();
        spent.refresh_token = None;
        tracing::warn!(client = self.name(), %error, "the refresh token is of no more use");
        match self.inner.ports.tokens.replace(owner, old, &spent).await? {
            Saved::Conflict(Some(other)) if !other.is_expired(self.now(), Duration::ZERO) => {
                Ok(*other)
            }
            _ if error.kind() == ErrorKind::InvalidIdToken => Err(error),
            _ => {
                Err(Error::new(ErrorKind::NoToken, Refused(error))
                    .hint("the user must log in again"))
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the access token has expired and the provider did not renew it")]
struct Refused(#[source] Error);

/// Whether another try with the same refresh token can't succeed (RFC 6749 §5.2), or must not: the
/// refreshed ID token is another's. An ID token for which keys were missing says nothing of the kind.
fn is_final(error: &Error) -> bool {
    (error.kind() == ErrorKind::InvalidIdToken && !error.is_unsettled())
        || error.provider_error().is_some_and(|said| said.error == "invalid_grant")
}
