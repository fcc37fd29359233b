//! [`TokenStore`]: the extension trait for stores of tokens.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{FoundRow, Lease, LoginQuery, TokenOwner, TokenRow};
use crate::error::Result;
use crate::oauth2::Token;
use crate::transport::BoxFuture;

/// Stores tokens by [`TokenOwner`].
///
/// # Implementing it
///
/// Each method is one atomic step of a database: `authlib-sqlx` has a SQL statement for each, `authlib-redis` a
/// command or script. `check_token_store` of the crate `authlib-store-conformance` tests all requirements.
///
/// The trait is object-safe and written without `async_trait`, whose lifetimes do not fit: return
/// `Box::pin(async move { .. })` from methods with the signatures below.
///
/// A store over a database that several processes share must keep leases and fencing numbers in that
/// database. If only one process changes the rows, [`LocalLeases`](super::LocalLeases) is enough.
///
/// # Errors
///
/// Every method fails with [`ErrorKind::Store`](crate::ErrorKind::Store) if the store could not be reached.
pub trait TokenStore: Send + Sync {
    /// Loads the owner's token. The owner is compared byte by byte, and a row whose lifetime has passed is
    /// not found.
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>>;

    /// Stores a row, and overwrites an older one of this owner, whoever holds its lease: a new login
    /// overrides a refresh in progress. The lease and its fencing number stay as they are.
    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>>;

    /// Replaces the token of a row, and restarts the row's lifetime; its lookup keys stay. In one step it
    /// compares
    ///
    /// 1. the stored access token with that of `old`, or the absence of a token with `None`;
    /// 2. the fencing number: no lease of this owner was granted after `lease`.
    ///
    /// If one differs, nothing is written. If the lease has merely expired, the store may do either.
    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>>;

    /// Deletes the owner's row, whoever holds its lease: a logout overrides a refresh in progress. The lease
    /// and its fencing number stay as they are. It is not an error if there is no row.
    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>>;

    /// The rows that a query selects ([`LoginQuery::matches`]), compared byte by byte, without
    /// rows whose lifetime has passed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the store has no such lookup: an empty
    /// list would tell a back-channel logout that the user is not logged in.
    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>>;

    /// Remembers for `lifetime` that the logins which the query selects, and which began at `at` or earlier, are
    /// over. [`LoginQuery::key`] is the key, and an earlier `at` never replaces a later one. Milliseconds are
    /// kept, and shorter times may be dropped. Rows are neither read nor changed: this ends the logins that
    /// have no row of their own.
    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>>;

    /// The latest `at` of [`end_logins`](Self::end_logins) with any of these queries; `None` if there was none,
    /// or its lifetime has passed.
    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>>;

    /// Grants the lease of the owner's token for `ttl`, or returns `None` **at once** while another is
    /// held; the caller polls. There may be a lease without a row: of a client whose first token is being
    /// fetched.
    ///
    /// The lease must **expire by itself** after `ttl`, because its holder may have died. Its fencing number
    /// is greater than those of all earlier leases of this owner, also of released ones.
    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>>;

    /// Releases a lease, unless it has expired and another was granted since. Not every lease is released: a
    /// future that is dropped leaves it to its expiry.
    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>>;
}

/// The outcome of [`TokenStore::replace`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplaceOutcome {
    /// Nothing was written. The row's token as it is now: another process stored it, or deleted it; or it is
    /// still the old one, and the lease was lost.
    Conflict(Option<Box<Token>>),
    /// The new token is stored.
    Replaced,
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        (**self).load(owner)
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        (**self).save(row)
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        (**self).replace(lease, old, new)
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        (**self).delete(owner)
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        (**self).find_rows(query)
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        (**self).end_logins(query, at, lifetime)
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        (**self).logins_ended_at(queries)
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        (**self).acquire(owner, ttl)
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        (**self).release(lease)
    }
}
