//! Logins whose token is not kept (`keep_token`).

use authlib_conformance::{App, Browser, CONFIG, Fixture, KEYS, PostgresServer, RedisServer};
use authlib_provider::{Endpoint, Fault};
use reqwest::Method;
use serde_json::json;

/// The configuration of a client that keeps no tokens.
fn config() -> String {
    format!("{CONFIG}keep_token = false\nkeep_claims = ['name']\n")
}

/// The replicas share their keys, and have a database each.
pub(crate) async fn login_keeps_chosen_claims_on_every_replica(package: &str) {
    let fixture = Fixture::configured(package, &config(), &KEYS).await;
    let replica = fixture.replica(package, &config(), &KEYS).await;
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    let requests = fixture.count(Endpoint::Token);
    for url in [fixture.url("/profile"), replica.own_url("/profile")] {
        let profile = browser.get_json(url).await;
        assert_eq!(profile.status, 200, "{}", profile.body);
        let profile = profile.json();
        assert_eq!((&profile["sub"], &profile["token"]), (&json!("alice"), &json!(null)));
        let claims = profile["claims"].as_object().unwrap();
        let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
        names.retain(|name| *name != "auth_time");
        assert_eq!(names, ["iss", "name", "sub"]);
    }
    let page = browser.get_json(replica.own_url("/protected")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for path in ["/api/op/echo", "/userinfo/op"] {
        let page = browser.get_json(fixture.url(path)).await;
        assert_eq!(page.status, 500, "{path}: {}", page.body);
    }
    assert!(fixture.app.log().contains("`keep_token`"), "{}", fixture.app.log());
    assert_eq!(fixture.count(Endpoint::Token), requests);
}

pub(crate) async fn login_without_token_ends_everywhere(package: &str) {
    let fixture = Fixture::configured(package, &config(), &KEYS).await;
    for by in ENDINGS {
        let browser = logged_in(&fixture).await;
        let copy = browser.copy();
        assert!(fixture.is_alice(&copy).await);
        end(&fixture, &browser, by).await;
        assert!(!fixture.is_alice(&copy).await && !fixture.is_alice(&browser).await, "{by}");
    }
}

pub(crate) async fn login_without_token_works_over_a_sqlite_file(package: &str) {
    let folder =
        std::env::temp_dir().join(format!("authlib-none-{package}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}/tokens.sqlite", folder.display());
    login_without_token_works_over(package, ("DATABASE_URL", &url)).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

pub(crate) async fn login_without_token_works_over_postgres(package: &str) {
    let Some(server) = PostgresServer::start().await else { return };
    login_without_token_works_over(package, ("DATABASE_URL", &server.url())).await;
}

pub(crate) async fn login_without_token_works_over_redis(package: &str) {
    let Some(server) = RedisServer::start().await else { return };
    login_without_token_works_over(package, ("REDIS_URL", &server.url())).await;
    let keys = server.command("KEYS *").unwrap();
    assert!(keys.contains("authlib:ended:"), "{keys}");
    assert!(!keys.contains(":row"), "a token is stored: {keys}");
}

/// Two processes over one database. The first ends logins; the second, which restarts, must not accept them any more.
async fn login_without_token_works_over(package: &str, database: (&str, &str)) {
    let vars = [KEYS[0], KEYS[1], database];
    let fixture = Fixture::configured(package, &config(), &vars).await;
    let mut replica = fixture.replica(package, &config(), &vars).await;
    let mut ended = Vec::new();
    for by in ENDINGS {
        let browser = logged_in(&fixture).await;
        let copy = browser.copy();
        assert_eq!(profile_status(&replica, &copy).await, 200, "{by}");
        end(&fixture, &browser, by).await;
        assert_eq!(profile_status(&replica, &copy).await, 401, "{by}");
        ended.push((by, copy));
    }
    // This login starts on the first replica and ends on the second one.
    let browser = Browser::new();
    let callback = fixture.allowed(&browser).await;
    assert_eq!(browser.get(replica.at(&callback)).await.status, 303);
    replica.stop("TERM").await;
    let restarted = fixture.replica(package, &config(), &vars).await;
    assert_eq!(profile_status(&restarted, &browser).await, 200, "{}", restarted.log());
    for (by, copy) in ended {
        assert_eq!(profile_status(&restarted, &copy).await, 401, "{by}, after a restart");
    }
}

/// The ways in which [`end`] ends a login.
const ENDINGS: [&str; 5] = ["logout", "sid", "front channel", "sub", "everywhere"];

/// A browser in which Alice logged in, with the session `s1` at the provider.
async fn logged_in(fixture: &Fixture) -> Browser {
    let browser = Browser::new();
    fixture.provider().inject(Fault::claim("sid", "s1"));
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    fixture.provider().clear_faults();
    browser
}

async fn profile_status(app: &App, browser: &Browser) -> u16 {
    browser.get_json(app.own_url("/profile")).await.status
}

/// Ends the login: by the browser itself, or by the provider, whose requests have no cookies.
async fn end(fixture: &Fixture, browser: &Browser, by: &str) {
    let page = match by {
        "logout" | "everywhere" => {
            let path = if by == "logout" { "/logout" } else { "/logout-everywhere" };
            browser.request(Method::POST, fixture.url(path), &[], None).await
        }
        "front channel" => {
            let issuer = fixture.provider().issuer();
            let path = format!("/frontchannel-logout/op?iss={issuer}&sid=s1");
            Browser::new().get(fixture.url(&path)).await
        }
        _ => {
            let claims = if by == "sid" { json!({"sid": "s1"}) } else { json!({"sub": "alice"}) };
            let token = fixture.provider().logout_token("app", &claims);
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let (url, body) =
                (fixture.url("/backchannel-logout/op"), format!("logout_token={token}"));
            Browser::new().request(Method::POST, url, &form, Some(body)).await
        }
    };
    assert!([200, 303].contains(&page.status), "{by}: {}", page.body);
}
