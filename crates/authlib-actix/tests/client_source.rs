//! An application on actix-web whose clients are not known at the start.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::net::TcpListener;

use actix_web::cookie::Key;
use actix_web::{App, HttpResponse, HttpServer, web};
use authlib_actix::{
    AuthorizeOptions, BackChannelLogout, MemoryStore, OAuth, OAuthClient, OAuthSession, Result,
    routes, session_middleware,
};
use authlib_conformance::{client_source_tests, own_users, reload_tests};

async fn login(
    session: OAuthSession,
    form: web::Form<HashMap<String, String>>,
) -> Result<HttpResponse> {
    session.authorize_redirect_by_email(&form["email"], AuthorizeOptions::new()).await
}

async fn user(session: OAuthSession) -> Result<String> {
    let user = session.require_user().await?;
    Ok(format!("{} {}", user.client.name(), user.identity().unwrap().subject))
}

async fn call(client: OAuthClient) -> Result<String> {
    Ok(own_users::call(client.user().await?).await?)
}

async fn backchannel_logout(request: BackChannelLogout) -> HttpResponse {
    request.end_logins().await
}

async fn serve(oauth: OAuth, listener: TcpListener) {
    let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .configure(routes)
            .route("/login", web::post().to(login))
            .route("/user", web::get().to(user))
            .route("/call/{client}", web::get().to(call))
            .route("/backchannel-logout/{client}", web::post().to(backchannel_logout))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap();
    actix_web::rt::spawn(server.run());
}

client_source_tests!(actix_web::test, serve);
reload_tests!(actix_web::test, serve);
