//! An embedded OAuth 2.0 and OpenID Connect **provider**, to try a login against and to test one
//! against: authorization code with PKCE, refresh with rotation, revocation and introspection, discovery,
//! rotating keys, user info, logout, OAuth 1.0a under `/oauth1/` ([`Client::oauth1`]), and every
//! misbehaviour that a client must survive.
//!
//! It is one function from a request to a response ([`Provider::handle`]) with its state inside, and
//! so an [`HttpClient`](authlib_core::transport::HttpClient): a test needs no socket. [`Server`] puts it
//! on a loopback port for browsers.
//!
//! It shares no protocol code with the client crates: tokens are signed by a stock JWT crate, forms are
//! read and OAuth 1.0a signatures are checked by its own code, so that no bug mirrors itself.
//!
//! ```
//! use authlib_provider::{Client, Provider, Quirk, User};
//!
//! let provider = Provider::builder("https://op.example")
//!     .client(Client::confidential("app", "secret").redirect_uri("https://app.example/cb"))
//!     .user(User::new("alice").name("Alice Example"))
//!     .build();
//! // A browser that consents at once:
//! let back = provider.approve(
//!     "https://op.example/authorize?response_type=code&client_id=app&state=s\
//!      &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid",
//!     "alice",
//! );
//! assert!(back.starts_with("https://app.example/cb?code="));
//! // And one point in which it misbehaves from now on:
//! provider.misbehave(Quirk::claim("nonce", "another"));
//! ```
//!
//! # Features
//!
//! - `server` (default): the loopback listener.
//!
//! It is no provider for real users: it asks nobody for a password.

mod access;
mod api;
mod assertion;
mod authorize;
mod builder;
mod client;
mod discovery;
mod end_session;
mod exchange;
mod http_client;
mod id_token;
mod introspect;
mod keys;
mod oauth1;
mod pages;
mod provider;
mod quirk;
mod revoke;
mod seen;
#[cfg(feature = "server")]
mod server;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod userinfo;

pub use crate::builder::ProviderBuilder;
pub use crate::client::Client;
pub use crate::provider::Provider;
pub use crate::quirk::{Endpoint, Quirk, Reply};
pub use crate::seen::Seen;
#[cfg(feature = "server")]
pub use crate::server::Server;
pub use crate::user::User;

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
