//! The registry of clients: [`OAuth`], its builder, and [`RegisteredClient`].

mod builder;
mod client;
mod configuration;
mod factory;
mod lookup_cache;
mod oauth;
mod pending_logins;
mod ports;
mod registered_clients;
mod registration;
mod reload;
mod replaced_clients;
mod source;
mod sourced_clients;

pub use self::builder::OAuthBuilder;
pub use self::client::RegisteredClient;
pub use self::oauth::OAuth;
pub use self::reload::ReloadedClients;
pub use self::source::{ClientCache, ClientSource};
