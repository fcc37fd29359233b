//! An application on actix-web with its own users and a session store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;

use actix_web::cookie::Key;
use actix_web::{App, HttpResponse, HttpServer, web};
use authlib_actix::{
    MemoryStore, OAuth, OAuthCallback, OAuthClient, OAuthSession, Result, redirect,
    session_middleware,
};
use authlib_conformance::{own_user_tests, own_users};

async fn login(client: OAuthClient) -> Result<HttpResponse> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

async fn authorize(callback: OAuthCallback) -> Result<HttpResponse> {
    let login = match callback.client().name() {
        "op" => callback.log_in_as("7").await?,
        _ => callback.record_as(callback.complete().await?, "7").await?,
    };
    Ok(redirect(&login.next))
}

async fn user(session: OAuthSession) -> Result<String> {
    let user = session.current_user().await?;
    Ok(user.as_ref().and_then(|user| user.user_id()).unwrap_or("nobody").to_owned())
}

async fn call(client: OAuthClient) -> Result<String> {
    Ok(own_users::call(client.user().await?).await?)
}

async fn job(client: OAuthClient) -> Result<String> {
    Ok(own_users::call(client.for_user("7")).await?)
}

async fn logout(session: OAuthSession) -> Result<HttpResponse> {
    session.logout().await?;
    Ok(redirect("/"))
}

async fn logout_everywhere(session: OAuthSession) -> Result<HttpResponse> {
    session.logout_everywhere().await?;
    Ok(redirect("/"))
}

async fn serve(oauth: OAuth, listener: TcpListener) {
    let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/login/{client}", web::get().to(login))
            .route("/authorize/{client}", web::get().to(authorize))
            .route("/user", web::get().to(user))
            .route("/call/{client}", web::get().to(call))
            .route("/job/{client}", web::get().to(job))
            .route("/logout", web::post().to(logout))
            .route("/logout-everywhere", web::post().to(logout_everywhere))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap();
    actix_web::rt::spawn(server.run());
}

own_user_tests!(actix_web::test, serve);
