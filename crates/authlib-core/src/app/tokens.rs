//! Tokens that stay fresh: [`RemoteApp::active_token`] renews an expired token once, however many ask
//! for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use super::RemoteApp;
use super::renew::is_final;
use crate::config::Renewal;
use crate::error::{Error, ErrorKind, Result};
use crate::events::TokenUpdate;
use crate::oauth2::Token;
use crate::secret::Secret;
use crate::store::{Saved, TokenOwner, UnsavedToken};
use crate::transport::BoxFuture;

/// How long nobody tries again after a first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, unless the provider asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that a provider may ask for (`Retry-After`).
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

type Refresh = Shared<BoxFuture<'static, Result<Token>>>;

/// The renewals under way, and what became of those that failed, by owner.
///
/// A renewal is a shared future and belongs to nobody: when the request that started one is dropped,
/// the next to ask for the owner's token goes on where it stood, so that the answer with the rotated
/// refresh token is not lost.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<State>);

#[derive(Default)]
struct State {
    under_way: HashMap<TokenOwner, Refresh>,
    failed: HashMap<TokenOwner, Failure>,
    /// Tokens that the provider gave and the store did not take, with the ones before.
    unsaved: HashMap<TokenOwner, (Option<Token>, Token)>,
}

struct Failure {
    error: Error,
    times: u32,
    until: SystemTime,
}

impl Refreshes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a renewal that has come to its end, unless another has begun since.
    fn finish(&self, owner: &TokenOwner, refresh: &Refresh) {
        let mut state = self.lock();
        if state.under_way.get(owner).is_some_and(|other| other.ptr_eq(refresh)) {
            state.under_way.remove(owner);
        }
    }

    /// Remembers a failure, so that nobody tries again at once: the provider is away, and a hundred
    /// requests a second would not bring it back.
    fn failed(&self, owner: &TokenOwner, error: &Error, now: SystemTime) {
        let mut state = self.lock();
        state.failed.retain(|_, failure| failure.until + MAX_PAUSE > now);
        let times = state.failed.get(owner).map_or(0, |failure| failure.times);
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(MAX_PAUSE);
        let wish = error.provider_error().and_then(|said| said.retry_after).unwrap_or(0);
        let pause = pause.max(Duration::from_secs(wish).min(MAX_RETRY_AFTER));
        let failure = Failure { error: error.clone(), times: times + 1, until: now + pause };
        state.failed.insert(owner.clone(), failure);
    }

    fn succeeded(&self, owner: &TokenOwner) {
        self.lock().failed.remove(owner);
    }

    /// The error of the last try, while it is too early for another.
    fn too_early(&self, owner: &TokenOwner, now: SystemTime) -> Option<Error> {
        let state = self.lock();
        let failure = state.failed.get(owner)?;
        (failure.until > now).then(|| failure.error.clone())
    }

    fn has_unsaved(&self, owner: &TokenOwner) -> bool {
        self.lock().unsaved.contains_key(owner)
    }
}

impl fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refreshes", self.lock().under_way.len())
    }
}

impl RemoteApp {
    /// The owner's token, renewed if it expires within the client's leeway (60 seconds by default).
    ///
    /// However many ask at once, one request is sent and all get its result (RFC 9700 §4.14.2: a
    /// rotated refresh token is good for one use). The new token is in the store before anybody gets
    /// it, and before subscribers hear of it. After a failure nobody tries again for a second, and for
    /// longer after each further one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoToken`] when there is none, or it has expired and can't be renewed,
    /// [`ErrorKind::InvalidIdToken`] when the refreshed ID token is not the same user's,
    /// [`ErrorKind::Store`] when the new token can't be kept, which then comes with the error
    /// ([`UnsavedToken::of`]), and what the token endpoint reports.
    pub async fn active_token(&self, owner: &TokenOwner) -> Result<Token> {
        self.active(owner).await.map_err(|error| error.for_client(self.name()))
    }

    /// Renews the owner's token, although it may not have expired, and returns the new one.
    ///
    /// # Errors
    ///
    /// Those of [`active_token`](Self::active_token).
    pub async fn refresh_token(&self, owner: &TokenOwner) -> Result<Token> {
        let renewed = async {
            let rejected = self.find_token(owner).await?.map(|token| token.access_token);
            self.renewed(owner, rejected).await
        };
        renewed.await.map_err(|error: Error| error.for_client(self.name()))
    }

    async fn active(&self, owner: &TokenOwner) -> Result<Token> {
        let token = match self.find_token(owner).await? {
            Some(token) => token,
            None if self.inner.settings.renewal.fetches_the_first() => {
                return self.renewed(owner, None).await;
            }
            None => return Err(nobody()),
        };
        let good = !token.is_expired(self.now(), Duration::ZERO);
        let fresh = !token.is_expired(self.now(), self.inner.settings.leeway);
        let homeless = self.inner.refreshes.has_unsaved(owner);
        if (fresh && !homeless) || (good && !self.is_renewable(&token)) {
            return Ok(token);
        }
        match self.renewed(owner, None).await {
            Err(error) if good => self.serve_on(owner, error).await,
            renewed => renewed,
        }
    }

    /// Whether this client can renew `token` when it has expired.
    pub(crate) fn is_renewable(&self, token: &Token) -> bool {
        match &self.inner.settings.renewal {
            Renewal::Off => false,
            Renewal::RefreshToken => token.refresh_token.is_some(),
            _ => true,
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
        self.find_token(owner).await?.ok_or_else(nobody)
    }

    pub(crate) async fn find_token(&self, owner: &TokenOwner) -> Result<Option<Token>> {
        if owner.client != self.name() {
            // It would be sent to a provider whose token it is not.
            return Err(Error::new(ErrorKind::NoToken, "the token is another client's"));
        }
        self.inner.ports.tokens.load(owner).await
    }

    /// A token that is not `rejected`, by the renewal under way or a new one.
    pub(crate) async fn renewed(
        &self,
        owner: &TokenOwner,
        rejected: Option<Secret>,
    ) -> Result<Token> {
        let refresh = self.shared_refresh(owner, rejected)?;
        self.finish_refresh(owner, refresh).await
    }

    /// The renewal under way, or a new one. One that has finished is no help to who comes later.
    fn shared_refresh(&self, owner: &TokenOwner, rejected: Option<Secret>) -> Result<Refresh> {
        let too_early = self.inner.refreshes.too_early(owner, self.now());
        let mut state = self.inner.refreshes.lock();
        let under_way = state.under_way.get(owner).filter(|refresh| refresh.peek().is_none());
        if let Some(refresh) = under_way {
            return Ok(refresh.clone());
        }
        if let Some(error) = too_early {
            return Err(error);
        }
        let (app, owned) = (self.clone(), owner.clone());
        let future: BoxFuture<'static, _> =
            Box::pin(async move { app.renew_and_remember(&owned, rejected.as_ref()).await });
        let refresh = future.shared();
        state.under_way.insert(owner.clone(), refresh.clone());
        Ok(refresh)
    }

    async fn renew_and_remember(
        &self,
        owner: &TokenOwner,
        rejected: Option<&Secret>,
    ) -> Result<Token> {
        use ErrorKind::{Config, NoToken, Store};
        let renewed = self.renew(owner, rejected).await;
        match &renewed {
            Ok(_) => self.inner.refreshes.succeeded(owner),
            // These send nothing, so that asking again costs the provider nothing.
            Err(error) if matches!(error.kind(), Config | NoToken | Store) => {}
            Err(error) if is_final(error) => {}
            Err(error) => self.inner.refreshes.failed(owner, error, self.now()),
        }
        renewed
    }

    /// Carries a renewal to its end and forgets it.
    async fn finish_refresh(&self, owner: &TokenOwner, refresh: Refresh) -> Result<Token> {
        let refreshed = refresh.clone().await;
        self.inner.refreshes.finish(owner, &refresh);
        refreshed
    }

    /// Carries a renewal under way to its end, whoever began it and whatever comes of it.
    pub(crate) async fn settle_refresh(&self, owner: &TokenOwner) {
        let under_way = self.inner.refreshes.lock().under_way.get(owner).cloned();
        if let Some(refresh) = under_way
            && let Err(error) = self.finish_refresh(owner, refresh).await
        {
            tracing::debug!(client = self.name(), %error, "a refresh under way came to nothing");
        }
    }

    /// Keeps again what an earlier renewal could not, and returns it.
    pub(crate) async fn keep_unsaved(&self, owner: &TokenOwner) -> Option<Result<Token>> {
        let (old, new) = self.inner.refreshes.lock().unsaved.get(owner).cloned()?;
        Some(self.keep(owner, old, new).await)
    }

    /// Stores the new token, then tells the subscribers. Where another process was faster, its token
    /// is the one that counts.
    pub(crate) async fn keep(
        &self,
        owner: &TokenOwner,
        old: Option<Token>,
        new: Token,
    ) -> Result<Token> {
        let tokens = &self.inner.ports.tokens;
        let saved = match &old {
            Some(old) => tokens.replace(owner, old, &new).await,
            None => tokens.save(owner, &new).await.map(|()| Saved::Done),
        };
        let saved = match saved {
            Ok(saved) => saved,
            Err(cause) => {
                let homeless = (old, new.clone());
                self.inner.refreshes.lock().unsaved.insert(owner.clone(), homeless);
                let unsaved = UnsavedToken::new(new, cause);
                return Err(Error::new(ErrorKind::Store, unsaved)
                    .hint("the next call tries to keep it again; `UnsavedToken::of` has it"));
            }
        };
        self.inner.refreshes.lock().unsaved.remove(owner);
        match (saved, old) {
            (Saved::Done, old) => {
                tracing::debug!(client = self.name(), "a token was renewed");
                if let Some(old) = old {
                    let update = TokenUpdate { owner: owner.clone(), token: new.clone(), old };
                    self.subscribers().publish(&update);
                }
                Ok(new)
            }
            (Saved::Conflict(Some(other)), _) => Ok(*other),
            (Saved::Conflict(None), _) => Err(Error::new(
                ErrorKind::NoToken,
                "the user logged out while the token was refreshed",
            )),
        }
    }
}

fn nobody() -> Error {
    Error::new(ErrorKind::NoToken, "nobody is logged in with this client")
}
