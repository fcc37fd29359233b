//! [`FnTokenStore`]: a token store made of two functions, Authlib's `fetch_token` and `update_token`.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{
    FoundRow, Lease, LocalEndedLogins, LocalLeases, LoginQuery, ReplaceOutcome, TokenOwner,
    TokenRow, TokenStore,
};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::transport::BoxFuture;

type Fetch = Box<dyn Fn(TokenOwner) -> BoxFuture<'static, Result<Option<Token>>> + Send + Sync>;
type Update = Box<dyn Fn(TokenChange) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A change of an owner's token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenChange {
    /// The owner of the token.
    pub owner: TokenOwner,
    /// The token to store, or `None` to delete it.
    pub token: Option<Token>,
    /// The token before a refresh; its refresh token or its access token identifies the row.
    pub old: Option<Token>,
    /// How long to keep a new row ([`TokenRow::lifetime`]); a refresh restarts it.
    pub lifetime: Option<Duration>,
}

/// A token store made of two functions: one loads an owner's token, the other stores or deletes it.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
///
/// use authlib_core::store::FnTokenStore;
/// use authlib_core::OAuth;
///
/// let rows = Arc::new(Mutex::new(HashMap::new()));
/// let (found, kept) = (rows.clone(), rows);
/// let store = FnTokenStore::new(
///     move |owner| {
///         let token = found.lock().expect("no panics").get(&owner).cloned();
///         async move { Ok(token) }
///     },
///     move |change| {
///         let mut rows = kept.lock().expect("no panics");
///         match change.token {
///             Some(token) => drop(rows.insert(change.owner, token)),
///             None => drop(rows.remove(&change.owner)),
///         }
///         async { Ok(()) }
///     },
/// );
/// let oauth = OAuth::builder().token_store(store).build()?;
/// # let _ = oauth;
/// # Ok::<(), authlib_core::Error>(())
/// ```
///
/// **Use it in one process only**: leases and ended logins are kept in memory. If several processes share the
/// rows, implement [`TokenStore`]. [`find_rows`](TokenStore::find_rows) is not supported.
pub struct FnTokenStore {
    leases: LocalLeases,
    ended: LocalEndedLogins,
    fetch: Fetch,
    update: Update,
}

impl FnTokenStore {
    /// A store over `fetch_token` and `update_token`.
    pub fn new<F, U>(
        fetch_token: impl Fn(TokenOwner) -> F + Send + Sync + 'static,
        update_token: impl Fn(TokenChange) -> U + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Option<Token>>> + Send + 'static,
        U: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            leases: LocalLeases::new(),
            ended: LocalEndedLogins::new(),
            fetch: Box::new(move |owner| Box::pin(fetch_token(owner))),
            update: Box::new(move |change| Box::pin(update_token(change))),
        }
    }

    /// Lets leases and ended logins expire by another clock than the system's.
    #[must_use]
    pub fn on_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.leases = LocalLeases::on_clock(clock.clone());
        self.ended = LocalEndedLogins::on_clock(clock);
        self
    }

    fn change(
        &self,
        owner: &TokenOwner,
        token: Option<&Token>,
        old: Option<&Token>,
        lifetime: Option<Duration>,
    ) -> BoxFuture<'static, Result<()>> {
        (self.update)(TokenChange {
            owner: owner.clone(),
            token: token.cloned(),
            old: old.cloned(),
            lifetime,
        })
    }
}

impl TokenStore for FnTokenStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        (self.fetch)(owner.clone())
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        self.change(&row.owner, Some(&row.token), None, row.lifetime)
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        Box::pin(async move {
            let stored = self.load(lease.owner()).await?;
            let access_token = stored.as_ref().map(|token| &token.access_token);
            if access_token != old.map(|token| &token.access_token) || !self.leases.is_held(lease) {
                return Ok(ReplaceOutcome::Conflict(stored.map(Box::new)));
            }
            self.change(lease.owner(), Some(new), old, None).await?;
            Ok(ReplaceOutcome::Replaced)
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.change(owner, None, None, None)
    }

    fn find_rows<'a>(&'a self, _: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        let check = "`FnTokenStore` can't look up the logins of a user";
        let error = Error::new(ErrorKind::Unsupported, check)
            .with_hint("implement `TokenStore` with `find_rows`");
        Box::pin(ready(Err(error)))
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        self.ended.insert(query, at, lifetime);
        Box::pin(ready(Ok(())))
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(ready(Ok(self.ended.latest(queries))))
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        Box::pin(ready(Ok(self.leases.acquire(owner, ttl))))
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        drop(lease);
        Box::pin(ready(Ok(())))
    }
}

debug_fields!(FnTokenStore {});
