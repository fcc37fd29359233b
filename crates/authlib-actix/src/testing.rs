//! Tests of handlers: a request of a user who is logged in, without a provider.
//!
//! ```
//! use actix_web::{App, HttpMessage as _, test, web};
//! use authlib_actix::testing::{TestLogin, logged_in_as};
//! use authlib_actix::{ClientConfig, CurrentUser, OAuth};
//!
//! async fn hello(user: CurrentUser) -> String {
//!     format!("Hello, {}", user.userinfo().unwrap().name().unwrap_or_default())
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig::new("op").client_id("app").issuer("https://op.example.com");
//! let oauth = OAuth::builder().base_url("http://localhost:3000").register(config).build()?;
//! let app = App::new().app_data(web::Data::new(oauth.clone())).route("/", web::get().to(hello));
//! let app = test::init_service(app).await;
//!
//! let alice = TestLogin::new("op", "alice").claim("name", "Alice").scope("openid profile");
//! let session = logged_in_as(&oauth, alice).await?;
//! let request = test::TestRequest::get().uri("/").to_request();
//! request.extensions_mut().insert(session);
//! let body = test::call_and_read_body(&app, request).await;
//! assert_eq!(body, "Hello, Alice");
//! # Ok(())
//! # }
//! ```

pub use authlib_core::adapter::{TestLogin, TestSession, logged_in_as};
