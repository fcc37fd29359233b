//! Ready-made routes, built from the public extractors only.

use actix_web::{HttpRequest, HttpResponse, web};
use authlib_core::login::{LOGGED_OUT, login_options, logout_options};

use crate::extract::{OAuthCallback, OAuthClient, OAuthSession, Result, redirect};

/// Routes for every registered client: `GET /login/{client}?next=/path`, `GET` and
/// `POST /authorize/{client}`, `POST /logout` and `GET /logged-out`.
///
/// The redirect URI to register at a provider is the registry's base URL with
/// `/authorize/{client}`, and after a logout `/logged-out`. Configure the routes at the root, or write
/// the handlers yourself: each is a line or two.
///
/// ```no_run
/// use actix_web::{App, cookie::Key, web};
/// use authlib_actix::{MemoryStore, OAuth, routes, session_middleware};
///
/// let base_url = "http://localhost:3000";
/// let oauth = OAuth::builder().base_url(base_url).register("github").load_env().build()?;
/// let (sessions, key) = (MemoryStore::new(), Key::generate());
/// let app = App::new()
///     .app_data(web::Data::new(oauth))
///     .wrap(session_middleware(sessions, key, base_url))
///     .configure(routes);
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
                // What asks for the head only is told nothing, and spends no login.
                .route(web::head().to(authorize)),
        )
        .route("/logout", web::post().to(logout))
        .route(LOGGED_OUT, web::get().to(logged_out));
}

async fn login(client: OAuthClient, request: HttpRequest) -> Result<HttpResponse> {
    let options = login_options(client.app().name(), request.uri().query());
    client.authorize_redirect(options).await
}

async fn authorize(callback: OAuthCallback) -> Result<HttpResponse> {
    let login = callback.log_in().await?;
    Ok(redirect(&login.next))
}

async fn logout(session: OAuthSession) -> Result<HttpResponse> {
    session.logout_redirect(logout_options(), LOGGED_OUT).await
}

async fn logged_out(session: OAuthSession) -> Result<HttpResponse> {
    session.validate_logout_response().await?;
    Ok(redirect("/"))
}
