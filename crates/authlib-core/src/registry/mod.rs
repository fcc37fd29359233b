//! The registry of clients: [`OAuth`], its builder, and [`RegisteredClient`].

mod builder;
mod client;
mod oauth;

use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use self::builder::OAuthBuilder;
pub use self::client::RegisteredClient;
pub use self::oauth::OAuth;
use crate::authorization::UsedStates;
use crate::base_url::BaseUrl;
use crate::clock::Clock;
use crate::random::Random;
use crate::store::{PendingLoginStore, TokenStore};
use crate::token_updates::Subscribers;

/// What all clients of a registry share.
#[derive(Clone)]
struct Ports {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    token_store: Arc<dyn TokenStore>,
    login_lifetime: Duration,
    pending_login_store: Option<Arc<dyn PendingLoginStore>>,
    subscribers: Arc<Mutex<Subscribers>>,
    used_states: Arc<UsedStates>,
    base_url: Option<BaseUrl>,
}
