//! An application on Rocket whose clients are not known at the start.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;

use authlib_conformance::{client_source_tests, own_users, reload_tests};
use authlib_rocket::{
    AuthorizeOptions, BackChannelLogout, OAuth, OAuthClient, OAuthFairing, OAuthResponse,
    OAuthSession, Result, catchers,
};
use rocket::fairing::AdHoc;
use rocket::form::{Form, FromForm};
use rocket::{Config, get, post, routes};
use tokio::sync::oneshot;

#[derive(FromForm)]
struct LoginForm {
    email: String,
}

#[post("/login", data = "<form>")]
async fn login(session: OAuthSession<'_>, form: Form<LoginForm>) -> Result<OAuthResponse> {
    session.authorize_redirect_by_email(&form.email, AuthorizeOptions::new()).await
}

#[get("/user")]
async fn user(session: OAuthSession<'_>) -> Result<String> {
    let user = session.require_user().await?;
    Ok(format!("{} {}", user.client.name(), user.identity().unwrap().subject))
}

#[get("/call/<_>")]
async fn call(client: OAuthClient<'_>) -> Result<String> {
    Ok(own_users::call(client.user().await?).await?)
}

#[post("/backchannel-logout/<_>", data = "<request>")]
async fn backchannel_logout(request: BackChannelLogout) -> Result<OAuthResponse> {
    request.end_logins().await
}

async fn serve(oauth: OAuth, listener: TcpListener) {
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let config =
        Config { log_level: rocket::config::LogLevel::Off, port, ..Config::debug_default() };
    let figment = rocket::figment::Figment::from(config).merge(("shutdown.ctrlc", false));
    let (sender, listens) = oneshot::channel();
    let told = AdHoc::on_liftoff("listens", |_| {
        let _ = sender.send(());
        Box::pin(async {})
    });
    let routes = routes![login, user, call, backchannel_logout];
    let rocket = rocket::custom(figment.merge(("shutdown.signals", ["hup"])))
        .attach(OAuthFairing::from(oauth))
        .attach(told)
        .mount("/", authlib_rocket::routes())
        .mount("/", routes)
        .register("/", catchers());
    tokio::spawn(rocket.launch());
    listens.await.unwrap();
}

client_source_tests!(rocket::async_test, serve);
reload_tests!(rocket::async_test, serve);
