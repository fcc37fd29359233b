//! Tests of handlers: a request of a user who is logged in, without a provider.

use authlib_core::adapter;
pub use authlib_core::adapter::TestLogin;
use authlib_core::login::Session as _;
use rocket::Request;

use crate::error::Result;
use crate::request::state;
use crate::session::RocketSession;

/// Makes a request of a local client that of a user who is logged in, without a provider and without cookies.
///
/// ```
/// use authlib_rocket::testing::{TestLogin, logged_in_as};
/// use authlib_rocket::{ClientConfig, CurrentUser, OAuth, OAuthFairing};
/// use rocket::local::asynchronous::Client;
///
/// #[rocket::get("/")]
/// fn hello(user: CurrentUser) -> String {
///     format!("Hello, {}", user.userinfo().unwrap().name().unwrap_or_default())
/// }
///
/// # #[rocket::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ClientConfig::new("op").client_id("app").issuer("https://op.example.com");
/// let oauth = OAuth::builder().base_url("http://localhost:3000").register(config).build()?;
/// let app = rocket::build().attach(OAuthFairing::from(oauth)).mount("/", rocket::routes![hello]);
/// let client = Client::untracked(app).await?;
///
/// let alice = TestLogin::new("op", "alice").claim("name", "Alice").scope("openid profile");
/// let request = client.get("/");
/// logged_in_as(request.inner(), alice).await?;
/// let response = request.dispatch().await;
/// assert_eq!(response.into_string().await.as_deref(), Some("Hello, Alice"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`adapter::logged_in_as`], and an error if the fairing is missing.
pub async fn logged_in_as(request: &Request<'_>, login: TestLogin) -> Result<()> {
    let state = state(request)?;
    let session = adapter::logged_in_as(&state.oauth, login).await?;
    if let Some(login) = session.load().await? {
        RocketSession::of(state, request).preset(&login)?;
    }
    Ok(())
}
