//! An application on axum whose clients are not known at the start.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::net::TcpListener;

use authlib_axum::{
    AuthorizeOptions, BackChannelLogout, OAuth, OAuthClient, OAuthSession, Result, routes,
    session_layer,
};
use authlib_conformance::{client_source_tests, own_users, reload_tests};
use axum::extract::Form;
use axum::response::Response;
use axum::routing::{get, post};
use tower_sessions::MemoryStore;

async fn login(
    session: OAuthSession,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response> {
    session.authorize_redirect_by_email(&form["email"], AuthorizeOptions::new()).await
}

async fn user(session: OAuthSession) -> Result<String> {
    let user = session.require_user().await?;
    Ok(format!("{} {}", user.client.name(), user.identity().unwrap().subject))
}

async fn call(client: OAuthClient) -> Result<String> {
    Ok(own_users::call(client.user().await?).await?)
}

async fn backchannel_logout(request: BackChannelLogout) -> Response {
    request.end_logins().await
}

async fn serve(oauth: OAuth, listener: TcpListener) {
    let app = routes()
        .route("/login", post(login))
        .route("/user", get(user))
        .route("/call/{client}", get(call))
        .route("/backchannel-logout/{client}", post(backchannel_logout))
        .layer(session_layer(MemoryStore::default(), &oauth));
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

client_source_tests!(tokio::test, serve);
reload_tests!(tokio::test, serve);
