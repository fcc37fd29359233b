//! [`TokenUpdate`]: the news that a stored token changed, and who hears of it.

use std::fmt;
use std::sync::Arc;

use crate::oauth2::Token;
use crate::store::TokenOwner;

/// A token was refreshed, and the new one is in the store already.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenUpdate {
    /// Whose token.
    pub owner: TokenOwner,
    /// The new token.
    pub token: Token,
    /// The token before, with the refresh token that was used.
    pub old: Token,
}

/// The subscribers to token updates, in the order in which they subscribed.
#[derive(Clone, Default)]
pub(crate) struct Subscribers(Vec<Subscriber>);

type Subscriber = Arc<dyn Fn(&TokenUpdate) + Send + Sync>;

impl Subscribers {
    pub(crate) fn push(&mut self, subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static) {
        self.0.push(Arc::new(subscriber));
    }

    /// Tells everybody. Called after the save, never before.
    pub(crate) fn publish(&self, update: &TokenUpdate) {
        for subscriber in &self.0 {
            subscriber(update);
        }
    }
}

impl fmt::Debug for Subscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} subscribers", self.0.len())
    }
}
