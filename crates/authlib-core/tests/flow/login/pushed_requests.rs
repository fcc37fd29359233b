//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use authlib_core::oauth2::AssertionAudience;
use authlib_core::{ClientConfig, ErrorKind};
use authlib_provider::{Endpoint, Fault, Reply, TestClient};
use serde_json::json;
use url::Url;

use crate::test_bed::keys::{P256, public_jwk};
use crate::test_bed::{Browser, CALLBACK, ISSUER, TestBed};

fn bed(is_required: bool, client: impl FnOnce(ClientConfig) -> ClientConfig) -> TestBed {
    TestBed::with(|provider| provider.pushed_authorization(is_required), client, |oauth| oauth)
}

fn names(url: &str) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

#[tokio::test]
async fn offered_request_is_pushed_and_used_once() {
    for is_required in [false, true] {
        let bed = bed(is_required, |client| client);
        let browser = Browser::default();
        let url = bed.start(&browser).await.unwrap();
        assert_eq!(names(&url), ["client_id", "request_uri"]);
        assert_ne!(url, bed.start(&browser).await.unwrap(), "each login has its own request");
        let back = bed.provider.approve(&url, "alice").unwrap();
        assert!(bed.provider.approve(&url, "alice").is_none(), "used twice");
        assert_eq!(bed.finish(&browser, &back).await.unwrap().login.sub.as_deref(), Some("alice"));
        let late = bed.start(&browser).await.unwrap();
        bed.clock.advance(Duration::from_secs(61));
        assert!(bed.provider.approve(&late, "alice").is_none(), "expired");
    }
}

#[tokio::test]
async fn failed_push_sends_nothing_through_the_browser() {
    for fault in [
        Fault::pushed_authorization("request_uri", json!(null)),
        Fault::pushed_authorization("expires_in", 0),
        Fault::pushed_authorization("error", "invalid_request"),
        Fault::Response(Endpoint::PushedAuthorization, Reply::json(400, "{}")),
    ] {
        let bed = bed(false, |client| client);
        bed.provider.inject(fault.clone());
        let error = bed.start(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{fault:?}: {error}");
        assert_eq!(bed.provider.count(Endpoint::PushedAuthorization), 1, "{fault:?}: sent once");
    }
}

#[tokio::test]
async fn required_push_is_never_left_out() {
    let off = |client: ClientConfig| client.without_pushed_authorization_requests();
    let url = bed(false, off).start(&Browser::default()).await.unwrap();
    assert!(names(&url).contains(&"state".to_owned()));
    let error = bed(true, off).start(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    // The provider offers none, or says that it requires what it does not have.
    let required = TestBed::with(
        |provider| provider,
        |client| client.require_pushed_authorization_requests(),
        |oauth| oauth,
    );
    let plain = TestBed::new();
    plain.provider.inject(Fault::metadata("require_pushed_authorization_requests", true));
    for bed in [required, plain] {
        let error = bed.start(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}

/// RFC 9126 §2: the client authenticates as at the token endpoint.
#[tokio::test]
async fn client_authenticates_when_it_pushes() {
    let keys = json!({ "keys": [public_jwk("p256", "k1")] });
    for audience in [AssertionAudience::Issuer, AssertionAudience::TokenEndpoint] {
        let client = TestClient::public("keyed").jwks(keys.clone()).redirect_uri(CALLBACK);
        let bed = TestBed::with(
            |provider| provider.client(client).pushed_authorization(true),
            |_| {
                let client = ClientConfig::new("op").client_id("keyed").private_key(P256);
                client.private_key_id("k1").client_assertion_audience(audience).issuer(ISSUER)
            },
            |oauth| oauth,
        );
        bed.log_in(&Browser::default()).await.unwrap();
    }
    let wrong = bed(true, |client| client.client_secret("wrong"));
    let error = wrong.start(&Browser::default()).await.unwrap_err();
    assert!(error.to_string().contains("pushed authorization request"), "{error}");
}
