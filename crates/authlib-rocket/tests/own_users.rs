//! An application on Rocket with its own users.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;

use authlib_conformance::{own_user_tests, own_users};
use authlib_rocket::{
    OAuth, OAuthCallback, OAuthClient, OAuthFairing, OAuthResponse, OAuthSession, Result, catchers,
    redirect,
};
use rocket::fairing::AdHoc;
use rocket::{Config, get, post, routes};
use tokio::sync::oneshot;

#[get("/login/<_>")]
async fn login(client: OAuthClient<'_>) -> Result<OAuthResponse> {
    client.authorize_redirect(format!("/authorize/{}", client.client().name())).await
}

#[get("/authorize/<client>")]
async fn authorize(client: &str, callback: OAuthCallback<'_>) -> Result<OAuthResponse> {
    let login = match client {
        "op" => callback.log_in_as("7").await?,
        _ => callback.record_as(callback.complete().await?, "7").await?,
    };
    Ok(redirect(&login.next))
}

#[get("/user")]
async fn user(session: OAuthSession<'_>) -> Result<String> {
    let user = session.current_user().await?;
    Ok(user.as_ref().and_then(|user| user.user_id()).unwrap_or("nobody").to_owned())
}

#[get("/call/<_>")]
async fn call(client: OAuthClient<'_>) -> Result<String> {
    Ok(own_users::call(client.user().await?).await?)
}

#[get("/job/<_>")]
async fn job(client: OAuthClient<'_>) -> Result<String> {
    Ok(own_users::call(client.for_user("7")).await?)
}

#[post("/logout")]
async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    session.logout().await?;
    Ok(redirect("/"))
}

#[post("/logout-everywhere")]
async fn logout_everywhere(session: OAuthSession<'_>) -> Result<OAuthResponse> {
    session.logout_everywhere().await?;
    Ok(redirect("/"))
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
    let routes = routes![login, authorize, user, call, job, logout, logout_everywhere];
    let rocket = rocket::custom(figment.merge(("shutdown.signals", ["hup"])))
        .attach(OAuthFairing::from(oauth))
        .attach(told)
        .mount("/", routes)
        .register("/", catchers());
    tokio::spawn(rocket.launch());
    listens.await.unwrap();
}

own_user_tests!(rocket::async_test, serve);
