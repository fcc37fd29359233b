//! Standalone clients, for services, jobs and command-line tools.
//!
//! [`OAuth2Client`] holds one token, from any grant; [`AssertionClient`] gets its tokens with JWT
//! assertions that it signs itself; [`OAuth1Client`] signs its requests. Each is a
//! [`RegisteredClient`](crate::RegisteredClient) with one token owner. With the feature `blocking`, `blocking`
//! has the same clients for programs without an async runtime.

mod assertion;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod oauth1;
mod oauth2;
mod service_account;

pub use self::assertion::{AssertionClient, AssertionClientBuilder};
pub use self::builder::ClientBuilder;
pub use self::oauth1::OAuth1Client;
pub use self::oauth2::OAuth2Client;
pub use crate::api::Async;
