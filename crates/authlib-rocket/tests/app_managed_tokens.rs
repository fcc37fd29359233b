//! Tokens that an application on Rocket manages itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::convert::Infallible;

use authlib_conformance::{app_managed_token_tests, app_managed_tokens};
use authlib_rocket::{OAuth, OAuthClient, OAuthFairing, Result, catchers};
use rocket::http::Header;
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Config, get, routes};

/// The user in the header.
struct User(String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(request.headers().get_one("x-user").unwrap().to_owned()))
    }
}

/// Calls the API for that user.
#[get("/call/<_>/<what>")]
async fn call(client: OAuthClient<'_>, what: &str, user: User) -> Result<String> {
    let response = app_managed_tokens::call(client.for_user(user.0), what).await;
    Ok(response?)
}

async fn ask(oauth: &OAuth, path: &str, user: &str) -> (u16, String) {
    let config = Config { log_level: rocket::config::LogLevel::Off, ..Config::debug_default() };
    let rocket = rocket::custom(config)
        .attach(OAuthFairing::from(oauth.clone()))
        .mount("/", routes![call])
        .register("/", catchers());
    let client = Client::untracked(rocket).await.unwrap();
    let request = client.get(path).header(Header::new("x-user", user.to_owned()));
    let response = request.header(Header::new("accept", "application/json")).dispatch().await;
    (response.status().code, response.into_string().await.unwrap_or_default())
}

app_managed_token_tests!(rocket::async_test, ask);
