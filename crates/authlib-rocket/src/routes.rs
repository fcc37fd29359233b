//! Built-in routes, made of the public guards only.

use authlib_core::adapter::{LOGGED_OUT, login_options, logout_options, see_other};
use authlib_core::login::local_path;
use authlib_core::{OAuth, TokenUpdate};
use rocket::Route;
use tokio::sync::broadcast;

use crate::callback::OAuthCallback;
use crate::client::OAuthClient;
use crate::error::Result;
use crate::request::OAuthResponse;
use crate::user::OAuthSession;

/// Routes for every registered client: `GET /login/<client>?next=/path`, `GET` and
/// `POST /authorize/<client>`, `POST /logout` and `GET /logged-out`; and `GET /request-object/<client>/<id>`,
/// where providers fetch request objects that are sent by reference.
///
/// At the provider, register the redirect URI `/authorize/<client>` below your base URL, and `/logged-out` for
/// the logout. Mount the routes at the root, or write the handlers yourself: each is a line or two.
#[must_use]
pub fn routes() -> Vec<Route> {
    rocket::routes![login, authorize, authorize_posted, logout, logged_out, request_object]
}

#[rocket::get("/login/<_>")]
async fn login(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    let options = login_options(client.client().name(), client.request().query());
    client.authorize_redirect(options).await
}

#[rocket::get("/authorize/<_>")]
async fn authorize(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    Ok(redirect(&callback.log_in().await?.next))
}

#[rocket::post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    Ok(redirect(&callback.log_in().await?.next))
}

#[rocket::post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

#[rocket::get("/logged-out")]
async fn logged_out(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    let back = session.validate_logout_response().await?;
    Ok(redirect(&back.map_or_else(|| session.oauth().site_path("/"), |back| back.next)))
}

#[rocket::get("/request-object/<_>/<_>")]
async fn request_object(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.request_object().await
}

/// Redirects to a path of this site after a login: 303, and never cached, as a callback's response must be
/// (RFC 9700 §4.2.4). Any other URL is replaced with `/`. The path is the one that browsers know, as `next` is:
/// [`OAuth::site_path`] makes it of a path below a base URL with a path of its own.
#[must_use]
pub fn redirect(path: &str) -> OAuthResponse {
    see_other(&local_path(path)).into()
}

/// Every refreshed token from now on, after it was stored, with the old one. A receiver that lags more than
/// `capacity` updates behind is told how many it missed.
#[must_use]
pub fn token_updates(oauth: &OAuth, capacity: usize) -> broadcast::Receiver<TokenUpdate> {
    let (sender, receiver) = broadcast::channel(capacity.max(1));
    oauth.subscribe(move |update| {
        // Without a receiver there is nothing to do.
        let _ = sender.send(update.clone());
    });
    receiver
}
