//! Routes that only logged-in users may see.

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault};
use reqwest::Method;
use serde_json::json;

const NAVIGATION: &[(&str, &str)] = &[
    ("accept", "text/html,application/xhtml+xml"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

const PATH: &str = "/protected?q=a%20b&list=1&list=2&path=%2Fx%26y";

/// Logs in with a token that has expired.
async fn log_in_with_expired_token(fixture: &Fixture, browser: &Browser) {
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    fixture.log_in(browser).await;
    fixture.provider().clear_faults();
}

pub(crate) async fn navigation_logs_in_and_returns_to_exact_url(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let page = browser.request(Method::GET, fixture.url(PATH), NAVIGATION, None).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    let login = page.location();
    assert_eq!(login.path(), "/login/op");
    let page = browser.get(&login).await;
    let callback = fixture.provider().approve(page.location().as_str(), "alice").unwrap();
    let page = browser.get(callback).await;
    assert_eq!(page.location().as_str(), fixture.url(PATH));
    let page = browser.request(Method::GET, page.location(), NAVIGATION, None).await;
    assert_eq!(page.status, 200, "{}", page.body);
}

pub(crate) async fn other_requests_without_login_are_401_json(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    let html = ("accept", "text/html");
    for headers in [
        vec![("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), html],
        vec![("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe"), html],
        vec![("x-requested-with", "XMLHttpRequest"), html],
        vec![("sec-purpose", "prefetch"), html],
        vec![("accept", "application/json")],
        vec![("accept", "*/*")],
        vec![],
    ] {
        let page = browser.request(Method::GET, fixture.url(PATH), &headers, None).await;
        assert_eq!(page.status, 401, "{headers:?}");
        assert_eq!(page.json()["error"], "not_logged_in", "{headers:?}");
        assert_eq!(page.header("cache-control"), "no-store", "{headers:?}");
    }
    let preflight = [("origin", "https://other.example"), ("access-control-request-method", "GET")];
    let page = browser.request(Method::OPTIONS, fixture.url(PATH), &preflight, None).await;
    assert_ne!(page.status, 401, "{}", page.body);
}

pub(crate) async fn expired_token_is_refreshed_or_ends_login(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    log_in_with_expired_token(&fixture, &browser).await;
    let open = || browser.request(Method::GET, fixture.url(PATH), NAVIGATION, None);
    assert_eq!(open().await.status, 200);
    assert_eq!(fixture.count(Endpoint::Token), 2, "the code, and one refresh");
    log_in_with_expired_token(&fixture, &browser).await;
    fixture.provider().inject(Fault::RefreshRefused);
    let page = open().await;
    assert_eq!((page.status, page.location().path()), (303, "/login/op"), "{}", page.body);
}

pub(crate) async fn provider_outage_is_503_and_not_anonymous(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    log_in_with_expired_token(&fixture, &browser).await;
    let url = fixture.url(PATH);
    let app = fixture.without_provider();
    let page = browser.request(Method::GET, &url, NAVIGATION, None).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(!page.header("retry-after").is_empty());
    drop(app);
}

/// The `max_age` of a protected route arrives at the provider (OpenID Connect Core §3.1.2.1).
pub(crate) async fn max_age_of_login_url_is_sent_to_provider(package: &str) {
    let fixture = Fixture::new(package).await;
    let page = Browser::new().get(fixture.url("/login/op?max_age=90&next=%2Fx")).await;
    let url = page.location();
    let max_age = url.query_pairs().find(|(name, _)| name == "max_age").unwrap().1;
    assert_eq!(max_age, "90");
}
