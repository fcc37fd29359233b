use authlib_axum::{
    CurrentUser, OAuth, RequireLogin, Result, cookie_session_layer, require_login, routes,
};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use serde_json::{Value, json};

/// The page: it asks who is logged in, and goes to the login if nobody is.
const PAGE: &str = "<!doctype html><title>Notes</title><p id=hello></p><script>
fetch('/api/me').then(async response => {
  if (response.status === 401) location = '/login/google?next=/';
  else hello.textContent = 'Hello, ' + (await response.json()).name;
});
</script>";

/// The browser has a cookie and no token. The API's responses are for scripts: 401 is JSON.
async fn me(user: CurrentUser) -> Result<Json<Value>> {
    let claims = user.userinfo()?;
    Ok(Json(json!({"sub": claims.sub(), "name": claims.name()})))
}

async fn add_note(user: CurrentUser, Json(note): Json<Value>) -> Result<Json<Value>> {
    Ok(Json(json!({"author": user.userinfo()?.sub(), "note": note})))
}

/// Refuses changes that another site asks a browser for (CSRF).
async fn from_our_pages(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site");
    if request.method().is_safe() || site.is_some_and(|site| site == "same-origin") {
        return next.run(request).await;
    }
    StatusCode::FORBIDDEN.into_response()
}

pub fn app(oauth: &OAuth) -> Router {
    let api = Router::new()
        .route("/api/me", get(me))
        .route("/api/notes", post(add_note))
        .route_layer(require_login(RequireLogin::new()))
        .route_layer(from_fn(from_our_pages));
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .merge(api)
        .merge(routes())
        .layer(cookie_session_layer(oauth))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let oauth =
        OAuth::builder().base_url("http://localhost:3000").register("google").load_env().build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(serve(listener, app(&oauth)).await?)
}
