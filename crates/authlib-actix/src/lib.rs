//! Log in with OAuth 2.0 and OpenID Connect on [actix-web](https://docs.rs/actix-web), with sessions by
//! [actix-session](https://docs.rs/actix-session).
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, cookie::Key, web};
//! use authlib_actix::{MemoryStore, OAuth, OAuthCallback, OAuthClient, Result};
//! use authlib_actix::{clients::Google, session_middleware};
//!
//! async fn login(google: OAuthClient<Google>) -> Result<HttpResponse> {
//!     google.authorize_redirect("/authorize").await
//! }
//!
//! async fn authorize(callback: OAuthCallback<Google>) -> Result<String> {
//!     let user = callback.log_in().await?;
//!     Ok(format!("Hello, {}", user.userinfo()?.sub()))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let oauth = OAuth::builder()
//!         .base_url("http://localhost:3000")
//!         .register("google")
//!         .load_env() // GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
//!         .build()?; // reports all configuration errors at once
//!     let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
//!     let app = move || {
//!         App::new()
//!             .wrap(sessions.clone())
//!             .route("/login", web::get().to(login))
//!             .route("/authorize", web::get().to(authorize))
//!     };
//!     Ok(HttpServer::new(app).bind(("127.0.0.1", 3000))?.run().await?)
//! }
//! ```
//!
//! Open <http://localhost:3000/login>. Redirect URIs and the session cookie follow from the base URL, so open the
//! application at that URL: localhost and 127.0.0.1 are two sites.
//!
//! **Create registry and session middleware once, before `HttpServer::new`.** Its closure runs once for each
//! worker; a registry or a session store per worker loses logins.
//!
//! A client can also be named by the route's `{client}` parameter (plain [`OAuthClient`]). [`routes`] has a login and
//! a callback route for all clients.
//!
//! # actix-session
//!
//! This crate depends on two details of actix-session 0.11, and on this minor version therefore: without its
//! middleware, actix-session creates a session that is never stored, which [`ActixSession::of`] detects; and
//! with it, a session is read before the handler and written after it, so [`session_middleware`] reads and
//! writes its own value in the store directly, to see concurrent requests of the same browser.
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
mod memory_store;
mod message;
mod middleware;
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
pub use crate::memory_store::MemoryStore;
pub use crate::middleware::{
    OAuthCookieSessions, OAuthSessions, cookie_session_middleware, session_middleware,
};
pub use crate::require_login::{RequireLoginMiddleware, require_login};
pub use crate::routes::{redirect, routes, token_updates};
pub use crate::session::ActixSession;
pub use crate::user::{CurrentUser, OAuthSession};
