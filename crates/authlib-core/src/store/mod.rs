//! The ports that keep things: [`TokenStore`] for users' tokens, [`PendingLoginStore`] for pending logins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::oauth2::Token;
use crate::transport::BoxFuture;

mod fn_store;
mod memory;
mod stored_token;
mod unsaved_token;

pub use self::fn_store::{FnTokenStore, TokenChange};
pub use self::memory::{MemoryPendingLoginStore, MemoryTokenStore};
pub use self::stored_token::StoredToken;
pub use self::unsaved_token::UnsavedToken;
pub use crate::ttl_map::TtlMap;

/// Whose token: a registered client's name, and a user in the application's own words.
///
/// A browser login owns its token under an id of its own, so that two browsers of one person neither
/// overwrite nor log out each other.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenOwner {
    /// The name under which the client is registered.
    pub client: String,
    /// The user.
    pub user: String,
}

impl TokenOwner {
    /// The owner of `user`'s token at `client`.
    pub fn new(client: impl Into<String>, user: impl Into<String>) -> Self {
        Self { client: client.into(), user: user.into() }
    }
}

impl fmt::Debug for TokenOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A login's id opens its token to whoever can ask the store; the log needs the client only.
        f.debug_struct("TokenOwner").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Held by who refreshes a token; dropping it lets the next one in.
#[derive(Default)]
pub struct RefreshLock(Option<Box<dyn Send + Sync>>);

impl RefreshLock {
    /// A lock that is let go when `guard` is dropped.
    pub fn new(guard: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(guard)))
    }
}

impl fmt::Debug for RefreshLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshLock").field("held", &self.0.is_some()).finish()
    }
}

/// What became of a token that was to be saved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Saved {
    /// Another process saved a token in between; it is this one, or there is none any more.
    Conflict(Option<Box<Token>>),
    /// The token is kept.
    Done,
}

/// Keeps users' tokens.
///
/// An implementation must keep three promises:
///
/// 1. An owner's row is found by client **and** user, compared byte by byte.
/// 2. [`replace`](Self::replace) compares and saves in one step: of two processes that refreshed the
///    same token, one wins and the other is told.
/// 3. What [`save`](Self::save) and [`replace`](Self::replace) accepted survives as long as the store
///    does.
pub trait TokenStore: Send + Sync {
    /// The owner's token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the store can't be asked.
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>>;

    /// Keeps a login's token, in the place of an older one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when it can't be kept.
    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>>;

    /// Keeps a refreshed token if the kept one's access token is still that of `old`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when it can't be kept.
    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>>;

    /// Waits until nobody else refreshes or revokes the owner's token, and holds the others off until the lock is
    /// dropped, so that of many processes over one store one refreshes and the others find its token.
    ///
    /// The default holds nobody off: within one process a refresh is shared already. A store for several
    /// processes takes a lease in its database, which must **end by itself** after half a minute or so:
    /// its holder may have died.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the store can't be asked.
    fn lock<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<RefreshLock>> {
        let _ = owner;
        Box::pin(std::future::ready(Ok(RefreshLock::default())))
    }

    /// Forgets the owner's token; one that isn't there is forgotten already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the store can't be asked.
    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>>;
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        (**self).load(owner)
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        (**self).save(owner, token)
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        (**self).replace(owner, old, new)
    }

    fn lock<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<RefreshLock>> {
        (**self).lock(owner)
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        (**self).delete(owner)
    }
}

/// Keeps pending logins outside the session; where one is set, the session holds a marker only.
///
/// An implementation must keep two promises: [`take`](Self::take) hands a record to **one** of any
/// number of callers, and a record is gone after its time.
pub trait PendingLoginStore: Send + Sync {
    /// Keeps `record` under `key` for `ttl`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when it can't be kept.
    fn put<'a>(&'a self, key: &'a str, record: String, ttl: Duration) -> BoxFuture<'a, Result<()>>;

    /// Hands out and forgets the record, in one step.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the store can't be asked.
    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>>;
}
