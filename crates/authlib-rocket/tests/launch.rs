//! Launch-time checks and Rocket's configuration.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(dead_code, reason = "what the tests of the guards need too")]

mod common;

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use authlib_core::OAuthBuilder;
use authlib_rocket::{
    ClientConfig, ClientName, CurrentUser, OAuth, OAuthCallback, OAuthClient, OAuthFairing,
    OAuthResponse, OAuthSession, Result, on_token_update, routes,
};
use rocket::config::{LogLevel, SecretKey};
use rocket::error::ErrorKind;
use rocket::figment::value::Value;
use rocket::{Build, Config, Ignite, Rocket, get};

use crate::common::{BASE_URL, builder, op, provider, rocket};

struct Missing;
impl ClientName for Missing {
    const NAME: &'static str = "missing";
}

#[get("/login")]
async fn missing(client: OAuthClient<'_, Missing>) -> Result<OAuthResponse> {
    client.authorize_redirect("/authorize").await
}

#[get("/authorize")]
async fn missing_callback(callback: OAuthCallback<'_, Missing>) -> Result<String> {
    callback.authorize_access_token().await.map(|_| String::new())
}

#[get("/posted", data = "<callback>")]
async fn missing_posted(callback: OAuthCallback<'_, Missing>) -> Result<String> {
    callback.authorize_access_token().await.map(|_| String::new())
}

#[get("/user")]
fn user(_user: CurrentUser) {}

#[get("/perhaps")]
fn perhaps(_user: Option<CurrentUser>) {}

#[get("/session")]
fn session(_session: OAuthSession<'_>) {}

#[get("/client/<_>")]
fn client(_client: OAuthClient<'_>) {}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A second dispatcher that lives on. While there is only one, a thread without it that comes to an event first
/// switches the event off for all threads.
static SECOND_DISPATCHER: LazyLock<tracing::Dispatch> = LazyLock::new(|| {
    tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish())
});

/// Ignites Rocket, and returns the result and the log.
async fn ignite(rocket: Rocket<Build>) -> (Result<Rocket<Ignite>, rocket::Error>, String) {
    LazyLock::force(&SECOND_DISPATCHER);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let ignited = rocket.ignite().await;
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (ignited, log)
}

async fn refused(rocket: Rocket<Build>, words: &[&str]) {
    let (ignited, log) = ignite(rocket).await;
    let error = ignited.err().unwrap_or_else(|| panic!("launched in spite of {words:?}"));
    let kind = error.kind();
    let expected = matches!(kind, ErrorKind::FailedFairings(_) | ErrorKind::SentinelAborts(_));
    assert!(expected, "{kind:?}");
    for word in words {
        assert!(log.contains(word), "{word} is not in {log}");
    }
}

fn attached(builder: OAuthBuilder) -> Rocket<Build> {
    rocket().attach(OAuthFairing::new(builder))
}

#[rocket::async_test]
async fn invalid_configuration_stops_launch_with_all_errors() {
    let wrong = OAuth::builder()
        .base_url(BASE_URL)
        .register(ClientConfig::new("one").client_id("a").issuer("http://op.example"))
        .register(ClientConfig::new("two"));
    refused(attached(wrong), &["`one`", "`two`", "client_id"]).await;
    refused(attached(OAuth::builder()), &["no base URL", "Rocket.toml"]).await;
    let twice = attached(builder(&provider())).attach(OAuthFairing::new(builder(&provider())));
    refused(twice, &["two registries"]).await;
    refused(rocket().attach(on_token_update(|_| {})), &["attach the `OAuthFairing` first"]).await;
}

#[rocket::async_test]
async fn missing_secret_key_launches_in_debug_profile_only() {
    let release = |secret_key, log_level| {
        let config = Config { secret_key, log_level, ..Config::release_default() };
        rocket::custom(config).attach(OAuthFairing::new(builder(&provider())))
    };
    let none = Config::release_default().secret_key;
    refused(release(none, LogLevel::Off), &["no key", "ROCKET_SECRET_KEY", "openssl"]).await;
    let key = SecretKey::derive_from(b"a key that is as long as keys have to be");
    let (ignited, log) = ignite(release(key.clone(), LogLevel::Critical)).await;
    assert!(ignited.is_ok() && !log.contains("log_level"), "{log}");
    let (ignited, log) = ignite(release(key, LogLevel::Normal)).await;
    assert!(ignited.is_ok() && log.contains("log_level"), "{log}");
}

#[rocket::async_test]
async fn guard_without_client_or_registry_stops_launch() {
    for routes in [
        rocket::routes![missing],
        rocket::routes![missing_callback],
        rocket::routes![missing_posted],
    ] {
        let rocket = attached(builder(&provider())).mount("/", routes);
        refused(rocket, &["no client is registered as \"missing\"", "registered are: op"]).await;
    }
    for routes in [
        rocket::routes![missing],
        rocket::routes![user],
        rocket::routes![perhaps],
        rocket::routes![session],
        rocket::routes![client],
        routes(),
    ] {
        refused(rocket().mount("/", routes), &["attach an `OAuthFairing`"]).await;
    }
    let all = rocket::routes![user, perhaps, session, client];
    assert!(attached(builder(&provider())).mount("/", all).ignite().await.is_ok());
}

/// The client `op` of a registry with Rocket's configuration.
async fn configured(builder: OAuthBuilder, figment: rocket::figment::Figment) -> Result<OAuth> {
    let rocket = rocket::custom(figment).attach(OAuthFairing::new(builder)).ignite().await;
    Ok(rocket.unwrap().state::<OAuth>().unwrap().clone())
}

#[rocket::async_test]
async fn rocket_configuration_provides_clients_and_base_url() {
    // As `ROCKET_OAUTH={..}` is read from the environment.
    let variable: Value = r#"{op={client_secret="from the variable"}}"#.parse().unwrap();
    let figment = rocket()
        .figment()
        .clone()
        .merge(("base_url", "https://from.toml"))
        .merge(("oauth.op.client_id", "from Rocket.toml"))
        .merge(("oauth.op.client_secret", "from Rocket.toml"))
        .merge(("oauth.op.issuer", "https://op.example"))
        .merge(("oauth.github.client_id", "id"))
        .merge(("oauth.github.client_secret", "secret"))
        .merge(("oauth", variable));
    let builder = OAuth::builder().base_url(BASE_URL).register(op()).discover_clients();
    let oauth = configured(builder, figment).await;
    let oauth = oauth.unwrap();
    assert_eq!(oauth.base_url().unwrap().as_str(), "https://from.toml/");
    assert_eq!(oauth.client("op").unwrap().client_id(), "from Rocket.toml");
    assert_eq!(oauth.client("github").unwrap().display_name(), "GitHub");
}

#[rocket::async_test]
async fn misspelt_rocket_setting_stops_launch() {
    let wrong = |key: &str, value: &str| {
        let figment = rocket().figment().clone().merge((key, value));
        rocket::custom(figment).attach(OAuthFairing::new(builder(&provider())))
    };
    refused(wrong("oauth.op.client_secet", "x"), &["`client_secet`", "`client_secret`"]).await;
    refused(wrong("oauth", "x"), &["`oauth` must have a table"]).await;
    refused(wrong("base_url", "http://app.example"), &["`base_url`"]).await;
}

#[rocket::async_test]
async fn registry_can_use_state_of_other_fairings() {
    struct Name(&'static str);
    let rocket = rocket().manage(Name("op")).attach(OAuthFairing::with(|rocket| {
        let name = rocket.state::<Name>().map_or("none", |name| name.0);
        OAuth::builder().base_url(BASE_URL).register(op().name(name))
    }));
    let rocket = rocket.ignite().await.unwrap();
    assert!(rocket.state::<OAuth>().unwrap().client("op").is_ok());
}
