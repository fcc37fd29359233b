//! The registry of clients: [`OAuth`], its builder, and [`RegisteredClient`].

mod builder;
mod client;
mod oauth;
mod ports;
mod registration;

pub use self::builder::OAuthBuilder;
pub use self::client::RegisteredClient;
pub use self::oauth::OAuth;
