//! [`TokenManager`]: the tokens of one client's users, refreshed once however many requests need them.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;

use super::in_flight::{Refresh, Refreshes};
use super::refresher::is_final;
use crate::config::{ClientSettings, Renewal};
use crate::endpoints::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::secret::Secret;
use crate::store::{Lease, ReplaceOutcome, TokenOwner, TokenRow, TokenStore, UnsavedToken};
use crate::token_updates::{Subscribers, TokenUpdate};
use crate::transport::BoxFuture;

/// How long a refresh may take: metadata, keys, token and once more keys at 10 seconds each, and a margin.
const LEASE_TTL: Duration = Duration::from_secs(60);

/// The first and the longest pause between attempts to acquire a lease.
const FIRST_POLL: Duration = Duration::from_millis(50);
const LAST_POLL: Duration = Duration::from_millis(500);

/// The tokens of one client's users.
pub(crate) struct TokenManager {
    pub(super) endpoints: Arc<EndpointClient>,
    pub(super) store: Arc<dyn TokenStore>,
    subscribers: Arc<Mutex<Subscribers>>,
    pub(super) refreshes: Refreshes,
}

impl TokenManager {
    pub(crate) fn new(
        endpoints: Arc<EndpointClient>,
        store: Arc<dyn TokenStore>,
        subscribers: Arc<Mutex<Subscribers>>,
    ) -> Self {
        Self { endpoints, store, subscribers, refreshes: Refreshes::default() }
    }

    pub(crate) fn endpoints(&self) -> &Arc<EndpointClient> {
        &self.endpoints
    }

    pub(super) fn settings(&self) -> &ClientSettings {
        self.endpoints.settings()
    }

    pub(super) fn name(&self) -> &str {
        &self.settings().name
    }

    pub(super) fn now(&self) -> SystemTime {
        self.endpoints.now()
    }

    /// Refreshes the owner's token, although it may not have expired.
    pub(crate) async fn refresh_token(self: &Arc<Self>, owner: &TokenOwner) -> Result<Token> {
        let rejected = self.find_token(owner).await?.map(|token| token.access_token);
        self.renewed(owner, rejected).await
    }

    /// The owner's token, refreshed if it is about to expire.
    pub(crate) async fn active_token(self: &Arc<Self>, owner: &TokenOwner) -> Result<Token> {
        let token = match self.find_token(owner).await? {
            Some(token) => token,
            None if self.settings().renewal.fetches_the_first() => {
                return self.renewed(owner, None).await;
            }
            None => {
                // Whoever logged out has no use for a token that could not be kept.
                self.refreshes.forget_unsaved(owner);
                return Err(self.nobody());
            }
        };
        let good = !token.is_expired(self.now(), Duration::ZERO);
        let fresh = self.is_fresh(owner, &token);
        let homeless = self.refreshes.has_unsaved(owner);
        if (fresh && !homeless) || (good && !self.is_renewable(&token)) {
            return Ok(token);
        }
        match self.renewed(owner, None).await {
            Err(error) if good => self.serve_on(owner, error).await,
            renewed => renewed,
        }
    }

    /// Whether the owner's token is good for a while.
    pub(super) fn is_fresh(&self, owner: &TokenOwner, token: &Token) -> bool {
        let leeway = self.refreshes.leeway(owner, self.settings().leeway);
        !token.is_expired(self.now(), leeway)
    }

    /// Whether this client can renew `token` when it has expired.
    pub(crate) fn is_renewable(&self, token: &Token) -> bool {
        match &self.settings().renewal {
            Renewal::Off => false,
            Renewal::RefreshToken => token.refresh_token.is_some(),
            _ => true,
        }
    }

    /// The token that could not be renewed, while it has a little time left and is still the owner's.
    async fn serve_on(&self, owner: &TokenOwner, error: Error) -> Result<Token> {
        use ErrorKind::{InvalidResponse, Transport, Unauthenticated};
        if !matches!(error.kind(), InvalidResponse | Unauthenticated | Transport) {
            return Err(error);
        }
        match self.stored_token(owner).await {
            Ok(token) if !token.is_expired(self.now(), Duration::ZERO) => {
                tracing::warn!(client = self.name(), error = %error.report(), "the old token serves on");
                Ok(token)
            }
            _ => Err(error),
        }
    }

    pub(crate) async fn stored_token(&self, owner: &TokenOwner) -> Result<Token> {
        self.find_token(owner).await?.ok_or_else(|| self.nobody())
    }

    pub(crate) async fn find_token(&self, owner: &TokenOwner) -> Result<Option<Token>> {
        self.check_owner(owner)?;
        self.store.load(owner).await
    }

    /// Stores a token that was fetched for its owner.
    pub(crate) async fn save_token(&self, owner: &TokenOwner, token: &Token) -> Result<()> {
        self.check_owner(owner)?;
        self.store.save(&TokenRow::new(owner.clone(), token.clone())).await
    }

    /// Whether the owner is one of this client's: another's token would be sent to a provider whose token
    /// it is not.
    fn check_owner(&self, owner: &TokenOwner) -> Result<()> {
        if owner.client == self.name() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unauthenticated, "the token is another client's")
            .with_hint("a `TokenOwner` has the name under which its client is registered"))
    }

    pub(crate) fn nobody(&self) -> Error {
        if self.settings().extensions.standalone {
            return Error::new(ErrorKind::Unauthenticated, "the client has no token").with_hint(
                "fetch one or set one; where no user is needed, `renewal` says how it is fetched",
            );
        }
        Error::new(ErrorKind::Unauthenticated, "nobody is logged in with this client")
    }

    /// A token that is not `rejected`, by the renewal under way or a new one.
    pub(crate) async fn renewed(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: Option<Secret>,
    ) -> Result<Token> {
        let refresh = self.shared_refresh(owner, rejected)?;
        self.finish_refresh(owner, refresh).await
    }

    fn shared_refresh(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: Option<Secret>,
    ) -> Result<Refresh> {
        self.refreshes.share(owner, self.now(), || {
            let (manager, owned) = (self.clone(), owner.clone());
            let future: BoxFuture<'static, _> = Box::pin(async move {
                // A shared future that panicked panics in all who ask for it ever after.
                let renewal =
                    AssertUnwindSafe(manager.renew_and_remember(&owned, rejected.as_ref()));
                renewal.catch_unwind().await.unwrap_or_else(|_| {
                    let error = panicked();
                    manager.refreshes.failed(&owned, &error, manager.now());
                    Err(error)
                })
            });
            future.shared()
        })
    }

    async fn renew_and_remember(
        &self,
        owner: &TokenOwner,
        rejected: Option<&Secret>,
    ) -> Result<Token> {
        let renewed = self.renew(owner, rejected).await;
        match &renewed {
            Ok(token) => {
                let left = token.expires_at.map(|at| at.duration_since(self.now()));
                let left = left.map(Result::unwrap_or_default);
                self.refreshes.succeeded(owner, left, self.settings().leeway);
            }
            Err(error) if self.is_free(error) => {}
            Err(error) => self.refreshes.failed(owner, error, self.now()),
        }
        renewed
    }

    /// Whether another try after this error sends nothing, so that it costs the provider nothing.
    fn is_free(&self, error: &Error) -> bool {
        use ErrorKind::{Config, Store, Unauthenticated};
        match &self.settings().renewal {
            // Nobody knows what it sends.
            Renewal::Callback(_) => error.kind() == Store,
            Renewal::Assertion(_) | Renewal::ClientCredentials | Renewal::Off => {
                matches!(error.kind(), Config | Unauthenticated | Store)
            }
            // A refresh token that was refused for good is dropped.
            Renewal::RefreshToken => {
                matches!(error.kind(), Config | Unauthenticated | Store) || is_final(error)
            }
        }
    }

    /// Carries a renewal to its end and forgets it.
    async fn finish_refresh(&self, owner: &TokenOwner, refresh: Refresh) -> Result<Token> {
        let refreshed = refresh.clone().await;
        self.refreshes.finish(owner, &refresh);
        refreshed
    }

    /// Carries a renewal under way to its end, whoever began it and whatever comes of it.
    pub(crate) async fn settle_refresh(&self, owner: &TokenOwner) {
        if let Some(refresh) = self.refreshes.under_way(owner)
            && let Err(error) = self.finish_refresh(owner, refresh).await
        {
            tracing::debug!(client = self.name(), error = %error.report(), "a refresh under way came to nothing");
        }
    }

    /// Waits for the exclusive right to refresh or revoke the owner's token.
    pub(super) async fn acquire_lease(&self, owner: &TokenOwner) -> Result<Lease> {
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_POLL);
        loop {
            if let Some(lease) = self.store.acquire(owner, LEASE_TTL).await? {
                return Ok(lease);
            }
            if waited > LEASE_TTL {
                let check = "another process holds the lease of the token for too long";
                return Err(Error::new(ErrorKind::Store, check));
            }
            self.endpoints.sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(LAST_POLL);
        }
    }

    /// Lets other processes refresh the token. If the store can't be reached, the lease expires.
    pub(super) async fn release_lease(&self, lease: Lease) {
        if let Err(error) = self.store.release(lease).await {
            tracing::warn!(client = self.name(), error = %error.report(), "could not release a refresh lease");
        }
    }

    /// Keeps what an earlier renewal could not, unless the token was replaced or forgotten since.
    pub(super) async fn keep_unsaved(&self, lease: &Lease) -> Result<()> {
        let Some((old, new)) = self.refreshes.unsaved(lease.owner()) else {
            return Ok(());
        };
        match self.keep(lease, old, new).await {
            Err(error) if error.kind() != ErrorKind::Unauthenticated => Err(error),
            _ => Ok(()),
        }
    }

    /// The owner's newest token: the stored one, unless the store did not take its successor.
    pub(crate) async fn newest_token(&self, owner: &TokenOwner) -> Result<Token> {
        let stored = self.find_token(owner).await?;
        let access_token = |token: &Option<Token>| token.as_ref().map(|t| t.access_token.clone());
        let unsaved = self.refreshes.unsaved(owner);
        let newer = unsaved.filter(|(old, _)| access_token(old) == access_token(&stored));
        newer.map(|(_, new)| new).or(stored).ok_or_else(|| self.nobody())
    }

    /// Stores the new token, then tells the subscribers. Where another process was faster, its token
    /// is the one that counts.
    pub(super) async fn keep(
        &self,
        lease: &Lease,
        old: Option<Token>,
        new: Token,
    ) -> Result<Token> {
        let owner = lease.owner();
        let current = match self.store.replace(lease, old.as_ref(), &new).await {
            Ok(ReplaceOutcome::Replaced) => {
                self.refreshes.forget_unsaved(owner);
                tracing::debug!(client = self.name(), "a token was renewed");
                // One that only lost its refresh token is the same token to everybody else.
                if let Some(old) = old.filter(|old| old.access_token != new.access_token) {
                    let update = TokenUpdate { owner: owner.clone(), token: new.clone(), old };
                    let subscribers = self.subscribers.lock();
                    let subscribers = subscribers.unwrap_or_else(PoisonError::into_inner).clone();
                    subscribers.publish(&update);
                }
                return Ok(new);
            }
            Ok(ReplaceOutcome::Conflict(current)) => current,
            Err(cause) => return Err(self.unsaved(owner, old, new, cause)),
        };
        if current.as_ref().map(|token| &token.access_token)
            == old.as_ref().map(|token| &token.access_token)
        {
            let cause = "the refresh took longer than its lease, and another process began one";
            return Err(self.unsaved(owner, old, new, Error::new(ErrorKind::Store, cause)));
        }
        self.refreshes.forget_unsaved(owner);
        current.map(|token| *token).ok_or_else(|| {
            let check = "the user logged out while the token was refreshed";
            Error::new(ErrorKind::Unauthenticated, check)
        })
    }

    /// Holds a token that could not be stored, and reports it.
    fn unsaved(&self, owner: &TokenOwner, old: Option<Token>, new: Token, cause: Error) -> Error {
        self.refreshes.hold(owner, old, new.clone(), self.now());
        Error::new(ErrorKind::Store, UnsavedToken::new(new, cause))
            .with_hint("the next call tries to keep it again; `UnsavedToken::of` has it")
    }

    /// Revokes the owner's token at the provider, then deletes it here whatever the provider answered.
    pub(crate) async fn revoke_token(&self, owner: &TokenOwner) -> Result<()> {
        let _revoking = self.refreshes.revoking(owner);
        self.settle_refresh(owner).await;
        let lease = self.acquire_lease(owner).await?;
        let revoked = async {
            let token = self.newest_token(owner).await?;
            let revoked = self.endpoints.revoke(&token).await;
            // After the response: a request dropped before it leaves a token that can be revoked again.
            self.refreshes.forget_unsaved(owner);
            self.store.delete(owner).await?;
            revoked
        };
        let revoked = revoked.await;
        self.release_lease(lease).await;
        revoked
    }

    /// Another token after the API rejected `rejected`, if one can be had.
    pub(crate) async fn token_after_rejection(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: &Token,
    ) -> Result<Option<Token>> {
        let stored = self.find_token(owner).await?;
        let renewed =
            stored.as_ref().is_some_and(|kept| kept.access_token != rejected.access_token);
        // An API that rejects every token must not make us flood the token endpoint.
        let futile = self.refreshes.is_futile(owner, self.now());
        if !renewed && (futile || !self.is_renewable(rejected)) {
            return Ok(None);
        }
        tracing::debug!(client = self.name(), "the API rejected the token");
        self.renewed(owner, Some(rejected.access_token.clone())).await.map(Some)
    }

    /// Records whether the API rejected that other token as well.
    pub(crate) fn record_retry(&self, owner: &TokenOwner, is_rejected: bool) {
        self.refreshes.repeated(owner, is_rejected, self.now());
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager")
            .field("endpoints", &self.endpoints)
            .field("refreshes", &self.refreshes)
            .finish_non_exhaustive()
    }
}

fn panicked() -> Error {
    Error::new(ErrorKind::Internal, "the application's own code panicked while a token was renewed")
        .with_hint("look at its token store, `renew_by`, hooks and subscribers")
}
