use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::{App, HttpResponse, HttpServer, web};
use authlib_actix::{
    BackChannelLogout, ClientConfig, CurrentUser, Identity, LogoutOptions, MemoryStore, OAuth,
    OAuthCallback, OAuthClient, OAuthSession, RequireLogin, Result, redirect, require_login,
    session_middleware,
};
async fn login(client: OAuthClient) -> Result<HttpResponse> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

async fn authorize(callback: OAuthCallback) -> Result<HttpResponse> {
    Ok(redirect(&callback.log_in().await?.next))
}

async fn home(user: Option<CurrentUser>) -> &'static str {
    if user.is_some() { "You are logged in" } else { "You are not logged in" }
}

/// In this browser, and at the provider.
async fn logout(session: OAuthSession) -> Result<HttpResponse> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").revoke_tokens();
    session.logout_redirect(options, "/logged-out").await
}

async fn logged_out(session: OAuthSession) -> Result<&'static str> {
    session.validate_logout_response().await?;
    Ok("See you soon")
}

/// In all browsers of the user.
async fn logout_everywhere(session: OAuthSession) -> Result<HttpResponse> {
    session.logout_everywhere().await?;
    Ok(redirect("/logged-out"))
}

/// By the provider.
async fn backchannel_logout(request: BackChannelLogout) -> HttpResponse {
    request.end_logins().await
}

/// By an administrator.
async fn ban(oauth: web::Data<OAuth>, user: web::Path<(String, String)>) -> Result<String> {
    let (issuer, subject) = user.into_inner();
    let ended = oauth.end_logins(&Identity::new(issuer, subject)).await?;
    Ok(format!("{ended} logins ended"))
}

pub fn routes(app: &mut web::ServiceConfig) {
    let admins = require_login(RequireLogin::new().claim("groups", "admins"));
    app.service(web::resource("/ban/{issuer}/{subject}").wrap(admins).post(ban))
        .route("/", web::get().to(home))
        .route("/login/{client}", web::get().to(login))
        .service(web::resource("/authorize/{client}").get(authorize).post(authorize))
        .route("/logout", web::post().to(logout))
        .route("/logged-out", web::get().to(logged_out))
        .route("/logout-everywhere", web::post().to(logout_everywhere))
        .route("/backchannel-logout/{client}", web::post().to(backchannel_logout));
}

#[actix_web::main]
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
    // Once for all workers, each of which calls the closure below.
    let sessions = session_middleware(MemoryStore::new(), Key::generate(), &oauth);
    let app = move || {
        let oauth = web::Data::new(oauth.clone());
        App::new().app_data(oauth).configure(routes).wrap(sessions.clone())
    };
    Ok(HttpServer::new(app).bind(("127.0.0.1", 3000))?.run().await?)
}
