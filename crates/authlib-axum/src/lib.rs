//! Log in with OAuth 2.0 and OpenID Connect on [axum](https://docs.rs/axum), with sessions by
//! [tower-sessions](https://docs.rs/tower-sessions).
//!
//! ```no_run
//! use authlib_axum::{OAuth, OAuthCallback, OAuthClient, Result, clients::Google, session_layer};
//! use axum::{Router, response::Response, routing::get};
//! use tower_sessions::MemoryStore;
//!
//! async fn login(google: OAuthClient<Google>) -> Result<Response> {
//!     google.authorize_redirect("/authorize").await
//! }
//!
//! async fn authorize(callback: OAuthCallback<Google>) -> Result<String> {
//!     let user = callback.log_in().await?;
//!     Ok(format!("Hello, {}", user.userinfo()?.sub()))
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let oauth = OAuth::builder()
//!         .base_url("http://localhost:3000")
//!         .register("google")
//!         .load_env() // GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
//!         .build()?; // reports all configuration errors at once
//!     let app = Router::new()
//!         .route("/login", get(login))
//!         .route("/authorize", get(authorize))
//!         .layer(session_layer(MemoryStore::default(), &oauth));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     Ok(axum::serve(listener, app).await?)
//! }
//! ```
//!
//! Open <http://localhost:3000/login>. Redirect URIs and the session cookie follow from the base URL, so open the
//! application at that URL: localhost and 127.0.0.1 are two sites.
//!
//! A client can also be named by the route's `{client}` parameter (plain [`OAuthClient`]). [`routes`] has a login and
//! a callback route for all clients. [`session_layer`] gives the registry to the extractors; the router's state does not matter.
//!
//! # Features
//!
//! - `reqwest` (default): the built-in HTTP client.
//! - `toml` (default): settings in TOML files.
//! - `gzip`: compressed responses.
//! - `oauth1-rsa-sha1`: OAuth 1.0a signatures by RSA-SHA1, with the `rsa` crate (RUSTSEC-2023-0071).

mod back_channel_logout;
mod callback;
mod client;
mod error;
mod layer;
mod request;
mod require_login;
mod routes;
mod session;
pub mod testing;
mod user;

#[cfg(feature = "multipart")]
pub use authlib_core::Multipart;
#[cfg(feature = "oauth1")]
pub use authlib_core::OAuth1Client;
pub use authlib_core::login::{
    ClientName, CompletedLogin, ConnectedAccount, Identity, LoginResult, LogoutResponse,
    RequireLogin, clients,
};
pub use authlib_core::{
    ApiRequest, ApiResponse, AssertionClient, AuthorizeOptions, ClientBuilder, ClientCache,
    ClientConfig, ClientSource, DeviceLogin, Error as CoreError, ErrorKind, ErrorPage, Grant,
    Introspection, JwtBearer, LinkPolicy, LogoutOptions, LogoutToken, OAuth, OAuth2Client,
    OAuthBuilder, Params, ProviderError, Purpose, RegisteredClient, Registration, Remedy, Secret,
    Token, TokenTypeHint, TokenUpdate, UserInfo, clock, config, hooks, login, oauth2, providers,
    random_token, store, transport,
};

pub use crate::back_channel_logout::BackChannelLogout;
pub use crate::callback::OAuthCallback;
pub use crate::client::OAuthClient;
pub use crate::error::{Error, Result};
pub use crate::layer::{
    CookieSessionLayer, SessionLayer, SessionService, cookie_session_layer, session_layer,
};
pub use crate::require_login::{RequireLoginLayer, RequireLoginService, require_login};
pub use crate::routes::{redirect, routes, token_updates};
pub use crate::session::AxumSession;
pub use crate::user::{CurrentUser, OAuthSession};
