//! Log in with OAuth 2.0 and OpenID Connect on [Rocket](https://docs.rs/rocket), with sessions in its
//! private cookies.
//!
//! ```no_run
//! use authlib_rocket::{OAuth, OAuthCallback, OAuthClient, OAuthFairing, OAuthResponse, Result};
//! use authlib_rocket::{catchers, clients::Google};
//! use rocket::{get, launch, routes};
//!
//! #[get("/login")]
//! async fn login(google: OAuthClient<'_, Google>) -> Result<OAuthResponse> {
//!     google.authorize_redirect("/authorize").await
//! }
//!
//! #[get("/authorize")]
//! async fn authorize(callback: OAuthCallback<'_, Google>) -> Result<String> {
//!     let user = callback.log_in().await?;
//!     Ok(format!("Hello, {}", user.userinfo()?.sub()))
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     rocket::build()
//!         .attach(OAuthFairing::new(OAuth::builder().register("google")))
//!         .mount("/", routes![login, authorize])
//!         .register("/", catchers())
//! }
//! ```
//!
//! ```toml
//! [default]
//! base_url = "http://localhost:8000"
//!
//! [default.oauth.google]
//! client_id = "..."
//! client_secret = "..."
//! ```
//!
//! Open <http://localhost:8000/login>. Redirect URIs and the session cookies follow from the base URL, so open the
//! application at that URL: localhost and 127.0.0.1 are two sites.
//!
//! The launch is refused if a setting is invalid, or if a guard names a client that is not registered. A client
//! can also be named by the route's `<client>` or `<_>` (plain [`OAuthClient`]). [`routes`] has a login and a callback
//! route for all clients.
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
mod fairing;
mod launch;
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
pub use crate::error::{Error, Result, catchers};
pub use crate::fairing::{OAuthFairing, load_figment, on_token_update};
pub use crate::request::OAuthResponse;
pub use crate::require_login::{RequireLoginFairing, require_login};
pub use crate::routes::{redirect, routes, token_updates};
pub use crate::session::RocketSession;
pub use crate::user::{CurrentUser, OAuthSession};
