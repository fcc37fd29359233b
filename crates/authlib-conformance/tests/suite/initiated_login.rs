//! Logins that a third party initiates (OpenID Connect Core §4).

use authlib_conformance::{Browser, Fixture};
use reqwest::Method;

/// Opens the route with these parameters.
async fn open(fixture: &Fixture, params: &[(&str, &str)]) -> authlib_conformance::Page {
    let mut url = url::Url::parse(&fixture.url("/initiate-login/op")).unwrap();
    url.query_pairs_mut().extend_pairs(params);
    Browser::new().get_json(&url).await
}

pub(crate) async fn initiated_login_passes_hint_and_returns_to_target(package: &str) {
    let fixture = Fixture::new(package).await;
    let issuer = fixture.provider().issuer().to_owned();
    let browser = Browser::new();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", &issuer)
        .append_pair("login_hint", "alice@example.com")
        .append_pair("target_link_uri", &fixture.url("/inbox?a=b"))
        .append_pair("code", "x")
        .finish();
    // A cross-site POST has no cookies: it becomes a GET.
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let url = fixture.url("/initiate-login/op");
    let page = browser.request(Method::POST, url, &headers, Some(form)).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let get = page.location();
    assert_eq!(get.path(), "/initiate-login/op");
    assert!(!get.query().unwrap().contains("code="), "{get}");
    let page = browser.get(&get).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let hint = page
        .location()
        .query_pairs()
        .find(|(name, _)| name == "login_hint")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(hint, "alice@example.com");
    let back = fixture.provider().approve(page.location().as_str(), "alice").unwrap();
    let page = browser.get(back).await;
    assert_eq!(page.location().as_str(), fixture.url("/inbox?a=b"));
    assert!(fixture.is_alice(&browser).await);
}

pub(crate) async fn initiated_login_checks_issuer_and_target(package: &str) {
    let fixture = Fixture::new(package).await;
    let issuer = fixture.provider().issuer().to_owned();
    for params in [
        vec![],
        vec![("iss", "https://evil.example")],
        vec![("iss", issuer.as_str()), ("iss", issuer.as_str())],
        vec![("iss", issuer.as_str()), ("target_link_uri", "https://evil.example/")],
        vec![("iss", issuer.as_str()), ("target_link_uri", "//evil.example/")],
        vec![("iss", issuer.as_str()), ("target_link_uri", "javascript:alert(1)")],
    ] {
        let page = open(&fixture, &params).await;
        assert_eq!(page.status, 400, "{params:?}: {}", page.body);
    }
    let evil = format!("{}.evil.example/", fixture.app.base_url());
    let page = open(&fixture, &[("iss", &issuer), ("target_link_uri", &evil)]).await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert_eq!(open(&fixture, &[("iss", &issuer)]).await.status, 303);
}
