//! Tokens in databases: a restart keeps logins, and replicas share them.

use std::time::Duration;

use authlib_conformance::{
    Browser, CONFIG, Fixture, KEYS, PostgresServer, RedisServer, Replicas, SharedDatabase,
};
use authlib_provider::{Endpoint, Fault};
use futures_util::future::join_all;
use reqwest::Method;
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

pub(crate) async fn three_replicas_over_postgres_work_as_one(package: &str) {
    let Some(server) = PostgresServer::start().await else { return };
    three_replicas_work_as_one(package, ("DATABASE_URL", &server.url())).await;
}

pub(crate) async fn three_replicas_over_redis_work_as_one(package: &str) {
    let Some(server) = RedisServer::start().await else { return };
    three_replicas_work_as_one(package, ("REDIS_URL", &server.url())).await;
}

/// All cases with the same processes.
async fn three_replicas_work_as_one(package: &str, database: (&str, &str)) {
    let replicas = Replicas::start(package, CONFIG, &[KEYS[0], KEYS[1], database]).await;
    each_step_of_a_login_is_on_another_replica(&replicas).await;
    hundred_calls_refresh_once(&replicas).await;
    refresh_is_stored_when_the_browser_hangs_up(&replicas).await;
    logout_on_the_first_is_effective_on_all(&replicas).await;
    back_channel_logout_on_the_first_is_effective_on_all(&replicas).await;
}

async fn each_step_of_a_login_is_on_another_replica(replicas: &Replicas) {
    let (fixture, browser) = (&replicas.fixture, Browser::new());
    let before = replicas.connections();
    let callback = fixture.allowed(&browser).await;
    let page = browser.get(&callback).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let profile = browser.get_json(fixture.url("/profile")).await;
    assert_eq!(profile.json()["sub"], "alice", "{}", profile.body);
    assert_eq!(replicas.connections() - before, 3, "the login, the callback, the profile");
    for app in replicas.apps() {
        let again = Browser::new().get_json(app.at(&callback)).await;
        assert_eq!(again.status, 400, "the pending login was used up");
    }
}

/// A browser whose access token has expired; the refresh token can be used once.
async fn with_expired_token(fixture: &Fixture) -> Browser {
    let browser = Browser::new();
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    fixture.provider().clear_faults();
    browser
}

async fn hundred_calls_refresh_once(replicas: &Replicas) {
    let fixture = &replicas.fixture;
    let browser = with_expired_token(fixture).await;
    let before = fixture.count(Endpoint::Token);
    let calls = (0..100).map(|_| browser.get(fixture.url("/api/op/echo")));
    for page in join_all(calls).await {
        assert_eq!(page.status, 200, "{}", page.body);
    }
    assert_eq!(fixture.count(Endpoint::Token) - before, 1, "refreshes of a hundred calls");
}

async fn refresh_is_stored_when_the_browser_hangs_up(replicas: &Replicas) {
    let fixture = &replicas.fixture;
    let browser = with_expired_token(fixture).await;
    let before = fixture.count(Endpoint::Token);
    fixture.provider().inject(Fault::Held(Endpoint::Token));
    tokio::select! {
        page = browser.get(fixture.url("/api/op/echo")) => {
            panic!("a response without a token: {}", page.status);
        }
        () = async {
            while fixture.count(Endpoint::Token) == before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    fixture.provider().clear_faults();
    for _ in replicas.apps() {
        assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    }
    assert_eq!(fixture.count(Endpoint::Token) - before, 1, "the abandoned refresh");
}

/// The statuses of `/profile` and of an API call on each replica.
async fn statuses(replicas: &Replicas, browser: &Browser) -> Vec<u16> {
    let mut statuses = Vec::new();
    for app in replicas.apps() {
        for path in ["/profile", "/api/op/echo"] {
            statuses.push(browser.get_json(app.own_url(path)).await.status);
        }
    }
    statuses
}

async fn logout_on_the_first_is_effective_on_all(replicas: &Replicas) {
    let browser = Browser::new();
    replicas.fixture.log_in(&browser).await;
    let copied = browser.copy();
    assert_eq!(statuses(replicas, &copied).await, [200; 6]);
    let logout = replicas.fixture.app.own_url("/logout");
    browser.request(Method::POST, logout, &[], None).await;
    assert_eq!(statuses(replicas, &copied).await, [401; 6]);
}

async fn back_channel_logout_on_the_first_is_effective_on_all(replicas: &Replicas) {
    let fixture = &replicas.fixture;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    assert_eq!(statuses(replicas, &browser).await, [200; 6]);
    let token = fixture.provider().logout_token("app", &json!({"sub": "alice"}));
    let url = fixture.app.own_url("/backchannel-logout/op");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = Some(format!("logout_token={token}"));
    let page = Browser::new().request(Method::POST, url, &form, body).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(statuses(replicas, &browser).await, [401; 6]);
}

pub(crate) async fn stopped_postgres_is_503_until_it_is_back(package: &str) {
    let Some(database) = SharedDatabase::postgres().await else { return };
    stopped_store_is_503_until_it_is_back(package, database).await;
}

pub(crate) async fn stopped_redis_is_503_until_it_is_back(package: &str) {
    let Some(database) = SharedDatabase::redis().await else { return };
    stopped_store_is_503_until_it_is_back(package, database).await;
}

/// An outage during login, callback, refresh and logout logs nobody in and nobody out, and needs no restart.
async fn stopped_store_is_503_until_it_is_back(package: &str, mut database: SharedDatabase) {
    let variable = database.variable(database.port());
    let vars = [KEYS[0], KEYS[1], (variable.0, variable.1.as_str())];
    let fixture = Fixture::configured(package, CONFIG, &vars).await;
    let (user, stranger, leaving) = (Browser::new(), Browser::new(), Browser::new());
    assert_eq!(fixture.log_in(&user).await.status, 303);
    assert_eq!(fixture.log_in(&leaving).await.status, 303);
    let waiting = with_expired_token(&fixture).await;
    let refreshing = with_expired_token(&fixture).await;
    let callback = fixture.allowed(&stranger).await;
    let before = fixture.count(Endpoint::Token);
    fixture.provider().inject(Fault::Held(Endpoint::Token));
    let (copy, url) = (refreshing.copy(), fixture.url("/api/op/echo"));
    let refresh = tokio::spawn(async move { copy.get_json(url).await });
    while fixture.count(Endpoint::Token) == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    database.stop();
    fixture.provider().clear_faults();
    let page = refresh.await.unwrap();
    assert_eq!(page.status, 503, "the token can't be stored: {}", page.body);
    let (get, post, nobody) = (Method::GET, Method::POST, Browser::new());
    let login = if database.is_postgres() { 303 } else { 503 };
    let requests = [
        (&user, &get, fixture.url("/profile"), 503),
        (&user, &get, fixture.url("/api/op/echo"), 503),
        (&user, &get, fixture.url("/protected"), 503),
        (&waiting, &get, fixture.url("/api/op/echo"), 503),
        (&stranger, &get, callback.to_string(), 503),
        // A pending login is in a cookie, or in Redis if there is one.
        (&nobody, &get, fixture.url("/login/op"), login),
        // The session ends without the store.
        (&leaving, &post, fixture.url("/logout"), 303),
    ];
    let requests = requests.map(|(browser, method, url, status)| async move {
        let accept = [("accept", "application/json")];
        let page = browser.request(method.clone(), &url, &accept, None).await;
        assert_eq!(page.status, status, "{}: {}", page.url.path(), page.body);
    });
    join_all(requests).await;

    database.resume().await;
    until_it_is_back(&fixture, &user).await;
    assert_eq!(stranger.get_json(fixture.url("/profile")).await.status, 401);
    assert_eq!(leaving.get_json(fixture.url("/profile")).await.status, 401);
    let before = fixture.count(Endpoint::Token);
    for browser in [&refreshing, &waiting, &user] {
        let page = browser.get_json(fixture.url("/api/op/echo")).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }
    assert_eq!(fixture.count(Endpoint::Token) - before, 1, "the other's new token was kept");
    assert_eq!(fixture.log_in(&stranger).await.status, 303);
    assert!(fixture.is_alice(&stranger).await);
}

async fn until_it_is_back(fixture: &Fixture, user: &Browser) {
    for _ in 0..100 {
        let page = user.get_json(fixture.url("/profile")).await;
        if page.status == 200 {
            return;
        }
        assert_eq!(page.status, 503, "{}", page.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the app did not recover:\n{}", fixture.app.log());
}
