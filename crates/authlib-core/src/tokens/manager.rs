//! [`TokenManager`]: the tokens of one client's users, refreshed once however many requests need them.

use std::hash::RandomState;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;

use super::later_login::identity;
use super::owner_state::{OwnerState, OwnerStates, Refresh, Unsaved};
use super::refresher::{RefreshFailure, Refresher};
use crate::config::ClientSettings;
use crate::endpoints::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::secret::Secret;
use crate::store::{Lease, ReplaceOutcome, TokenOwner, TokenRow, TokenStore, UnsavedToken};
use crate::token_updates::{Subscribers, TokenUpdate};
use crate::transport::BoxFuture;

/// The requests of one refresh: metadata, keys, token, and keys again.
const REQUESTS_PER_REFRESH: u32 = 4;

/// How long one request takes at most, if the client has no `timeout`.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What a refresh may take besides its requests.
const LEASE_MARGIN: Duration = Duration::from_secs(20);

/// The first and the longest pause between two attempts to acquire a lease.
const FIRST_POLL: Duration = Duration::from_millis(50);
const LONGEST_POLL: Duration = Duration::from_millis(500);

/// Owns the state of refreshes: the store, its leases, the refreshes in flight, pauses and unsaved tokens.
/// The [`Refresher`] only exchanges an old token for a new one.
pub(crate) struct TokenManager {
    endpoints: Arc<EndpointClient>,
    refresher: Refresher,
    store: Arc<dyn TokenStore>,
    subscribers: Subscribers,
    pub(super) states: OwnerStates,
    /// Differs between processes.
    pub(super) jitter: RandomState,
}

impl TokenManager {
    pub(crate) fn new(
        endpoints: Arc<EndpointClient>,
        store: Arc<dyn TokenStore>,
        subscribers: Subscribers,
    ) -> Self {
        let refresher = Refresher(endpoints.clone());
        Self {
            endpoints,
            refresher,
            store,
            subscribers,
            states: OwnerStates::new(),
            jitter: RandomState::new(),
        }
    }

    pub(crate) fn endpoints(&self) -> &Arc<EndpointClient> {
        &self.endpoints
    }

    pub(super) fn refresher(&self) -> &Refresher {
        &self.refresher
    }

    /// The owner's token, refreshed if it is about to expire.
    pub(crate) async fn active_token(self: &Arc<Self>, owner: &TokenOwner) -> Result<Token> {
        let Some(token) = self.find_token(owner).await? else {
            if self.may_fetch_first() {
                return self.refreshed(owner, None).await;
            }
            // The user logged out: an unsaved token must not come back.
            self.update(owner, |state| state.unsaved = None);
            return Err(self.no_token());
        };
        let is_valid = !token.is_expired(self.now(), Duration::ZERO);
        let has_unsaved = self.read(owner, |state| state.unsaved.clone()).is_some();
        if (self.is_fresh(owner, &token) && !has_unsaved)
            || (is_valid && !self.refresher.can_refresh(&token))
        {
            return Ok(token);
        }
        if !has_unsaved && self.refreshes_early(owner, &token) {
            return Ok(token);
        }
        match self.refreshed(owner, None).await {
            Err(error) if is_valid => self.keep_serving(owner, error).await,
            refreshed => refreshed,
        }
    }

    pub(crate) async fn refresh_token(self: &Arc<Self>, owner: &TokenOwner) -> Result<Token> {
        let rejected = self.find_token(owner).await?.map(|token| token.access_token);
        self.refreshed(owner, rejected).await
    }

    /// Another token after the API rejected `rejected`, if one can be had.
    pub(crate) async fn token_after_rejection(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: &Token,
    ) -> Result<Option<Token>> {
        let stored = self.find_token(owner).await?;
        let is_newer = stored.is_some_and(|stored| stored.access_token != rejected.access_token);
        // An API that rejects every token must not make us flood the token endpoint.
        let now = self.now();
        let is_refused = self.read(owner, |state| state.is_refused_after_refresh(now));
        if !is_newer && (is_refused || !self.refresher.can_refresh(rejected)) {
            return Ok(None);
        }
        tracing::debug!(client = self.name(), "the API rejected the token; refreshing");
        self.refreshed(owner, Some(rejected.access_token.clone())).await.map(Some)
    }

    /// Records whether the API rejected that other token as well.
    pub(crate) fn record_retry(&self, owner: &TokenOwner, is_rejected: bool) {
        let now = self.now();
        self.update(owner, |state| state.record_retry(is_rejected, now));
    }

    /// Deletes the row of a login that has ended, and returns its newest token: that of the refresh in flight, whose
    /// new refresh token nobody would know otherwise.
    pub(crate) async fn take_token(&self, owner: &TokenOwner) -> Result<Option<Token>> {
        let _guard = self.states.block_refreshes(owner, self.now());
        self.await_in_flight(owner).await;
        let Ok(lease) = self.acquire(owner, |_| false).await? else { return Ok(None) };
        let taken = async {
            let token = self.newest_token(owner).await;
            self.update(owner, |state| state.unsaved = None);
            self.store.delete(owner).await?;
            match token {
                Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
                token => token.map(Some),
            }
        };
        let taken = taken.await;
        self.release(lease).await;
        taken
    }

    /// Revokes the owner's token at the provider, then deletes it here whatever the provider answered.
    pub(crate) async fn revoke_token(&self, owner: &TokenOwner) -> Result<()> {
        let _guard = self.states.block_refreshes(owner, self.now());
        self.await_in_flight(owner).await;
        let Ok(lease) = self.acquire(owner, |_| false).await? else {
            return Ok(());
        };
        let revoked = async {
            let token = self.newest_token(owner).await?;
            let revoked = self.endpoints.revoke(&token).await;
            // After the response: a request dropped before it leaves a token that can be revoked again.
            self.update(owner, |state| state.unsaved = None);
            self.store.delete(owner).await?;
            revoked
        };
        let revoked = revoked.await;
        self.release(lease).await;
        revoked
    }

    pub(crate) async fn find_token(&self, owner: &TokenOwner) -> Result<Option<Token>> {
        self.check_owner(owner)?;
        self.store.load(owner).await
    }

    pub(crate) async fn save_token(&self, owner: &TokenOwner, token: &Token) -> Result<()> {
        self.check_owner(owner)?;
        let mut row = TokenRow::new(owner.clone(), token.clone());
        if let Some((issuer, sub)) = identity(token) {
            let configured = || {
                let settings = self.settings();
                settings.issuer.clone().filter(|_| !settings.issuers.is_template())
            };
            row.issuer = issuer.map(ToOwned::to_owned).or_else(configured);
            row.sub = Some(sub.to_owned());
        }
        self.check_refresh_token(&row).await?;
        self.save_row(&mut row).await
    }

    pub(super) fn store(&self) -> &dyn TokenStore {
        self.store.as_ref()
    }

    /// The exclusive right to the owner's row, after the refresh in flight; `None` if another process
    /// has it.
    pub(super) async fn acquire_if_free(&self, owner: &TokenOwner) -> Result<Option<Lease>> {
        self.await_in_flight(owner).await;
        self.store.acquire(owner, LEASE_MARGIN).await
    }

    /// A token of another client would be sent to a provider that did not issue it.
    fn check_owner(&self, owner: &TokenOwner) -> Result<()> {
        if owner.client == self.name() {
            return Ok(());
        }
        let check = format!(
            "`TokenOwner::client` is `{}`, but this client is registered as `{}`",
            owner.client,
            self.name()
        );
        Err(Error::new(ErrorKind::Unauthenticated, check))
    }

    pub(super) fn can_refresh(&self, token: &Token) -> bool {
        self.refresher.can_refresh(token)
    }

    /// When this process last revalidated the owner's token.
    pub(super) fn validated_at(&self, owner: &TokenOwner) -> Option<SystemTime> {
        self.read(owner, |state| state.validated_at)
    }

    pub(super) fn record_validation(&self, owner: &TokenOwner) {
        let now = self.now();
        self.update(owner, |state| state.validated_at = Some(now));
    }

    /// A token that is not `rejected`, from the refresh in flight or from a new one.
    pub(super) async fn refreshed(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: Option<Secret>,
    ) -> Result<Token> {
        let (refresh, _) = self.join_refresh(owner, rejected)?;
        self.finish(owner, refresh).await
    }

    /// The refresh in flight, or a new one, and whether it is a task of its own.
    pub(super) fn join_refresh(
        self: &Arc<Self>,
        owner: &TokenOwner,
        rejected: Option<Secret>,
    ) -> Result<(Refresh, bool)> {
        let (manager, owned) = (self.clone(), owner.clone());
        let work = async move { manager.refresh_once(&owned, rejected.as_ref()).await };
        self.join(owner, work)
    }

    /// What is in flight for `key`, or `work`, and whether it is a task of its own.
    pub(super) fn join(
        self: &Arc<Self>,
        key: &TokenOwner,
        work: impl Future<Output = Result<Token>> + Send + 'static,
    ) -> Result<(Refresh, bool)> {
        let (now, mut is_new) = (self.now(), false);
        let begin = || -> Refresh {
            is_new = true;
            let (manager, owned) = (self.clone(), key.clone());
            let refresh: BoxFuture<'static, _> = Box::pin(async move {
                let refreshed = catch_panic(work).await;
                manager.record(&owned, &refreshed);
                refreshed
            });
            refresh.shared()
        };
        let (refresh, is_spawned) = self.update(key, |state| {
            Ok::<_, Error>((state.join_refresh(now, begin)?, state.is_spawned))
        })?;
        if !is_new {
            return Ok((refresh, is_spawned));
        }
        // A task of its own ends and stores the token even if all requests that need it are dropped.
        let (manager, owned, task) = (self.clone(), key.clone(), refresh.clone());
        let task = Box::pin(async move { drop(manager.finish(&owned, task).await) });
        let is_spawned = self.endpoints.spawn(task);
        self.update(key, |state| state.is_spawned = is_spawned && state.in_flight.is_some());
        Ok((refresh, is_spawned))
    }

    /// Continues a refresh to its end and forgets it.
    pub(super) async fn finish(&self, owner: &TokenOwner, refresh: Refresh) -> Result<Token> {
        let refreshed = refresh.clone().await;
        self.update(owner, |state| state.finish_refresh(&refresh));
        refreshed
    }

    async fn await_in_flight(&self, owner: &TokenOwner) {
        if let Some(refresh) = self.read(owner, |state| state.in_flight.clone())
            && let Err(error) = self.finish(owner, refresh).await
        {
            tracing::debug!(client = self.name(), error = %error.report(), "refresh in flight failed");
        }
    }

    /// One refresh under a lease, unless another process refreshed the token meanwhile.
    async fn refresh_once(&self, owner: &TokenOwner, rejected: Option<&Secret>) -> Result<Token> {
        let is_enough = |token: &Token| {
            self.is_usable(owner, token, rejected)
                && self.read(owner, |state| state.unsaved.clone()).is_none()
        };
        let lease = match self.acquire(owner, is_enough).await? {
            Ok(lease) => lease,
            Err(token) => return Ok(token),
        };
        let refreshed = catch_panic(self.refresh_holding(&lease, rejected)).await;
        self.release(lease).await;
        refreshed
    }

    async fn refresh_holding(&self, lease: &Lease, rejected: Option<&Secret>) -> Result<Token> {
        let owner = lease.owner();
        self.store_unsaved(lease).await?;
        // Loaded again: another process may have refreshed it before the lease was ours.
        let old = self.find_token(owner).await?;
        match old {
            Some(old) if self.is_usable(owner, &old, rejected) => Ok(old),
            None if !self.may_fetch_first() => Err(self.no_token()),
            old => match self.refresher.refresh(old.as_ref()).await {
                Ok(mut new) => {
                    new.refreshed_at = Some(self.now());
                    self.store_refreshed(lease, Unsaved { old, new }).await
                }
                Err(failure) => self.store_failure(lease, old, failure).await,
            },
        }
    }

    pub(super) fn no_token(&self) -> Error {
        let kept = self.settings().ensure_tokens_kept();
        kept.err().unwrap_or_else(|| self.refresher.no_token())
    }

    /// Whether an owner without a token gets one. A user of a client with logins has logged out.
    fn may_fetch_first(&self) -> bool {
        self.settings().refresh.fetches_the_first() && !self.settings().has_user_tokens
    }

    /// Whether the token was not rejected and remains valid for a while.
    fn is_usable(&self, owner: &TokenOwner, token: &Token, rejected: Option<&Secret>) -> bool {
        rejected.is_none_or(|rejected| *rejected != token.access_token)
            && self.is_fresh(owner, token)
    }

    /// Whether the token remains valid for the client's leeway, or for half of its life if that is shorter:
    /// a token that lives no longer than the leeway would be refreshed by each call.
    fn is_fresh(&self, owner: &TokenOwner, token: &Token) -> bool {
        !token.is_expired(self.now(), self.leeway(owner))
    }

    pub(super) fn leeway(&self, owner: &TokenOwner) -> Duration {
        let leeway = self.settings().refresh_before_expiry;
        let short_lifetime = self.read(owner, |state| state.short_lifetime);
        short_lifetime.map_or(leeway, |lifetime| leeway.min(lifetime / 2))
    }

    fn record(&self, owner: &TokenOwner, refreshed: &Result<Token>) {
        let now = self.now();
        self.update(owner, |state| match refreshed {
            Ok(token) => {
                let left = token.expires_at.map(|end| end.duration_since(now).unwrap_or_default());
                state.record_success(left, self.settings().refresh_before_expiry);
            }
            Err(error) if self.refresher.costs_nothing(error) => {}
            Err(error) => state.record_failure(error, now),
        });
    }

    /// The current token after a failed refresh, if it is still valid and the owner's.
    async fn keep_serving(&self, owner: &TokenOwner, error: Error) -> Result<Token> {
        use ErrorKind::{InvalidResponse, Transport, Unauthenticated};
        if !matches!(error.kind(), InvalidResponse | Unauthenticated | Transport) {
            return Err(error);
        }
        match self.find_token(owner).await {
            Ok(Some(token)) if !token.is_expired(self.now(), Duration::ZERO) => {
                tracing::warn!(
                    client = self.name(),
                    error = %error.report(),
                    "refresh failed; using the current access token until it expires"
                );
                Ok(token)
            }
            _ => Err(error),
        }
    }

    /// The owner's newest token: the unsaved one, unless the stored one was replaced or deleted since.
    async fn newest_token(&self, owner: &TokenOwner) -> Result<Token> {
        let stored = self.find_token(owner).await?;
        let unsaved = self.read(owner, |state| state.unsaved.clone());
        let newer = unsaved.filter(|unsaved| is_same(unsaved.old.as_ref(), stored.as_ref()));
        newer.map(|unsaved| unsaved.new).or(stored).ok_or_else(|| self.refresher.no_token())
    }

    /// Stores the token that an earlier refresh could not, unless the row was replaced or deleted since.
    pub(super) async fn store_unsaved(&self, lease: &Lease) -> Result<()> {
        let Some(unsaved) = self.read(lease.owner(), |state| state.unsaved.clone()) else {
            return Ok(());
        };
        match self.store_refreshed(lease, unsaved).await {
            Err(error) if error.kind() != ErrorKind::Unauthenticated => Err(error),
            _ => Ok(()),
        }
    }

    /// Stores the new token, then notifies the subscribers. If another process was faster, its token counts.
    pub(super) async fn store_refreshed(&self, lease: &Lease, tokens: Unsaved) -> Result<Token> {
        let Unsaved { old, new } = &tokens;
        let owner = lease.owner();
        let current = match self.store.replace(lease, old.as_ref(), new).await {
            Ok(ReplaceOutcome::Replaced) => None,
            Ok(ReplaceOutcome::Conflict(current)) if is_same(current.as_deref(), old.as_ref()) => {
                let cause =
                    "the refresh took longer than its lease, and another process started one";
                return Err(self.hold_unsaved(owner, tokens, Error::new(ErrorKind::Store, cause)));
            }
            Ok(ReplaceOutcome::Conflict(current)) => Some(current),
            Err(cause) => return Err(self.hold_unsaved(owner, tokens, cause)),
        };
        self.update(owner, |state| state.unsaved = None);
        if let Some(current) = current {
            return current.map(|token| *token).ok_or_else(|| {
                let check = "the user logged out while the token was refreshed";
                Error::new(ErrorKind::Unauthenticated, check)
            });
        }
        tracing::debug!(client = self.name(), "token refreshed");
        let Unsaved { old, new } = tokens;
        // A token that only lost its refresh token is the same for subscribers. A request for a resource may rotate it.
        let is_news = |old: &Token| {
            old.access_token != new.access_token
                || (new.refresh_token.is_some() && old.refresh_token != new.refresh_token)
        };
        if let Some(old) = old.filter(is_news) {
            let update = TokenUpdate { owner: owner.clone(), token: new.clone(), old };
            self.subscribers.publish(&update);
        }
        Ok(new)
    }

    /// Stores what a failed refresh changed in the old token. If another process refreshed it meanwhile, and
    /// ours was rejected for that reason, the other's token counts.
    pub(super) async fn store_failure(
        &self,
        lease: &Lease,
        old: Option<Token>,
        failure: RefreshFailure,
    ) -> Result<Token> {
        let RefreshFailure { error, old: Some(changed), is_final, ends_login } = failure else {
            return Err(failure.error);
        };
        match self.store.replace(lease, old.as_ref(), &changed).await {
            Ok(ReplaceOutcome::Conflict(Some(other)))
                if is_final
                    && !is_same(Some(&other), old.as_ref())
                    && !other.is_expired(self.now(), Duration::ZERO) =>
            {
                Ok(*other)
            }
            Ok(outcome) => {
                if ends_login && matches!(outcome, ReplaceOutcome::Replaced) {
                    self.store.delete(lease.owner()).await?;
                }
                Err(error)
            }
            Err(cause) => {
                // Otherwise the next refresh would send the old refresh token again.
                tracing::warn!(
                    client = self.name(),
                    error = %cause.report(),
                    "could not store the changed refresh token"
                );
                self.update(lease.owner(), |state| {
                    state.unsaved = Some(Unsaved { old, new: changed });
                });
                Err(if is_final { cause } else { error })
            }
        }
    }

    /// Holds a token that could not be stored until the next call, and reports it.
    fn hold_unsaved(&self, owner: &TokenOwner, tokens: Unsaved, cause: Error) -> Error {
        let error = Error::new(ErrorKind::Store, UnsavedToken::new(tokens.new.clone(), cause))
            .with_hint("the next call tries to store it again; `UnsavedToken::of` returns it");
        self.update(owner, |state| state.unsaved = Some(tokens));
        error
    }

    /// Waits for the exclusive right to refresh or revoke the owner's token; or, while another process has
    /// it, until that process stored a token that `is_enough`, which is then the `Err`.
    pub(super) async fn acquire(
        &self,
        owner: &TokenOwner,
        is_enough: impl Fn(&Token) -> bool,
    ) -> Result<Result<Lease, Token>> {
        let timeout = self.settings().timeout.unwrap_or(REQUEST_TIMEOUT);
        let ttl = timeout.saturating_mul(REQUESTS_PER_REFRESH).saturating_add(LEASE_MARGIN);
        if let Some(lease) = self.update(owner, |state| state.unreleased.take()) {
            self.release(lease).await;
        }
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_POLL);
        while waited <= ttl {
            if let Some(lease) = self.store.acquire(owner, ttl).await? {
                return Ok(Ok(lease));
            }
            self.endpoints.sleep(pause).await;
            if let Some(token) = self.find_token(owner).await?.filter(&is_enough) {
                return Ok(Err(token));
            }
            waited = waited.saturating_add(pause);
            pause = pause.saturating_mul(2).min(LONGEST_POLL);
        }
        let check = "another process has held the refresh lease of this token for too long";
        Err(Error::new(ErrorKind::Store, check)
            .with_hint("check that `TokenStore::acquire` lets a lease expire after its `ttl`"))
    }

    /// Lets other processes refresh the token. If the store can't be reached, the lease expires, or the next refresh in
    /// this process releases it: the fencing number keeps that from ending another's lease.
    pub(super) async fn release(&self, lease: Lease) {
        let again = Lease::new(lease.owner().clone(), lease.fencing_number());
        if let Err(error) = self.store.release(lease).await {
            tracing::warn!(
                client = self.name(),
                error = %error.report(),
                "could not release a refresh lease; it expires by itself"
            );
            self.update(&again.owner().clone(), |state| state.unreleased = Some(again));
        }
    }

    pub(super) fn read<T: Default>(
        &self,
        owner: &TokenOwner,
        read: impl FnOnce(&OwnerState) -> T,
    ) -> T {
        self.states.read(owner, self.now(), read)
    }

    fn update<T>(&self, owner: &TokenOwner, update: impl FnOnce(&mut OwnerState) -> T) -> T {
        self.states.update(owner, self.now(), update)
    }

    fn settings(&self) -> &ClientSettings {
        self.endpoints.settings()
    }

    pub(super) fn name(&self) -> &str {
        &self.settings().name
    }

    pub(super) fn now(&self) -> SystemTime {
        self.endpoints.now()
    }
}

debug_fields!(TokenManager { endpoints });

fn is_same(one: Option<&Token>, other: Option<&Token>) -> bool {
    one.map(|token| &token.access_token) == other.map(|token| &token.access_token)
}

/// Turns a panic into an error: a shared future that panics would panic in every request that awaits it.
pub(super) async fn catch_panic(refresh: impl Future<Output = Result<Token>>) -> Result<Token> {
    AssertUnwindSafe(refresh).catch_unwind().await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Internal, "application code panicked during a token refresh")
            .with_hint("check the token store, `refresh_with`, hooks and subscribers"))
    })
}
