//! Built-in routes, made of the public extractors only.

use actix_web::{HttpResponse, web};
use authlib_core::adapter::{LOGGED_OUT, login_options, logout_options, see_other};
use authlib_core::login::local_path;
use authlib_core::{OAuth, TokenUpdate};
use tokio::sync::broadcast;

use crate::callback::OAuthCallback;
use crate::client::OAuthClient;
use crate::error::Result;
use crate::message::response;
use crate::user::OAuthSession;

/// Routes for every registered client: `GET /login/{client}?next=/path`, `GET` and
/// `POST /authorize/{client}`, `POST /logout` and `GET /logged-out`.
///
/// At the provider, register the redirect URI `/authorize/{client}` below your base URL, and `/logged-out` for
/// the logout. Configure the routes at the root, or write the handlers yourself: each is a line or two.
///
/// ```no_run
/// use actix_web::{App, cookie::Key};
/// use authlib_actix::{MemoryStore, OAuth, routes, session_middleware};
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").register("github").load_env().build()?;
/// let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
/// let app = App::new().wrap(sessions).configure(routes);
/// # let _ = app;
/// # Ok::<(), authlib_actix::Error>(())
/// ```
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/login/{client}", web::get().to(login))
        .service(
            web::resource("/authorize/{client}")
                .get(authorize)
                .post(authorize)
                // A HEAD request gets an empty response and uses up no login.
                .route(web::head().to(authorize)),
        )
        .route("/logout", web::post().to(logout))
        .route(LOGGED_OUT, web::get().to(logged_out))
        .route("/request-object/{client}/{id}", web::get().to(request_object));
}

async fn login(client: OAuthClient) -> Result<HttpResponse> {
    let options = login_options(client.client().name(), client.request().query());
    client.authorize_redirect(options).await
}

async fn authorize(callback: OAuthCallback) -> Result<HttpResponse> {
    Ok(redirect(&callback.log_in().await?.next))
}

async fn logout(session: OAuthSession) -> Result<HttpResponse> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

async fn logged_out(session: OAuthSession) -> Result<HttpResponse> {
    let back = session.validate_logout_response().await?;
    Ok(redirect(&back.map_or_else(|| session.oauth().site_path("/"), |back| back.next)))
}

async fn request_object(client: OAuthClient) -> Result<HttpResponse> {
    client.request_object().await
}

/// Redirects to a path of this site after a login: 303, and never cached, as a callback's response must be
/// (RFC 9700 §4.2.4). Any other URL is replaced with `/`. The path is the one that browsers know, as `next` is:
/// [`OAuth::site_path`] makes it of a path below a base URL with a path of its own.
#[must_use]
pub fn redirect(path: &str) -> HttpResponse {
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
