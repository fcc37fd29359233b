//! Accounts that are connected to the user who is logged in.

use authlib_conformance::{Browser, Fixture, Page};
use authlib_provider::Endpoint;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

/// Logs this account in with `op`.
async fn log_in(fixture: &Fixture, browser: &Browser, account: &str) {
    let page = browser.get(fixture.url("/login/op")).await;
    let back = fixture.provider().approve(page.location().as_str(), account).unwrap();
    assert_eq!(browser.get(back).await.status, 303);
}

/// Starts to connect this account at `op_two`, and returns the URL of the callback.
async fn start(fixture: &Fixture, browser: &Browser, account: &str) -> Url {
    let page = browser.get(fixture.url("/connect/op_two")).await;
    assert_eq!(page.status, 303, "{}", page.body);
    fixture.provider().approve(page.location().as_str(), account).unwrap()
}

async fn connect(fixture: &Fixture, browser: &Browser, account: &str) -> Page {
    let back = start(fixture, browser, account).await;
    browser.get_json(back).await
}

/// The user of the browser, and the connected clients.
async fn profile(fixture: &Fixture, browser: &Browser) -> (Value, Value) {
    let page = browser.get_json(fixture.url("/profile")).await;
    (page.json()["sub"].clone(), page.json()["connected"].clone())
}

async fn post(fixture: &Fixture, browser: &Browser, path: &str, site: &str) -> Page {
    let headers = [("sec-fetch-site", site), ("accept", "application/json")];
    browser.request(Method::POST, fixture.url(path), &headers, None).await
}

pub(crate) async fn connected_account_leaves_user_until_disconnected(package: &str) {
    let fixture = Fixture::new(package).await;
    let (browser, second) = (Browser::new(), Browser::new());
    log_in(&fixture, &browser, "alice").await;
    log_in(&fixture, &second, "alice").await;
    assert_eq!(profile(&fixture, &browser).await, (json!("alice"), json!([])));
    let page = connect(&fixture, &browser, "bob").await;
    assert_eq!((page.status, page.location().path()), (303, "/"), "{}", page.body);
    let connected = (json!("alice"), json!(["op_two"]));
    assert_eq!(profile(&fixture, &browser).await, connected);
    assert_eq!(profile(&fixture, &second).await, connected, "it is the user's, not the browser's");
    assert_eq!(browser.get_json(fixture.url("/profile")).await.json()["client"], "op");
    assert_eq!(browser.get_json(fixture.url("/api/op_two/echo")).await.status, 401, "no login");
    assert_eq!(fixture.count(Endpoint::Revoke), 0);
    let page = post(&fixture, &browser, "/disconnect/op_two", "same-origin").await;
    assert_eq!((page.status, page.location().path()), (303, "/"), "{}", page.body);
    assert_eq!(fixture.count(Endpoint::Revoke), 1);
    assert_eq!(profile(&fixture, &second).await, (json!("alice"), json!([])));
}

/// A callback of one purpose never completes a flow of the other, nor that of another user.
pub(crate) async fn connection_is_finished_by_user_who_started_it(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    log_in(&fixture, &browser, "alice").await;
    let back = start(&fixture, &browser, "bob").await;
    log_in(&fixture, &browser, "carol").await;
    let page = browser.get_json(&back).await;
    assert_eq!((page.status, &page.json()["error"]), (400, &json!("invalid_callback")));
    assert_eq!(profile(&fixture, &browser).await, (json!("carol"), json!([])));
    let back = start(&fixture, &browser, "bob").await;
    post(&fixture, &browser, "/logout", "same-origin").await;
    let page = browser.get_json(&back).await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert_eq!(browser.get_json(fixture.url("/profile")).await.status, 401, "nobody logged in");
    assert_eq!(browser.get_json(&back).await.status, 400, "the callback is used up");
    for user in ["alice", "bob", "carol"] {
        log_in(&fixture, &browser, user).await;
        assert_eq!(profile(&fixture, &browser).await, (json!(user), json!([])));
    }
}

pub(crate) async fn another_site_connects_and_disconnects_nothing(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    for path in ["/connect/op_two", "/connect/nobody"] {
        assert!([401, 404].contains(&browser.get_json(fixture.url(path)).await.status), "{path}");
    }
    assert_eq!(post(&fixture, &browser, "/disconnect/op_two", "none").await.status, 401);
    log_in(&fixture, &browser, "alice").await;
    connect(&fixture, &browser, "bob").await;
    for site in ["cross-site", "same-site"] {
        let page = post(&fixture, &browser, "/disconnect/op_two", site).await;
        // The session cookie is not sent with a POST of another site.
        assert!([400, 401].contains(&page.status), "{site}: {}", page.body);
        let headers = [
            ("sec-fetch-site", site),
            ("sec-fetch-mode", "navigate"),
            ("accept", "application/json"),
        ];
        let url = fixture.url("/connect/op_two");
        let page = browser.request(Method::GET, url, &headers, None).await;
        assert_eq!((page.status, &page.json()["error"]), (400, &json!("invalid_request")));
    }
    assert_eq!(profile(&fixture, &browser).await, (json!("alice"), json!(["op_two"])));
    assert_eq!(fixture.count(Endpoint::Revoke), 0);
}

pub(crate) async fn account_is_connected_to_one_user(package: &str) {
    let fixture = Fixture::new(package).await;
    let (alice, carol) = (Browser::new(), Browser::new());
    log_in(&fixture, &alice, "alice").await;
    log_in(&fixture, &carol, "carol").await;
    assert_eq!(connect(&fixture, &alice, "bob").await.status, 303);
    assert_eq!(connect(&fixture, &alice, "bob").await.status, 303, "again");
    for (browser, account) in [(&carol, "bob"), (&alice, "dave")] {
        let page = connect(&fixture, browser, account).await;
        assert_eq!((page.status, &page.json()["error"]), (409, &json!("conflict")), "{account}");
    }
    assert_eq!(profile(&fixture, &carol).await, (json!("carol"), json!([])));
    assert_eq!(profile(&fixture, &alice).await, (json!("alice"), json!(["op_two"])));
    // Another user may have the account after the first one disconnected it.
    post(&fixture, &alice, "/disconnect/op_two", "same-origin").await;
    assert_eq!(connect(&fixture, &carol, "bob").await.status, 303);
    assert_eq!(profile(&fixture, &carol).await, (json!("carol"), json!(["op_two"])));
}
