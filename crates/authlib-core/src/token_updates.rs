//! [`TokenUpdate`]: the event of a refreshed token, and its subscribers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::oauth2::Token;
use crate::store::TokenOwner;

/// A token was refreshed, and the new one is stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenUpdate {
    /// The owner of the token.
    pub owner: TokenOwner,
    /// The new token.
    pub token: Token,
    /// The previous token, with the refresh token that was used.
    pub old: Token,
}

/// The subscribers to token updates, in the order in which they subscribed. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Subscribers(Arc<Mutex<Vec<Subscriber>>>);

type Subscriber = Arc<dyn Fn(&TokenUpdate) + Send + Sync>;

impl Subscribers {
    pub(crate) fn push(&self, subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static) {
        self.lock().push(Arc::new(subscriber));
    }

    /// Calls all subscribers, after the token was stored.
    pub(crate) fn publish(&self, update: &TokenUpdate) {
        // Not under the lock: a subscriber may subscribe another.
        let subscribers = self.lock().clone();
        subscribers.iter().for_each(|subscriber| subscriber(update));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Subscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} subscribers", self.lock().len())
    }
}
