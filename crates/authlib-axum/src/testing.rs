//! Tests of handlers: a request of a user who is logged in, without a provider.
//!
//! ```
//! use authlib_axum::testing::{TestLogin, logged_in_as};
//! use authlib_axum::{ClientConfig, CurrentUser, OAuth, session_layer};
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt as _;
//! use tower_sessions::MemoryStore;
//!
//! async fn hello(user: CurrentUser) -> String {
//!     format!("Hello, {}", user.userinfo().unwrap().name().unwrap_or_default())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig::new("op").client_id("app").issuer("https://op.example.com");
//! let oauth = OAuth::builder().base_url("http://localhost:3000").register(config).build()?;
//! let app: Router =
//!     Router::new().route("/", get(hello)).layer(session_layer(MemoryStore::default(), &oauth));
//!
//! let alice = TestLogin::new("op", "alice").claim("name", "Alice").scope("openid profile");
//! let session = logged_in_as(&oauth, alice).await?;
//! let response = app.oneshot(Request::get("/").extension(session).body(Body::empty())?).await?;
//! let body = axum::body::to_bytes(response.into_body(), 1000).await?;
//! assert_eq!(body, "Hello, Alice");
//! # Ok(())
//! # }
//! ```

pub use authlib_core::adapter::{TestLogin, TestSession, logged_in_as};
