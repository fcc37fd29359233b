//! Pushed authorization requests (RFC 9126).

use authlib_conformance::{App, Browser, Fixture};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::json;

async fn fixture(package: &str, is_required: bool, settings: &str) -> Fixture {
    Fixture::with(package, |provider| provider.pushed_authorization(is_required), settings).await
}

pub(crate) async fn pushed_request_leaves_client_and_request_uri_in_url(package: &str) {
    let fixture = fixture(package, true, "").await;
    let browser = Browser::new();
    let first = browser.get(fixture.url("/login/op")).await.location();
    let names: Vec<_> = first.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    assert!(fixture.is_alice(&browser).await);
    assert_eq!(fixture.count(Endpoint::PushedAuthorization), 2, "one for each login");
    assert!(fixture.provider().approve(first.as_str(), "alice").is_some());
    assert!(fixture.provider().approve(first.as_str(), "alice").is_none(), "used twice");
}

pub(crate) async fn failed_push_is_502_and_nothing_is_sent_by_the_browser(package: &str) {
    let fixture = fixture(package, false, "").await;
    for fault in [
        Fault::pushed_authorization("request_uri", json!(null)),
        Fault::pushed_authorization("request_uri", json!(["urn:x"])),
        Fault::pushed_authorization("expires_in", 0),
        Fault::Response(
            Endpoint::PushedAuthorization,
            Reply::json(400, r#"{"error":"invalid_request"}"#),
        ),
        Fault::Response(Endpoint::PushedAuthorization, Reply::html(200)),
        Fault::Response(Endpoint::PushedAuthorization, Reply::Reset),
    ] {
        fixture.assert_rejects(fault, 502).await;
    }
    assert_eq!(fixture.count(Endpoint::Authorize) + fixture.count(Endpoint::Token), 0);
}

pub(crate) async fn push_is_required_or_switched_off_by_configuration(package: &str) {
    let off = "use_pushed_authorization_requests = false";
    let plain = fixture(package, false, off).await;
    assert_eq!(plain.log_in(&Browser::new()).await.status, 303);
    assert_eq!(plain.count(Endpoint::PushedAuthorization), 0);
    let refused = fixture(package, true, off).await;
    assert_eq!(Browser::new().get(refused.url("/login/op")).await.status, 500);
    let required = "require_pushed_authorization_requests = true";
    let missing = Fixture::with(package, |provider| provider, required).await;
    assert_eq!(Browser::new().get(missing.url("/login/op")).await.status, 501);
    let config =
        format!("[oauth.google]\nclient_id = 'x'\nclient_secret = 'y'\n{off}\n{required}\n");
    let output = App::refuse(package, &config).await;
    assert!(output.contains("`use_pushed_authorization_requests` is false"), "{output}");
}
