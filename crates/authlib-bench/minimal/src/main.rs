//! A login with Google on axum: the quick start without the embedded provider.

use authlib_axum::{ClientConfig, CurrentUser, OAuth, Result, routes, session_layer};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, routing::get};
use tower_sessions::MemoryStore;

async fn home(user: Option<CurrentUser>) -> Result<Response> {
    Ok(match user {
        Some(user) => {
            format!("Hello, {}!", user.userinfo()?.name().unwrap_or("friend")).into_response()
        }
        None => Html("<a href='/login/google'>Log in</a>").into_response(),
    })
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let google = ClientConfig::from("google").client_id("id").client_secret("secret");
    let oauth = OAuth::builder().base_url("http://localhost:3000").register(google).build()?;
    let app = Router::new()
        .route("/", get(home))
        .merge(routes())
        .layer(session_layer(MemoryStore::default(), &oauth));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
