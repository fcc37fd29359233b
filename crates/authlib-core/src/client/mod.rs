//! Standalone clients, for services, jobs and command-line tools.
//!
//! [`OAuth2Client`](crate::OAuth2Client) holds one token, from any grant; [`AssertionClient`](crate::AssertionClient) gets its tokens with JWT
//! assertions that it signs itself; [`OAuth1Client`](crate::OAuth1Client) signs its requests. Each is a
//! [`RegisteredClient`](crate::RegisteredClient) with one token owner. With the feature `blocking`, `blocking`
//! has the same clients for programs without an async runtime.

pub(crate) mod assertion_client;
#[cfg(feature = "blocking")]
pub mod blocking;
pub(crate) mod builder;
#[cfg(feature = "oauth1")]
pub(crate) mod oauth1_client;
pub(crate) mod oauth2_client;
pub(crate) mod resource_client;
mod service_account;

pub use self::assertion_client::AssertionClientBuilder;
pub use crate::api::Async;
