//! Log in with OAuth 2.0 and OpenID Connect on [axum](https://docs.rs/axum), with sessions by
//! [tower-sessions](https://docs.rs/tower-sessions).
//!
//! ```no_run
//! use authlib_axum::{ClientName, OAuth, OAuthCallback, OAuthClient, Result, UserInfo};
//! use authlib_axum::{providers, session_layer};
//! use axum::response::Response;
//! use axum::{Json, Router, routing::get};
//! use tower_sessions::MemoryStore;
//!
//! struct Google;
//! impl ClientName for Google {
//!     const NAME: &'static str = "google";
//! }
//!
//! async fn login(google: OAuthClient<Google>) -> Result<Response> {
//!     google.authorize_redirect("https://example.com/authorize").await
//! }
//!
//! async fn authorize(callback: OAuthCallback<Google>) -> Result<Json<UserInfo>> {
//!     let token = callback.authorize_access_token().await?;
//!     Ok(Json(token.userinfo()?))
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let oauth = OAuth::builder()
//!         .register(providers::google())
//!         .load_env() // GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
//!         .require_client(Google::NAME)
//!         .build()?; // every problem of every client, reported at once
//!     let app: Router = Router::new()
//!         .route("/login", get(login))
//!         .route("/authorize", get(authorize).post(authorize))
//!         .layer(session_layer(MemoryStore::default(), "https://example.com"))
//!         .with_state(oauth);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! A client is also taken by the route's `{client}` parameter (plain [`OAuthClient`]), and
//! [`routes`] saves even the two handlers.
//!
//! # Features
//!
//! - `reqwest` (default): the built-in HTTP client.

mod extract;
mod response;
mod routes;
mod session;

pub use authlib_core::{
    AuthorizeOptions, ClientConfig, ErrorKind, Introspection, LogoutOptions, OAuth, OAuth2Client,
    Params, RegisteredClient, Secret, Token, TokenTypeHint, TokenUpdate, UserInfo, login,
    providers, store,
};

pub use authlib_core::login::ClientName;

pub use crate::extract::{
    CurrentUser, Error, FindClient, OAuthCallback, OAuthClient, OAuthSession, Result, Routed,
    redirect, token_updates,
};
pub use crate::routes::routes;
pub use crate::session::session_layer;
