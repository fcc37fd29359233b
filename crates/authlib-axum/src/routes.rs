//! Built-in routes, made of the public extractors only.

use authlib_core::OAuth;
use authlib_core::TokenUpdate;
use authlib_core::adapter::{LOGGED_OUT, login_options, logout_options, see_other};
use authlib_core::login::local_path;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::broadcast;

use crate::callback::OAuthCallback;
use crate::client::OAuthClient;
use crate::error::{Result, response};
use crate::user::OAuthSession;

/// Routes for every registered client: `GET /login/{client}?next=/path`, `GET` and
/// `POST /authorize/{client}`, `POST /logout` and `GET /logged-out`; and `GET /request-object/{client}/{id}`, where
/// providers fetch request objects that are sent by reference.
///
/// At the provider, register the redirect URI `/authorize/{client}` below your base URL, and `/logged-out` for
/// the logout. Merge the routes at the root, or write the handlers yourself: each is a line or two.
///
/// ```no_run
/// use authlib_axum::{OAuth, routes, session_layer};
/// use axum::Router;
/// use tower_sessions::MemoryStore;
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").register("github").load_env().build()?;
/// let app: Router =
///     Router::new().merge(routes()).layer(session_layer(MemoryStore::default(), &oauth));
/// # Ok::<(), authlib_axum::Error>(())
/// ```
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/logout", post(logout))
        .route(LOGGED_OUT, get(logged_out))
        .route("/request-object/{client}/{id}", get(request_object))
}

async fn login(client: OAuthClient) -> Result<Response> {
    let options = login_options(client.client().name(), client.request().query());
    client.authorize_redirect(options).await
}

async fn authorize(callback: OAuthCallback) -> Result<Response> {
    Ok(redirect(&callback.log_in().await?.next))
}

async fn logout(session: OAuthSession) -> Result<Response> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

async fn logged_out(session: OAuthSession) -> Result<Response> {
    let back = session.validate_logout_response().await?;
    Ok(redirect(&back.map_or_else(|| session.oauth().site_path("/"), |back| back.next)))
}

async fn request_object(client: OAuthClient) -> Result<Response> {
    client.request_object().await
}

/// Redirects to a path of this site after a login: 303, and never cached, as a callback's response must be
/// (RFC 9700 §4.2.4). Any other URL is replaced with `/`. The path is the one that browsers know, as `next` is:
/// [`OAuth::site_path`] makes it of a path below a base URL with a path of its own.
#[must_use]
pub fn redirect(path: &str) -> Response {
    response(see_other(&local_path(path)))
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
