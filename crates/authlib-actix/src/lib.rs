//! Log in with OAuth 2.0 and OpenID Connect on [actix-web](https://docs.rs/actix-web), with sessions by
//! [actix-session](https://docs.rs/actix-session).
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, cookie::Key, web};
//! use authlib_actix::{ClientName, OAuth, OAuthCallback, OAuthClient, Result, UserInfo};
//! use authlib_actix::{MemoryStore, providers, session_middleware};
//!
//! struct Google;
//! impl ClientName for Google {
//!     const NAME: &'static str = "google";
//! }
//!
//! async fn login(google: OAuthClient<Google>) -> Result<HttpResponse> {
//!     google.authorize_redirect("https://example.com/authorize").await
//! }
//!
//! async fn authorize(callback: OAuthCallback<Google>) -> Result<web::Json<UserInfo>> {
//!     let token = callback.authorize_access_token().await?;
//!     Ok(web::Json(token.userinfo()?))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let oauth = OAuth::builder()
//!         .register(providers::google())
//!         .load_env() // GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
//!         .require_client(Google::NAME)
//!         .build()?; // every problem of every client, reported at once
//!     let (sessions, key) = (MemoryStore::new(), Key::generate());
//!     HttpServer::new(move || {
//!         App::new()
//!             .app_data(web::Data::new(oauth.clone()))
//!             .wrap(session_middleware(sessions.clone(), key.clone(), "https://example.com"))
//!             .route("/login", web::get().to(login))
//!             .route("/authorize", web::get().to(authorize))
//!             .route("/authorize", web::post().to(authorize))
//!     })
//!     .bind(("127.0.0.1", 3000))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! Registry, session store and key are made once, before `HttpServer::new`: its closure runs once for
//! each worker.
//!
//! A client is also taken by the route's `{client}` parameter (plain [`OAuthClient`]), and
//! [`routes`] saves even the two handlers.
//!
//! # Features
//!
//! - `reqwest` (default): the built-in HTTP client.

mod extract;
mod memory_store;
mod middleware;
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
pub use crate::memory_store::MemoryStore;
pub use crate::middleware::{Sessions, session_middleware};
pub use crate::routes::routes;
