//! The registry of clients: [`OAuth`], its builder, and [`RegisteredClient`].

mod builder;
mod client;
mod factory;
mod lookup_cache;
mod oauth;
mod ports;
mod registration;
mod source;
mod sourced_clients;

pub use self::builder::OAuthBuilder;
pub use self::client::RegisteredClient;
pub use self::oauth::OAuth;
pub use self::source::{ClientCache, ClientSource};
