//! Logins whose token is not kept (`keep_token`).

use authlib_conformance::{Browser, CONFIG, Fixture, KEYS};
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
    for by in ["logout", "provider", "everywhere"] {
        let browser = Browser::new();
        fixture.provider().inject(Fault::claim("sid", "s1"));
        fixture.log_in(&browser).await;
        fixture.provider().clear_faults();
        let copy = browser.copy();
        assert!(fixture.is_alice(&copy).await);
        match by {
            "provider" => {
                let token = fixture.provider().logout_token("app", &json!({"sid": "s1"}));
                let form = [("content-type", "application/x-www-form-urlencoded")];
                let (url, body) =
                    (fixture.url("/backchannel-logout/op"), format!("logout_token={token}"));
                let page = Browser::new().request(Method::POST, url, &form, Some(body)).await;
                assert_eq!(page.status, 200, "{}", page.body);
            }
            _ => {
                let path = if by == "logout" { "/logout" } else { "/logout-everywhere" };
                let page = browser.request(Method::POST, fixture.url(path), &[], None).await;
                assert_eq!(page.status, 303, "{by}: {}", page.body);
            }
        }
        assert!(!fixture.is_alice(&copy).await && !fixture.is_alice(&browser).await, "{by}");
    }
}
