use std::time::Duration;

use authlib_axum::{
    BackChannelLogout, ClientConfig, CurrentUser, Identity, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthSession, RequireLogin, Result, redirect, require_login, session_layer,
};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use tower_sessions::MemoryStore;

async fn login(client: OAuthClient) -> Result<Response> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

async fn authorize(callback: OAuthCallback) -> Result<Response> {
    Ok(redirect(&callback.log_in().await?.next))
}

async fn home(user: Option<CurrentUser>) -> &'static str {
    if user.is_some() { "You are logged in" } else { "You are not logged in" }
}

/// In this browser, and at the provider.
async fn logout(session: OAuthSession) -> Result<Response> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").revoke_tokens();
    session.logout_redirect(options, "/logged-out").await
}

async fn logged_out(session: OAuthSession) -> Result<&'static str> {
    session.validate_logout_response().await?;
    Ok("See you soon")
}

/// In all browsers of the user.
async fn logout_everywhere(session: OAuthSession) -> Result<Response> {
    session.logout_everywhere().await?;
    Ok(redirect("/logged-out"))
}

/// By the provider.
async fn backchannel_logout(request: BackChannelLogout) -> Response {
    request.end_logins().await
}

/// By an administrator.
async fn ban(State(oauth): State<OAuth>, user: Path<(String, String)>) -> Result<String> {
    let Path((issuer, subject)) = user;
    let ended = oauth.end_logins(&Identity::new(issuer, subject)).await?;
    Ok(format!("{ended} logins ended"))
}

pub fn app(oauth: OAuth) -> Router {
    let admins = RequireLogin::new().claim("groups", "admins");
    Router::new()
        .route("/ban/{issuer}/{subject}", post(ban))
        .route_layer(require_login(admins))
        .route("/", get(home))
        .route("/login/{client}", get(login))
        .route("/authorize/{client}", get(authorize).post(authorize))
        .route("/logout", post(logout))
        .route("/logged-out", get(logged_out))
        .route("/logout-everywhere", post(logout_everywhere))
        .route("/backchannel-logout/{client}", post(backchannel_logout))
        .layer(session_layer(MemoryStore::default(), &oauth))
        .with_state(oauth)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let company = ClientConfig::new("company").issuer("https://login.example.com").scope("openid");
    let oauth = OAuth::builder()
        .base_url("http://localhost:3000")
        .register(company)
        .load_env()
        .login_lifetime(Duration::from_secs(8 * 3600))
        .login_idle_timeout(Duration::from_secs(30 * 60))
        .build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(oauth)).await?)
}
