use std::time::Duration;

use authlib_rocket::{
    BackChannelLogout, ClientConfig, CurrentUser, Identity, LogoutOptions, OAuth, OAuthCallback,
    OAuthClient, OAuthFairing, OAuthResponse, OAuthSession, RequireLogin, Result, catchers,
    redirect, require_login,
};
use rocket::{Build, Rocket, State, get, post, routes};

#[get("/login/<_>")]
async fn login(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

#[get("/authorize/<_>")]
async fn authorize(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    Ok(redirect(&callback.log_in().await?.next))
}

/// For providers that post the callback.
#[post("/authorize/<_>", data = "<callback>")]
async fn authorize_posted(callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    authorize(callback).await
}

#[get("/")]
async fn home(user: Option<CurrentUser>) -> &'static str {
    if user.is_some() { "You are logged in" } else { "You are not logged in" }
}

/// In this browser, and at the provider.
#[post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out").revoke_tokens();
    session.logout_redirect(options, "/logged-out").await
}

#[get("/logged-out")]
async fn logged_out(session: OAuthSession<'_>) -> Result<&'static str> {
    session.validate_logout_response().await?;
    Ok("See you soon")
}

/// In all browsers of the user.
#[post("/logout-everywhere")]
async fn logout_everywhere(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    session.logout_everywhere().await?;
    Ok(redirect("/logged-out"))
}

/// By the provider.
#[post("/backchannel-logout/<_>", data = "<request>")]
async fn backchannel_logout(request: BackChannelLogout) -> Result<OAuthResponse> {
    request.end_logins().await
}

/// By an administrator.
#[post("/ban/<issuer>/<subject>")]
async fn ban(oauth: &State<OAuth>, issuer: &str, subject: &str) -> Result<String> {
    let ended = oauth.end_logins(&Identity::new(issuer, subject)).await?;
    Ok(format!("{ended} logins ended"))
}

pub fn app(rocket: Rocket<Build>, oauth: OAuth) -> Rocket<Build> {
    let admins = RequireLogin::new().claim("groups", "admins");
    rocket
        .attach(OAuthFairing::from(oauth))
        .attach(require_login("/ban", admins))
        .mount("/", routes![home, login, authorize, authorize_posted, ban])
        .mount("/", routes![logout, logged_out, logout_everywhere, backchannel_logout])
        .register("/", catchers())
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let company = ClientConfig::new("company").issuer("https://login.example.com").scope("openid");
    let oauth = OAuth::builder()
        .base_url("http://localhost:8000")
        .register(company)
        .load_env()
        .login_lifetime(Duration::from_secs(8 * 3600))
        .login_idle_timeout(Duration::from_secs(30 * 60))
        .build()?;
    app(rocket::build(), oauth).launch().await?;
    Ok(())
}
