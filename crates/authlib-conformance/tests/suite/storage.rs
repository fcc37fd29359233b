//! Tokens in databases: a restart keeps logins, and replicas share them.

use authlib_conformance::{Browser, CONFIG, Fixture, KEYS, PostgresServer, RedisServer};
use authlib_provider::{Endpoint, Fault};
use futures_util::future::join_all;
use serde_json::json;

pub(crate) async fn login_in_a_file_survives_a_restart(package: &str) {
    let folder = std::env::temp_dir().join(format!("authlib-{package}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}/tokens.sqlite", folder.display());
    let vars = [("DATABASE_URL", url.as_str())];
    let mut fixture = Fixture::configured(package, CONFIG, &vars).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    assert_eq!(browser.get(callback).await.status, 303);
    fixture.app.stop("TERM").await;
    let restarted = fixture.replica(package, CONFIG, &vars).await;
    let profile = browser.get_json(restarted.own_url("/profile")).await;
    assert_eq!(profile.json()["sub"], "alice", "{}", restarted.log());
    drop(restarted);
    std::fs::remove_dir_all(&folder).unwrap();
}

pub(crate) async fn replicas_share_logins_in_postgres(package: &str) {
    let Some(server) = PostgresServer::start().await else { return };
    replicas_share_logins(package, ("DATABASE_URL", &server.url())).await;
}

pub(crate) async fn replicas_share_logins_in_redis(package: &str) {
    let Some(server) = RedisServer::start().await else { return };
    replicas_share_logins(package, ("REDIS_URL", &server.url())).await;
}

/// A login starts on one replica and ends on the second; the third one has it, until the first one ends it.
async fn replicas_share_logins(package: &str, database: (&str, &str)) {
    let vars = [KEYS[0], KEYS[1], database];
    let fixture = Fixture::configured(package, CONFIG, &vars).await;
    let second = fixture.replica(package, CONFIG, &vars).await;
    let third = fixture.replica(package, CONFIG, &vars).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    let page = browser.get(second.at(&callback)).await;
    assert_eq!(page.status, 303, "{}\n{}", page.body, second.log());
    let profile = browser.get_json(third.own_url("/profile")).await;
    assert_eq!(profile.json()["sub"], "alice", "{}", third.log());
    // The pending login was used up on the second replica.
    let again = Browser::new();
    assert_eq!(again.get_json(third.at(&callback)).await.status, 400);

    let copied = browser.copy();
    let logout = fixture.url("/logout");
    browser.request(reqwest::Method::POST, logout, &[], None).await;
    assert_eq!(copied.get_json(third.own_url("/profile")).await.status, 401);
}

/// The token has expired, and its refresh token can be used once.
pub(crate) async fn calls_on_three_replicas_refresh_once(package: &str) {
    let Some(server) = PostgresServer::start().await else { return };
    let url = server.url();
    let vars = [KEYS[0], KEYS[1], ("DATABASE_URL", url.as_str())];
    let fixture = Fixture::configured(package, CONFIG, &vars).await;
    let second = fixture.replica(package, CONFIG, &vars).await;
    let third = fixture.replica(package, CONFIG, &vars).await;
    let browser = Browser::new();
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    let callback = fixture.allowed(&browser).await;
    assert_eq!(browser.get(callback).await.status, 303);
    fixture.provider().clear_faults();
    let apps = [&fixture.app, &second, &third];
    let calls = (0..100).map(|number| browser.get(apps[number % 3].own_url("/api/op/echo")));
    for page in join_all(calls).await {
        assert_eq!(page.status, 200, "{}", page.body);
    }
    assert_eq!(fixture.count(Endpoint::Token), 2, "one for the code, one for a hundred calls");
}

/// An outage of the database logs nobody in and nobody out, and needs no restart.
pub(crate) async fn stopped_database_is_503_until_it_is_back(package: &str) {
    let Some(mut server) = PostgresServer::start().await else { return };
    let url = server.url();
    let vars = [KEYS[0], KEYS[1], ("DATABASE_URL", url.as_str())];
    let fixture = Fixture::configured(package, CONFIG, &vars).await;
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    assert_eq!(browser.get(callback).await.status, 303);
    let stranger = Browser::new();
    let callback = fixture.allowed(&stranger).await;
    server.stop();
    for path in ["/profile", "/api/op/echo", "/protected"] {
        let page = browser.get_json(fixture.url(path)).await;
        assert_eq!(page.status, 503, "{path}: {}", page.body);
    }
    let page = stranger.get_json(callback.as_str()).await;
    assert_eq!(page.status, 503, "{}", page.body);
    server.resume().await;
    assert_eq!(stranger.get_json(fixture.url("/profile")).await.status, 401);
    let profile = browser.get_json(fixture.url("/profile")).await;
    assert_eq!(profile.json()["sub"], "alice", "{}", profile.body);
    let callback = fixture.allowed(&stranger).await;
    assert_eq!(stranger.get(callback).await.status, 303);
}
