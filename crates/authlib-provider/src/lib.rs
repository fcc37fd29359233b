//! An embedded OAuth 2.0 and OpenID Connect **provider** for testing logins, which can inject faults. It supports
//!
//! - the authorization code grant with PKCE, discovery, key rotation, user info and logout;
//! - refresh with rotation (RFC 6749 §6), client credentials (§4.4), passwords (§4.3, see [`TestUser::password`]),
//!   JWT bearer assertions (RFC 7523, see [`ProviderBuilder::assertion_issuer`]) and token exchange (RFC 8693);
//! - backchannel authentication (CIBA) in poll and ping mode, see [`Provider::approve_backchannel`];
//! - device authorization (RFC 8628) with a verification page, see [`Provider::approve_device`];
//! - mutual TLS (RFC 8705): client authentication and bound access tokens, see [`TestClient::tls_certificate`];
//! - revocation (RFC 7009), and introspection as JSON (RFC 7662) or JWT (RFC 9701);
//! - dynamic client registration and its management (RFC 7591, RFC 7592), off by default, see
//!   [`ProviderBuilder::registration`];
//! - an API that accepts bearer tokens in header, form and query (RFC 6750): `/api/echo` echoes the request,
//!   `/api/stream?bytes=N` responds with N bytes, 64 MiB at most;
//! - OAuth 1.0a (RFC 5849) under `/oauth1/`, with HMAC, RSA and PLAINTEXT signatures, see [`TestClient::oauth1`].
//!
//! [`Provider::handle`] is a function from a request to a response. A provider is also an
//! [`HttpClient`](authlib_core::transport::HttpClient), so a test needs no socket. [`Server`] puts it on a loopback port
//! for browsers.
//!
//! **For tests and demos only.** Its credentials are public; never deploy it.
//!
//! It shares no protocol code with the client crates, so a bug in one cannot hide a bug in the other.
//!
//! ```
//! use authlib_provider::{Fault, Provider, TestClient, TestUser};
//!
//! let provider = Provider::builder("https://op.example")
//!     .client(TestClient::confidential("app", "secret").redirect_uri("https://app.example/cb"))
//!     .user(TestUser::new("alice").name("Alice Example"))
//!     .build();
//! // Plays the browser of a user who approves:
//! let back = provider.approve(
//!     "https://op.example/authorize?response_type=code&client_id=app&state=s\
//!      &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid",
//!     "alice",
//! );
//! let back = back.expect("a redirect to the app");
//! assert!(back.as_str().starts_with("https://app.example/cb?code="));
//! // Inject a fault: from now on, ID tokens have another nonce.
//! provider.inject(Fault::claim("nonce", "another"));
//! ```
//!
//! # Features
//!
//! - `server` (default): the loopback listener.
//! - `tls`: the listener over TLS, which asks for client certificates.

mod builder;
pub mod certificates;
mod endpoint;
mod endpoints;
mod fault;
mod grants;
mod http_client;
mod oauth1;
mod pages;
mod peer_certificate;
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
pub use crate::peer_certificate::PeerCertificate;
pub use crate::provider::Provider;
pub use crate::reply::Reply;
#[cfg(feature = "server")]
pub use crate::server::Server;
pub use crate::state::{RecordedRequest, TestClient, TestUser};

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
