//! Tokens that an application on axum manages itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use authlib_axum::{OAuth, OAuthClient, Result, session_layer};
use authlib_conformance::{app_managed_token_tests, app_managed_tokens};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, Request, header};
use axum::routing::get;
use tower::ServiceExt as _;
use tower_sessions::MemoryStore;

/// Calls the API for the user in the header.
async fn call(
    client: OAuthClient,
    Path((_, what)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<String> {
    let user = headers["x-user"].to_str().unwrap();
    let response = app_managed_tokens::call(client.for_user(user), &what).await;
    Ok(response?)
}

async fn ask(oauth: &OAuth, path: &str, user: &str) -> (u16, String) {
    let app = Router::new()
        .route("/call/{client}/{what}", get(call))
        .layer(session_layer(MemoryStore::default(), oauth))
        .with_state(oauth.clone());
    let request = Request::get(path).header("x-user", user);
    let request = request.header(header::ACCEPT, "application/json").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

app_managed_token_tests!(tokio::test, ask);
