//! An embedded OAuth 2.0 and OpenID Connect **provider**, to try a login against and to test one
//! against, and every misbehaviour that a client must survive. It offers
//!
//! - the authorization code with PKCE, discovery, rotating keys, user info and logout;
//! - refresh with rotation (RFC 6749 §6), client credentials (§4.4) and the password grant (§4.3, see
//!   [`TestUser::password`]), JWT bearer assertions (RFC 7523, see [`ProviderBuilder::assertion_issuer`]) and
//!   token exchange (RFC 8693);
//! - device authorization (RFC 8628) with a page for people, see [`Provider::approve_device`];
//! - revocation (RFC 7009) and introspection (RFC 7662), as a JWT where one is asked for (RFC 9701);
//! - registration by clients themselves and its management (RFC 7591, RFC 7592), off by default, see
//!   [`ProviderBuilder::registration`];
//! - an API that takes bearer tokens in header, form and query (RFC 6750): `/api/echo` says what came in,
//!   `/api/stream?bytes=N` answers with so many bytes (64 MiB at most);
//! - OAuth 1.0a (RFC 5849) under `/oauth1/`, with HMAC, RSA and PLAINTEXT signatures, see [`TestClient::oauth1`].
//!
//! It is one function from a request to a response ([`Provider::handle`]) with its state inside, and
//! so an [`HttpClient`](authlib_core::transport::HttpClient): a test needs no socket. [`Server`] puts it
//! on a loopback port for browsers.
//!
//! It shares no protocol code with the client crates: tokens are signed by a stock JWT crate, forms are
//! read and OAuth 1.0a signatures are checked by its own code, so that no bug mirrors itself.
//!
//! ```
//! use authlib_provider::{Fault, Provider, TestClient, TestUser};
//!
//! let provider = Provider::builder("https://op.example")
//!     .client(TestClient::confidential("app", "secret").redirect_uri("https://app.example/cb"))
//!     .user(TestUser::new("alice").name("Alice Example"))
//!     .build();
//! // A browser that consents at once:
//! let back = provider.approve(
//!     "https://op.example/authorize?response_type=code&client_id=app&state=s\
//!      &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid",
//!     "alice",
//! );
//! let back = back.expect("a redirect to the app");
//! assert!(back.as_str().starts_with("https://app.example/cb?code="));
//! // And one point in which it misbehaves from now on:
//! provider.inject(Fault::claim("nonce", "another"));
//! ```
//!
//! # Features
//!
//! - `server` (default): the loopback listener.
//!
//! It is no provider for real users: its pages ask nobody for a password.

mod builder;
mod endpoint;
mod endpoints;
mod fault;
mod grants;
mod http_client;
mod oauth1;
mod pages;
mod protocol;
mod provider;
mod random;
mod reply;
mod request;
mod response;
mod router;
#[cfg(feature = "server")]
mod server;
mod state;
#[cfg(test)]
mod tests;

pub use crate::builder::ProviderBuilder;
pub use crate::endpoint::Endpoint;
pub use crate::fault::Fault;
pub use crate::provider::Provider;
pub use crate::reply::Reply;
#[cfg(feature = "server")]
pub use crate::server::Server;
pub use crate::state::{RecordedRequest, TestClient, TestUser};

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
