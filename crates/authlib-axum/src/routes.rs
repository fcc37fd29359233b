//! Ready-made routes, built from the public extractors only.

use authlib_core::OAuth;
use authlib_core::login::{LOGGED_OUT, login_options, logout_options};
use axum::Router;
use axum::extract::{FromRef, RawQuery};
use axum::response::Response;
use axum::routing::{get, post};

use crate::extract::{OAuthCallback, OAuthClient, OAuthSession, Result, redirect};

/// Routes for every registered client: `GET /login/{client}?next=/path`, `GET` and
/// `POST /authorize/{client}`, `POST /logout` and `GET /logged-out`.
///
/// The redirect URI to register at a provider is the registry's base URL with
/// `/authorize/{client}`, and after a logout `/logged-out`. Merge the routes at the root, or write the
/// handlers yourself: each is a line or two.
///
/// ```no_run
/// use authlib_axum::{OAuth, routes, session_layer};
/// use axum::Router;
/// use tower_sessions::MemoryStore;
///
/// let base_url = "http://localhost:3000";
/// let oauth = OAuth::builder().base_url(base_url).register("github").load_env().build()?;
/// let app: Router = Router::new()
///     .merge(routes())
///     .layer(session_layer(MemoryStore::default(), base_url))
///     .with_state(oauth);
/// # Ok::<(), authlib_axum::Error>(())
/// ```
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    OAuth: FromRef<S>,
{
    Router::new()
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/logout", post(logout))
        .route(LOGGED_OUT, get(logged_out))
}

async fn login(client: OAuthClient, RawQuery(query): RawQuery) -> Result<Response> {
    let options = login_options(client.app().name(), query.as_deref());
    client.authorize_redirect(options).await
}

async fn authorize(callback: OAuthCallback) -> Result<Response> {
    let login = callback.log_in().await?;
    Ok(redirect(&login.next))
}

async fn logout(session: OAuthSession) -> Result<Response> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

async fn logged_out(session: OAuthSession) -> Result<Response> {
    session.validate_logout_response().await?;
    Ok(redirect("/"))
}
