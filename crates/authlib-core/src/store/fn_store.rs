//! [`FnTokenStore`]: two functions as a store, Authlib's `fetch_token` and `update_token`.

use std::fmt;
use std::future::Future;

use super::{Saved, TokenOwner, TokenStore};
use crate::error::Result;
use crate::oauth2::Token;
use crate::transport::BoxFuture;

type Fetch = Box<dyn Fn(TokenOwner) -> BoxFuture<'static, Result<Option<Token>>> + Send + Sync>;
type Update = Box<dyn Fn(TokenChange) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What becomes of an owner's token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenChange {
    /// Whose token.
    pub owner: TokenOwner,
    /// The token to keep, or nothing when it is to be forgotten.
    pub token: Option<Token>,
    /// The token before, when one was renewed: its refresh token or its access token finds the row.
    pub old: Option<Token>,
}

/// A token store made of two functions: one that finds an owner's token, one that keeps it.
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
/// Between the two calls another process may change the row. Where several processes share the rows,
/// write a [`TokenStore`], whose [`replace`](TokenStore::replace) compares and saves in one step.
pub struct FnTokenStore {
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
            fetch: Box::new(move |owner| Box::pin(fetch_token(owner))),
            update: Box::new(move |change| Box::pin(update_token(change))),
        }
    }

    fn change(
        &self,
        owner: &TokenOwner,
        token: Option<&Token>,
        old: Option<&Token>,
    ) -> BoxFuture<'static, Result<()>> {
        (self.update)(TokenChange {
            owner: owner.clone(),
            token: token.cloned(),
            old: old.cloned(),
        })
    }
}

impl TokenStore for FnTokenStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        (self.fetch)(owner.clone())
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        self.change(owner, Some(token), None)
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        Box::pin(async move {
            match self.load(owner).await? {
                Some(kept) if kept.access_token == old.access_token => {
                    self.change(owner, Some(new), Some(old)).await?;
                    Ok(Saved::Done)
                }
                other => Ok(Saved::Conflict(other.map(Box::new))),
            }
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.change(owner, None, None)
    }
}

impl fmt::Debug for FnTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnTokenStore").finish_non_exhaustive()
    }
}
