//! Ready-made routes, built from the public guards only.

use authlib_core::login::{LOGGED_OUT, login_options, logout_options};
use rocket::Route;
use rocket::http::uri::Origin;

use crate::guard::{OAuthCallback, OAuthClient, OAuthSession, Result, redirect};
use crate::response::Answer;

/// Routes for every registered client: `GET /login/<client>?next=/path`, `GET` and
/// `POST /authorize/<client>`, `POST /logout` and `GET /logged-out`.
///
/// The redirect URI to register at a provider is the registry's base URL with
/// `/authorize/<client>`, and after a logout `/logged-out`. Mount the routes at the root, or write
/// the handlers yourself: each is a line or two.
#[must_use]
pub fn routes() -> Vec<Route> {
    rocket::routes![login, authorize, authorize_posted, logout, logged_out]
}

#[rocket::get("/login/<_>")]
async fn login(client: OAuthClient<'_>, uri: &Origin<'_>) -> Result<Answer> {
    let query = uri.query().map(|query| query.as_str());
    let options = login_options(client.app().name(), query);
    client.authorize_redirect(options).await
}

#[rocket::get("/authorize/<_>")]
async fn authorize(callback: OAuthCallback<'_>) -> Result<Answer> {
    let login = callback.log_in().await?;
    Ok(redirect(&login.next))
}

#[rocket::post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(callback: OAuthCallback<'_>) -> Result<Answer> {
    let login = callback.log_in().await?;
    Ok(redirect(&login.next))
}

#[rocket::post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<Answer> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

#[rocket::get("/logged-out")]
async fn logged_out(session: OAuthSession<'_>) -> Result<Answer> {
    session.validate_logout_response().await?;
    Ok(redirect("/"))
}
