//! Log in with OAuth 2.0 and OpenID Connect on [Rocket](https://docs.rs/rocket), with sessions in its
//! private cookies.
//!
//! ```no_run
//! use authlib_rocket::{Answer, ClientName, OAuth, OAuthCallback, OAuthClient, OAuthFairing, Result};
//! use authlib_rocket::{catchers, providers};
//! use rocket::{get, launch, routes};
//!
//! struct Google;
//! impl ClientName for Google {
//!     const NAME: &'static str = "google";
//! }
//!
//! #[get("/login")]
//! async fn login(google: OAuthClient<'_, Google>) -> Result<Answer> {
//!     google.authorize_redirect("/authorize").await
//! }
//!
//! #[get("/authorize")]
//! async fn authorize(callback: OAuthCallback<'_, Google>) -> Result<String> {
//!     let token = callback.authorize_access_token().await?;
//!     Ok(format!("Hello, {}", token.userinfo()?.sub()))
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     // client_id, client_secret and base_url are in Rocket.toml
//!     let builder = OAuth::builder().register(providers::google());
//!     rocket::build()
//!         .attach(OAuthFairing::new(builder))
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
//! The launch is refused when a setting is wrong, or when a guard names a client that is not registered.
//! A client is also taken by the route's `<client>` or `<_>` (plain [`OAuthClient`]), and [`routes`]
//! saves even the two handlers. A provider that answers by `form_post` needs a second route:
//! `#[post("/authorize", data = "<callback>")]`, with the same guard.
//!
//! # Features
//!
//! - `reqwest` (default): the built-in HTTP client.

mod fairing;
mod guard;
mod response;
mod routes;
mod session;

pub use authlib_core::{
    AuthorizeOptions, ClientConfig, ErrorKind, Introspection, LogoutOptions, OAuth, OAuth2Client,
    Params, RegisteredClient, Secret, Token, TokenTypeHint, TokenUpdate, UserInfo,
    login::{self, ClientName},
    providers, store,
};

pub use crate::fairing::{OAuthFairing, load_figment, on_token_update};
pub use crate::guard::{
    CurrentUser, Error, FindClient, OAuthCallback, OAuthClient, OAuthSession, Result, Routed,
    redirect, token_updates,
};
pub use crate::response::{Answer, catchers};
pub use crate::routes::routes;
