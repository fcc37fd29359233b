//! An application on axum with its own users and a session store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;

use authlib_axum::{
    OAuth, OAuthCallback, OAuthClient, OAuthSession, Result, redirect, session_layer,
};
use authlib_conformance::{own_user_tests, own_users};
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use tower_sessions::MemoryStore;

async fn login(client: OAuthClient) -> Result<Response> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

async fn authorize(callback: OAuthCallback) -> Result<Response> {
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

async fn logout(session: OAuthSession) -> Result<Response> {
    session.logout().await?;
    Ok(redirect("/"))
}

async fn logout_everywhere(session: OAuthSession) -> Result<Response> {
    session.logout_everywhere().await?;
    Ok(redirect("/"))
}

async fn serve(oauth: OAuth, listener: TcpListener) {
    let app = Router::new()
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize))
        .route("/user", get(user))
        .route("/call/{client}", get(call))
        .route("/job/{client}", get(job))
        .route("/logout", post(logout))
        .route("/logout-everywhere", post(logout_everywhere))
        .layer(session_layer(MemoryStore::default(), &oauth));
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

own_user_tests!(tokio::test, serve);
