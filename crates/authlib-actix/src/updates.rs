//! Token updates as a channel.

use authlib_core::{OAuth, TokenUpdate};
use tokio::sync::broadcast;

/// Every refreshed token from now on, after it was stored. A receiver that lags more than `capacity`
/// updates behind is told how many it missed.
///
/// ```
/// # async fn run(oauth: authlib_actix::OAuth) {
/// let mut updates = authlib_actix::token_updates(&oauth, 64);
/// while let Ok(update) = updates.recv().await {
///     println!("{} got a new token", update.owner.client);
/// }
/// # }
/// ```
#[must_use]
pub fn token_updates(oauth: &OAuth, capacity: usize) -> broadcast::Receiver<TokenUpdate> {
    let (sender, receiver) = broadcast::channel(capacity.max(1));
    oauth.subscribe(move |update| {
        // Nobody listens any more: that is no concern of the refresh.
        let _ = sender.send(update.clone());
    });
    receiver
}
