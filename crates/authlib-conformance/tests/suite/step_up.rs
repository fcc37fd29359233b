//! Step-up authentication (RFC 9470, RFC 6750 §3.1): the API requires another login.

use authlib_conformance::{Browser, Fixture, Page};
use authlib_provider::{Endpoint, Fault, Reply};
use reqwest::Method;
use serde_json::json;

const NAVIGATION: &[(&str, &str)] = &[
    ("accept", "text/html,application/xhtml+xml"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

const SCRIPT: &[(&str, &str)] = &[("accept", "application/json"), ("sec-fetch-mode", "cors")];

const PATH: &str = "/api/op/echo?q=a%20b";

async fn open(fixture: &Fixture, browser: &Browser, headers: &[(&str, &str)]) -> Page {
    browser.request(Method::GET, fixture.url(PATH), headers, None).await
}

/// Follows the redirect of the page to the login and the provider, and back to the page.
async fn log_in_again(fixture: &Fixture, browser: &Browser, page: &Page) -> Page {
    assert_eq!(page.status, 303, "{}", page.body);
    let start = browser.get(page.location()).await;
    assert_eq!(start.status, 303, "{}", start.body);
    let back = fixture.provider().approve(start.location().as_str(), "alice").unwrap();
    browser.get(back).await
}

pub(crate) async fn navigation_logs_in_as_the_api_requires_and_returns(package: &str) {
    for fault in
        [Fault::ApiNeedsAcr("urn:gold urn:silver".into()), Fault::ApiNeedsScope("pay".into())]
    {
        let fixture = Fixture::new(package).await;
        let browser = Browser::new();
        fixture.log_in(&browser).await;
        fixture.provider().inject(fault.clone());
        let page = open(&fixture, &browser, NAVIGATION).await;
        assert_eq!(page.header("cache-control"), "no-store");
        let done = log_in_again(&fixture, &browser, &page).await;
        assert_eq!(done.location().as_str(), fixture.url(PATH), "{fault:?}");
        let page = browser.request(Method::GET, done.location(), NAVIGATION, None).await;
        assert_eq!(page.status, 200, "{fault:?}: {}", page.body);
        assert_eq!(fixture.count(Endpoint::Token), 2, "{fault:?}: no refresh");
    }
}

pub(crate) async fn scripts_are_told_what_the_api_requires(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    for (fault, status, code, name, value) in [
        (
            Fault::ApiNeedsAcr("urn:gold".into()),
            401,
            "insufficient_user_authentication",
            "acr_values",
            json!("urn:gold"),
        ),
        (Fault::ApiNeedsScope("pay".into()), 403, "insufficient_scope", "scope", json!("pay")),
    ] {
        fixture.provider().clear_faults();
        fixture.provider().inject(fault);
        let page = open(&fixture, &browser, SCRIPT).await;
        assert_eq!(page.status, status, "{}", page.body);
        let body = page.json();
        assert_eq!((&body["error"], &body[name]), (&json!(code), &value), "{body}");
        assert!(body["login"].as_str().unwrap().starts_with("/login/op?step_up="), "{body}");
    }
    // A form is not sent again.
    fixture.provider().clear_faults();
    fixture.provider().inject(Fault::ApiNeedsAcr("urn:gold".into()));
    let origin = fixture.app.base_url().to_owned();
    let headers = [NAVIGATION, &[("origin", origin.as_str())]].concat();
    let page = browser.request(Method::POST, fixture.url(PATH), &headers, None).await;
    assert_eq!(page.status, 401, "{}", page.body);
    assert!(page.body.contains("href=\"/login/op?step_up="), "{}", page.body);
}

pub(crate) async fn login_that_is_not_what_the_api_requires_fails(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    fixture.provider().inject(Fault::ApiNeedsAcr("urn:gold".into()));
    fixture.provider().inject(Fault::claim("acr", "urn:silver"));
    let page = open(&fixture, &browser, NAVIGATION).await;
    assert_eq!(log_in_again(&fixture, &browser, &page).await.status, 400);
}

pub(crate) async fn token_that_is_refused_again_ends_with_an_error_page(package: &str) {
    let fixture = Fixture::new(package).await;
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    let challenge = r#"Bearer error="insufficient_scope", scope="pay""#;
    let refusal = Reply::Challenge(403, challenge.to_owned());
    fixture.provider().inject(Fault::Response(Endpoint::Api, refusal));
    let page = open(&fixture, &browser, NAVIGATION).await;
    assert_eq!(log_in_again(&fixture, &browser, &page).await.status, 303);
    let page = open(&fixture, &browser, NAVIGATION).await;
    let page = browser.request(Method::GET, page.location(), NAVIGATION, None).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(page.body.contains("not sufficient for this page"), "{}", page.body);
}
