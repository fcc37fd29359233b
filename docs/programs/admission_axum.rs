use authlib_axum::{
    CurrentUser, OAuth, OAuthCallback, OAuthClient, Result, UserInfo, cookie_session_layer,
    redirect,
};
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// People outside the company who may log in.
const GUESTS: &[&str] = &["auditor@example.org"];

/// Employees by their Google Workspace, guests by their e-mail address.
fn may_log_in(user: &UserInfo) -> bool {
    // `hd` is a claim of the signed ID token. An e-mail address in the domain proves nothing.
    let domain: Option<String> = user.get("hd").unwrap_or_default();
    let is_employee = domain.as_deref() == Some("example.com");
    let is_guest = |address: &str| GUESTS.iter().any(|guest| guest.eq_ignore_ascii_case(address));
    is_employee || (user.email_verified() && user.email().is_some_and(is_guest))
}

async fn login(client: OAuthClient) -> Result<Response> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

/// The callback: `complete` verifies the account, and only `record` logs it in.
async fn authorize(callback: OAuthCallback) -> Result<Response> {
    let completed = callback.complete().await?;
    if !may_log_in(completed.token.userinfo()?) {
        return Ok((StatusCode::FORBIDDEN, "This account has no access.").into_response());
    }
    Ok(redirect(&callback.record(completed).await?.next))
}

async fn home(user: CurrentUser) -> Result<String> {
    Ok(format!("Hello, {}!", user.userinfo()?.sub()))
}

pub fn app(oauth: &OAuth) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .layer(cookie_session_layer(oauth))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let oauth =
        OAuth::builder().base_url("http://localhost:3000").register("google").load_env().build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(&oauth)).await?)
}
