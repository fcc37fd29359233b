//! OAuth 1.0a, OAuth 2.0 and OpenID Connect **clients** for web applications and other programs. For axum, actix-web and
//! Rocket, use `authlib-axum`, `authlib-actix` or `authlib-rocket`, which are based on this crate.
//!
//! - [`ClientConfig`] contains the settings of one client, and [`providers`] those of well-known providers.
//! - [`OAuth`] is the registry of all clients. It validates their settings at startup and reports all errors at once.
//! - [`RegisteredClient`] logs users in, stores and refreshes their tokens, and calls the provider's API.
//! - [`OAuth2Client`] and [`OAuth1Client`] are for programs without a login page.
//!
//! `state`, PKCE, nonce, issuer and the ID token are checked by default. Options that weaken a check start with
//! `dangerous_`.
//!
//! # A login without a framework
//!
//! ```no_run
//! use authlib_core::{AuthorizeOptions, OAuth, Params, providers};
//!
//! # async fn run() -> authlib_core::Result<()> {
//! let oauth = OAuth::builder()
//!     .register(providers::google().client_id("id").client_secret("secret"))
//!     .build()?;
//! let google = oauth.client("google")?;
//!
//! let options = AuthorizeOptions::new().redirect_uri("https://app.example.com/authorize");
//! let (url, pending) = google.create_authorization_url(options).await?;
//! // Send the browser to `url`, keep `pending` in its session; it comes back with a query:
//! let callback = Params::parse("code=...&state=...");
//! let token = google.fetch_access_token(pending, &callback).await?;
//! println!("{:?} logged in", token.userinfo()?.name());
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `reqwest` (default): the built-in [`HttpClient`](transport::HttpClient). Without it, give the
//!   registry one of your own; then no TLS and no runtime is compiled.
//! - `toml` (default): [`load_file`](OAuthBuilder::load_file) and [`load_toml`](OAuthBuilder::load_toml). Without it,
//!   settings come from code, the environment and [`load_table`](OAuthBuilder::load_table).
//! - `gzip`: the built-in HTTP client asks for compressed responses. Without it, providers send plain ones.
//! - `oauth1` (default): OAuth 1.0a. Without it, a client with OAuth 1.0a settings is an error at the start.
//! - `multipart` (default): `multipart/form-data` bodies of API requests.
//! - `oauth1-rsa-sha1`: OAuth 1.0a signatures by RSA-SHA1, with the `rsa` crate, which has an open advisory
//!   (RUSTSEC-2023-0071).
//! - `blocking`: the same clients for programs without an async runtime, in `client::blocking`.

#[macro_use]
mod debug_fields;
#[macro_use]
mod option_setters;

mod base_url;
mod challenge;
mod crypto;
mod endpoint;
mod endpoint_url;
mod error;
pub mod message;
mod numeric_date;
mod params;
mod secret;

pub mod jose;

#[cfg(feature = "oauth1")]
pub mod oauth1;
#[cfg(not(feature = "oauth1"))]
#[path = "oauth1/settings.rs"]
pub mod oauth1;
pub mod oauth2;
mod oidc;

mod backoff;
pub mod clock;
pub mod config;
mod error_pages;
mod first_error;
pub mod hooks;
mod keyring;
pub mod random;
mod row_encryption;
pub mod secret_source;
pub mod signer;
pub mod store;
mod token_updates;
pub mod transport;
mod ttl_map;

mod http_exchange;
pub mod providers;

mod api;
mod authorization;
mod endpoints;
mod provider_documents;
mod registry;
mod tokens;

pub mod client;
pub mod login;

pub mod adapter;

#[cfg(feature = "multipart")]
pub use crate::api::Multipart;
pub use crate::api::{ApiRequest, ApiResponse};
pub use crate::authorization::{
    AuthorizeOptions, LinkPolicy, LogoutOptions, PENDING_TTL, PendingLogin, PendingLogout, Purpose,
};
pub use crate::client::assertion_client::AssertionClient;
pub use crate::client::builder::ClientBuilder;
#[cfg(feature = "oauth1")]
pub use crate::client::oauth1_client::OAuth1Client;
pub use crate::client::oauth2_client::OAuth2Client;
pub use crate::client::resource_client::ResourceClient;
pub use crate::config::client_config::ClientConfig;
pub use crate::endpoints::{BackchannelLogin, DeviceLogin, LoginPoll, Registration};
pub use crate::error::{Error, ErrorKind, ProviderError, Remedy, Result};
pub use crate::error_pages::ErrorPage;
pub use crate::keyring::{KEYS_VARIABLE, Keyring};
pub use crate::oauth2::grant::Grant;
pub use crate::oauth2::introspection::Introspection;
pub use crate::oauth2::jwt_bearer::JwtBearer;
pub use crate::oauth2::revocation::TokenTypeHint;
pub use crate::oauth2::step_up::StepUp;
pub use crate::oauth2::token::Token;
pub use crate::oauth2::user_info::UserInfo;
pub use crate::oidc::backchannel_authentication::{BackchannelAuthentication, BackchannelRequest};
pub use crate::oidc::logout_token::LogoutToken;
pub use crate::params::{Params, RepeatedParam};
pub use crate::random::random_token;
pub use crate::registry::{
    ClientCache, ClientSource, OAuth, OAuthBuilder, RegisteredClient, ReloadedClients,
};
pub use crate::row_encryption::RowEncryption;
pub use crate::secret::Secret;
pub use crate::token_updates::TokenUpdate;
