//! Clients for programs without a browser's session: services, jobs and command-line tools.
//!
//! [`OAuth2Client`] holds one token, by any grant; [`AssertionClient`] gets its tokens by statements that
//! it signs itself, [`OAuth1Client`] signs its requests. All are a [`RegisteredClient`](crate::RegisteredClient) with one owner, so that a registered client
//! can do all that they can. With the feature `blocking`, `blocking` has the same for programs
//! without an async runtime.

mod assertion;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod oauth1;
mod oauth2;
mod service_account;

pub use self::assertion::{AssertionClient, AssertionClientBuilder};
pub use self::builder::OAuth2ClientBuilder;
pub use self::oauth1::OAuth1Client;
pub use self::oauth2::OAuth2Client;
