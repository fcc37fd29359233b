//! Metadata and keys: fetched once, refetched for new keys, with a rate limit.

use std::time::Duration;

use authlib_core::jose::Algorithm;
use authlib_core::{ErrorKind, LogoutOptions};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::future::join_all;
use serde_json::json;

use crate::test_bed::{Browser, TestBed, location};

/// A login in a new browser.
async fn log_in(bed: &TestBed) -> Result<(), authlib_core::Error> {
    bed.log_in(&Browser::default()).await.map(|_| ())
}

fn counts(bed: &TestBed) -> [usize; 4] {
    [Endpoint::Discovery, Endpoint::Jwks, Endpoint::Token, Endpoint::UserInfo]
        .map(|endpoint| bed.provider.count(endpoint))
}

#[tokio::test]
async fn second_login_sends_only_token_and_userinfo_requests() {
    let bed = TestBed::new();
    log_in(&bed).await.unwrap();
    assert_eq!(counts(&bed), [1, 1, 1, 1]);
    log_in(&bed).await.unwrap();
    assert_eq!(counts(&bed), [1, 1, 2, 2]);
    let bed = TestBed::with(|p| p, |client| client.without_userinfo_at_login(), |oauth| oauth);
    log_in(&bed).await.unwrap();
    log_in(&bed).await.unwrap();
    assert_eq!(counts(&bed), [1, 1, 2, 0]);
}

#[tokio::test]
async fn hundred_first_logins_share_one_metadata_and_jwks_fetch() {
    let bed = TestBed::new();
    let logins = join_all((0..100).map(|_| log_in(&bed))).await;
    assert!(logins.iter().all(Result::is_ok));
    assert_eq!(counts(&bed), [1, 1, 100, 100]);
}

#[tokio::test]
async fn every_announced_public_key_algorithm_is_accepted() {
    for algorithm in
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
    {
        let bed = TestBed::with(|provider| provider.signing_alg(algorithm), |c| c, |o| o);
        log_in(&bed).await.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
    }
}

/// J2, J3: HMAC only if it is configured, and then nothing else.
#[tokio::test]
async fn only_registered_algorithm_is_accepted() {
    for (signed, registered, accepted) in [
        ("HS256", Some("HS256"), true),
        ("HS256", None, false),
        ("HS256", Some("HS512"), false),
        ("RS256", Some("HS256"), false),
        ("ES256", Some("ES256"), true),
        ("RS256", Some("ES256"), false),
        ("RS256", Some("PS256"), false),
    ] {
        let bed = TestBed::with(
            |provider| provider.signing_alg(signed),
            |client| match registered {
                Some(name) => {
                    client.id_token_signed_response_alg(Algorithm::from_name(name).unwrap())
                }
                None => client,
            },
            |oauth| oauth,
        );
        let login = log_in(&bed).await;
        assert_eq!(login.is_ok(), accepted, "{signed} as {registered:?}: {login:?}");
        if let Err(error) = login {
            // A provider with HMAC publishes no keys, which fails first.
            let kinds = [ErrorKind::InvalidIdToken, ErrorKind::InvalidResponse];
            assert!(kinds.contains(&error.kind()), "{error}");
        }
    }
}

/// J10, H15: a new key between two logins, between fetch and signature, and with the old `kid`.
#[tokio::test]
async fn rotated_keys_are_fetched_once_and_accepted() {
    let bed = TestBed::new();
    log_in(&bed).await.unwrap();
    bed.provider.rotate_keys();
    log_in(&bed).await.unwrap();
    log_in(&bed).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Jwks), 2);
    bed.provider.rotate_keys_keeping_kid();
    log_in(&bed).await.unwrap();
    log_in(&bed).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Jwks), 3);
    bed.provider.inject(Fault::RotateBeforeSigning);
    log_in(&bed).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Jwks), 4);
}

#[tokio::test]
async fn rotation_under_load_is_fetched_once() {
    let bed = TestBed::new();
    log_in(&bed).await.unwrap();
    bed.provider.rotate_keys();
    let logins = join_all((0..50).map(|_| log_in(&bed))).await;
    assert!(logins.iter().all(Result::is_ok), "{logins:?}");
    assert_eq!(bed.provider.count(Endpoint::Jwks), 2);
}

/// J9, H14: unknown `kid`s and wrong signatures cause few requests, and don't block valid logins.
#[tokio::test]
async fn flood_of_unknown_keys_causes_few_jwks_fetches() {
    let bed = TestBed::new();
    log_in(&bed).await.unwrap();
    for nth in 0..200 {
        bed.provider.inject(Fault::header("kid", format!("unknown-{nth}")));
        assert_eq!(log_in(&bed).await.unwrap_err().kind(), ErrorKind::InvalidIdToken);
        bed.provider.clear_faults();
        bed.provider.inject(Fault::ForeignKey);
        assert_eq!(log_in(&bed).await.unwrap_err().kind(), ErrorKind::InvalidIdToken);
        bed.provider.clear_faults();
    }
    let fetched = bed.provider.count(Endpoint::Jwks);
    assert!(fetched <= 5, "{fetched} fetches");
    log_in(&bed).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Jwks), fetched);
    // A minute later, one more fetch is allowed, for a real rotation.
    bed.clock.advance(Duration::from_secs(60));
    bed.provider.rotate_keys();
    log_in(&bed).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Jwks), fetched + 1);
}

/// J9.
#[tokio::test]
async fn same_unknown_key_is_looked_up_once_per_minute() {
    let bed = TestBed::new();
    log_in(&bed).await.unwrap();
    bed.provider.inject(Fault::header("kid", "unknown"));
    for _ in 0..10 {
        log_in(&bed).await.unwrap_err();
    }
    assert_eq!(bed.provider.count(Endpoint::Jwks), 2);
}

/// J2: metadata with HMAC only can't switch a client to it.
#[tokio::test]
async fn metadata_cannot_switch_client_to_hmac() {
    let bed = TestBed::with(|provider| provider.signing_alg("HS256"), |c| c, |o| o);
    let algorithms = json!(["HS256", "none"]);
    bed.provider.inject(Fault::metadata("id_token_signing_alg_values_supported", algorithms));
    let error = log_in(&bed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("id_token_signed_response_alg"), "{error}");
}

#[tokio::test]
async fn key_set_with_error_status_is_ignored() {
    let bed = TestBed::new();
    let request = http::Request::get("https://op.example/jwks").body(Default::default()).unwrap();
    let keys = bed.provider.handle(&request);
    let keys = String::from_utf8(keys.body().clone()).unwrap();
    assert!(keys.contains("kty"));
    bed.provider.inject(Fault::Response(Endpoint::Jwks, Reply::json(500, keys)));
    assert_eq!(log_in(&bed).await.unwrap_err().kind(), ErrorKind::InvalidResponse);
}

/// J11: logins continue for a day if the key set is invalid or unavailable.
#[tokio::test]
async fn last_good_document_is_used_if_new_one_is_bad() {
    let hour = Duration::from_secs(3600);
    for reply in [
        Reply::html(500),
        Reply::html(200),
        Reply::json(200, "{}"),
        Reply::json(200, r#"{"keys":[]}"#),
        Reply::json(200, "garbage"),
        Reply::Reset,
        Reply::Oversized(100 << 20),
    ] {
        let bed = TestBed::new();
        log_in(&bed).await.unwrap();
        for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
            bed.provider.inject(Fault::Response(endpoint, reply.clone()));
        }
        for _ in 0..3 {
            bed.clock.advance(hour);
            log_in(&bed).await.unwrap_or_else(|error| panic!("{reply:?}: {error}"));
        }
        bed.clock.advance(hour * 22);
        assert!(log_in(&bed).await.is_err(), "{reply:?}: a day is the end");
        bed.provider.clear_faults();
        bed.clock.advance(Duration::from_secs(60));
        log_in(&bed).await.unwrap();
    }
}

/// H27, B3: the document's issuer must match the configured one exactly, before the redirect.
#[tokio::test]
async fn metadata_of_another_issuer_starts_no_login() {
    for issuer in [
        "https://evil.example",
        "https://op.example/",
        "https://OP.example",
        "https://op.example:443",
        "http://op.example",
        "",
    ] {
        let bed = TestBed::new();
        bed.provider.inject(Fault::metadata("issuer", issuer));
        let error = bed.start(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{issuer}: {error}");
        assert!(error.to_string().contains("issuer"), "{error}");
    }
}

/// B1, S13, H26: endpoints in the document must use https, and its other members change nothing.
#[tokio::test]
async fn metadata_changes_endpoints_and_nothing_else() {
    for (name, url) in [
        ("authorization_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", "data:text/html,x"),
        ("authorization_endpoint", "http://op.example/authorize"),
        ("authorization_endpoint", "https://op.example/authorize#x"),
        ("authorization_endpoint", "https://user@op.example/authorize"),
        ("token_endpoint", "http://localhost:80@op.example/token"),
        ("jwks_uri", "http://127.0.0.1.op.example/jwks"),
    ] {
        let bed = TestBed::new();
        bed.provider.inject(Fault::metadata(name, url));
        let error = bed.start(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{url}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    // What a login can do without is not used.
    for (name, url) in [
        ("userinfo_endpoint", "http://op.example/userinfo"),
        ("end_session_endpoint", "ftp://op.example/"),
    ] {
        let bed = TestBed::new();
        bed.provider.inject(Fault::metadata(name, url));
        let browser = Browser::default();
        bed.log_in(&browser).await.unwrap();
        assert_eq!(
            bed.provider.count(Endpoint::UserInfo),
            usize::from(name != "userinfo_endpoint")
        );
        let page = bed.log_out(&browser, &[], LogoutOptions::new()).await.unwrap();
        let location = location(&page);
        assert_eq!(location == "/bye", name == "end_session_endpoint", "{location}");
    }
    let bed = TestBed::new();
    for (name, value) in [
        ("verify", json!(false)),
        ("proxies", json!({"https": "http://evil.example"})),
        ("scope", json!("admin")),
        ("client_secret", json!("x")),
        ("token_endpoint_auth_method", json!("none")),
        ("code_challenge_methods_supported", json!(["plain"])),
    ] {
        bed.provider.inject(Fault::metadata(name, value));
    }
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    // S11: S256 even if the document lists `plain` only.
    assert!(url.contains("code_challenge_method=S256"));
    assert!(url.contains("scope=openid%20profile%20email"), "{url}");
    let back = bed.provider.approve(&url, "alice").unwrap();
    bed.finish(&browser, &back).await.unwrap();
    let bed = TestBed::new();
    let endpoint = "https://op.example/authorize?tenant=1";
    bed.provider.inject(Fault::metadata("authorization_endpoint", endpoint));
    let url = bed.start(&Browser::default()).await.unwrap();
    assert!(url.starts_with("https://op.example/authorize?tenant=1&"), "{url}");
    assert!(url.contains("&response_type=code&"), "{url}");
}

/// B3: configured endpoints override the document.
#[tokio::test]
async fn configured_endpoints_override_metadata() {
    let bed = TestBed::with(
        |provider| provider,
        |client| client.token_endpoint("https://op.example/token"),
        |oauth| oauth,
    );
    bed.provider.inject(Fault::metadata("token_endpoint", "https://evil.example/token"));
    log_in(&bed).await.unwrap();
}
