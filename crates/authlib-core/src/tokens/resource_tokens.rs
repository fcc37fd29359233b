//! Tokens for single resources (RFC 8707 §2), from the refresh token of the owner's token or by the client's own grant, and
//! stored beside the owner's token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::TokenManager;
use super::manager::catch_panic;
use super::owner_state::Unsaved;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::secret::Secret;
use crate::store::{Lease, TokenOwner};

/// The most resources of which the tokens are stored. One more, and the token that expires first is dropped: its row must
/// not grow with what an application asks for.
const MAX_RESOURCES: usize = 16;

impl TokenManager {
    /// The owner's token for `resource`, requested if there is none, or if it is about to expire.
    pub(crate) async fn active_resource_token(
        self: &Arc<Self>,
        owner: &TokenOwner,
        resource: &str,
    ) -> Result<Token> {
        let main = match self.find_token(owner).await? {
            Some(main) => main,
            // A client that fetches its own tokens: its row begins with the token that is for no single resource.
            None => self.active_token(owner).await?,
        };
        if let Some(token) = self.usable_resource_token(owner, &main, resource, None) {
            return Ok(token);
        }
        let stored = main.resource_tokens.get(resource);
        match self.resource_refreshed(owner, resource, None).await {
            Err(error) => match stored.filter(|old| !old.is_expired(self.now(), Duration::ZERO)) {
                Some(old) if error.kind() == ErrorKind::Transport => Ok(old.clone()),
                _ => Err(error),
            },
            requested => requested,
        }
    }

    /// Another token for `resource` after the API rejected `rejected`, if one can be had.
    pub(crate) async fn resource_token_after_rejection(
        self: &Arc<Self>,
        owner: &TokenOwner,
        resource: &str,
        rejected: &Token,
    ) -> Result<Option<Token>> {
        let Some(main) = self.find_token(owner).await? else { return Ok(None) };
        let rejected = Some(&rejected.access_token);
        if let Some(newer) = self.usable_resource_token(owner, &main, resource, rejected) {
            return Ok(Some(newer));
        }
        let (key, now) = (state_key(owner, resource), self.now());
        let is_refused = self.read(&key, |state| state.is_refused_after_refresh(now));
        if is_refused || !self.can_refresh(&main) {
            return Ok(None);
        }
        self.resource_refreshed(owner, resource, rejected.cloned()).await.map(Some)
    }

    /// Records whether the API rejected that other token as well.
    pub(crate) fn record_resource_retry(
        &self,
        owner: &TokenOwner,
        resource: &str,
        is_rejected: bool,
    ) {
        self.record_retry(&state_key(owner, resource), is_rejected);
    }

    /// The stored token for `resource`, unless it is `rejected` or about to expire.
    fn usable_resource_token(
        &self,
        owner: &TokenOwner,
        main: &Token,
        resource: &str,
        rejected: Option<&Secret>,
    ) -> Option<Token> {
        let token = main.resource_tokens.get(resource)?;
        let leeway = self.leeway(&state_key(owner, resource));
        let is_fresh = !token.is_expired(self.now(), leeway);
        (is_fresh && rejected != Some(&token.access_token)).then(|| token.clone())
    }

    /// The request in flight for this token, or a new one. It is a task of its own, if there is a runtime, so that a rotated
    /// refresh token is stored even if all requests that need the token are dropped.
    async fn resource_refreshed(
        self: &Arc<Self>,
        owner: &TokenOwner,
        resource: &str,
        rejected: Option<Secret>,
    ) -> Result<Token> {
        let key = state_key(owner, resource);
        let (manager, owner, resource) = (self.clone(), owner.clone(), resource.to_owned());
        let work = async move { manager.request_once(&owner, &resource, rejected.as_ref()).await };
        let (request, _) = self.join(&key, work)?;
        self.finish(&key, request).await
    }

    /// One request under the lease of the owner's row: the refresh token of that row is used.
    async fn request_once(
        &self,
        owner: &TokenOwner,
        resource: &str,
        rejected: Option<&Secret>,
    ) -> Result<Token> {
        let is_enough =
            |main: &Token| self.usable_resource_token(owner, main, resource, rejected).is_some();
        let lease = match self.acquire(owner, is_enough).await? {
            Ok(lease) => lease,
            Err(main) => return of_resource(&main, resource),
        };
        let requested = catch_panic(self.request_holding(&lease, resource, rejected)).await;
        self.release(lease).await;
        requested
    }

    async fn request_holding(
        &self,
        lease: &Lease,
        resource: &str,
        rejected: Option<&Secret>,
    ) -> Result<Token> {
        let owner = lease.owner();
        self.store_unsaved(lease).await?;
        // Loaded again: another process may have requested it before the lease was ours.
        let old = self.find_token(owner).await?.ok_or_else(|| self.no_token())?;
        if let Some(token) = self.usable_resource_token(owner, &old, resource, rejected) {
            return Ok(token);
        }
        match self.refresher().resource_token(&old, resource).await {
            Ok(token) => {
                let new = with_resource_token(&old, resource, token, self.now());
                let stored = self.store_refreshed(lease, Unsaved { old: Some(old), new }).await?;
                of_resource(&stored, resource)
            }
            Err(failure) => self.store_failure(lease, Some(old), failure).await,
        }
    }
}

/// The key of the state of a resource's requests. No row has it.
fn state_key(owner: &TokenOwner, resource: &str) -> TokenOwner {
    TokenOwner::new(&owner.client, format!("{}\n{resource}", owner.user))
}

fn of_resource(main: &Token, resource: &str) -> Result<Token> {
    main.resource_tokens.get(resource).cloned().ok_or_else(|| {
        let check = "the token for the resource was replaced while it was requested";
        Error::new(ErrorKind::Unauthenticated, check)
            .with_hint("the user logged in or out in the meantime")
    })
}

/// The owner's token with the one for `resource`, and with the refresh token of its response.
fn with_resource_token(main: &Token, resource: &str, mut token: Token, now: SystemTime) -> Token {
    let mut main = main.clone();
    if let Some(rotated) = token.refresh_token.take() {
        main.refresh_token = Some(rotated);
    }
    token.id_token = None;
    token.claims = None;
    token.extra.clear();
    token.resource_tokens.clear();
    let tokens = &mut main.resource_tokens;
    tokens.retain(|_, other| !other.is_expired(now, Duration::ZERO));
    tokens.remove(resource);
    while tokens.len() >= MAX_RESOURCES {
        let first =
            tokens.iter().min_by_key(|(_, token)| (token.expires_at.is_none(), token.expires_at));
        let Some(first) = first.map(|(resource, _)| resource.clone()) else { break };
        tokens.remove(&first);
    }
    tokens.insert(resource.to_owned(), token);
    main
}
