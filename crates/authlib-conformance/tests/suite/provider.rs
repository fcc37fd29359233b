//! Faults and unusual behaviour of the provider.

use std::time::{Duration, Instant};

use authlib_conformance::{Browser, Fixture};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::json;

/// T034.
pub(crate) async fn invalid_id_tokens_are_400(package: &str) {
    let fixture = Fixture::new(package).await;
    for fault in [
        Fault::Unsigned("none".into()),
        Fault::Unsigned("NONE".into()),
        Fault::BadSignature,
        Fault::ForeignKey,
        Fault::EmbeddedJwk,
        Fault::HmacWithPublicKey,
        Fault::SignedBy("ES256".into()),
        Fault::header("kid", "unknown"),
        Fault::header("crit", json!(["exp"])),
        Fault::header("typ", "logout+jwt"),
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("aud", "other"),
        Fault::claim("aud", json!([])),
        Fault::claim("aud", json!(["app", "other"])),
        Fault::claim("azp", "other"),
        Fault::without_claim("aud"),
        Fault::without_claim("iss"),
        Fault::without_claim("sub"),
        Fault::without_claim("iat"),
        Fault::without_claim("exp"),
        Fault::claim("exp", "never"),
        Fault::ClaimTime("exp".into(), -120),
        Fault::ClaimTime("iat".into(), -7 * 24 * 3600),
        Fault::ClaimTime("nbf".into(), 3600),
        Fault::claim("nonce", "another"),
        Fault::without_claim("nonce"),
        Fault::claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
        Fault::ClaimTwice("sub".into(), json!("mallory")),
    ] {
        let page = fixture.assert_rejects(fault.clone(), 400).await;
        assert_eq!(page.json()["error"], "invalid_id_token", "{fault:?}");
    }
    assert_eq!(fixture.count(Endpoint::UserInfo), 0);
    fixture.log_in(&Browser::new()).await;
    for algorithm in ["ES256", "PS256", "EdDSA"] {
        let fixture = Fixture::with(package, |p| p.signing_alg(algorithm), "").await;
        fixture.assert_rejects(Fault::BadSignature, 400).await;
        fixture.assert_rejects(Fault::ForeignKey, 400).await;
    }
    let settings = "id_token_signed_response_alg = 'HS256'";
    let fixture = Fixture::with(package, |p| p.signing_alg("HS256"), settings).await;
    fixture.assert_rejects(Fault::BadSignature, 400).await;
    fixture.assert_rejects(Fault::ForeignKey, 400).await;
}

/// OpenID Connect Core §5.3.2.
pub(crate) async fn signed_userinfo_is_verified(package: &str) {
    let fixture = Fixture::new(package).await;
    fixture.provider().inject(Fault::UserInfoSigned(Vec::new()));
    let browser = Browser::new();
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    assert_eq!(
        browser.get_json(fixture.url("/profile")).await.json()["claims"]["name"],
        "Alice Example"
    );
    fixture.provider().clear_faults();
    for fault in [
        Fault::BadSignature,
        Fault::ForeignKey,
        Fault::Unsigned("none".into()),
        Fault::HmacWithPublicKey,
        Fault::claim("aud", "other"),
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("sub", "mallory"),
        Fault::without_claim("sub"),
    ] {
        fixture.assert_rejects(Fault::UserInfoSigned(vec![fault]), 502).await;
    }
}

pub(crate) async fn broken_provider_responses_are_502(package: &str) {
    let fixture = Fixture::new(package).await;
    let canary = format!("{}/api/canary", fixture.provider().issuer());
    for endpoint in [Endpoint::Token, Endpoint::UserInfo] {
        for reply in [
            Reply::html(500),
            Reply::html(200),
            Reply::json(200, "{"),
            Reply::json(200, "null"),
            Reply::json(429, "{}"),
            Reply::Redirect(302, canary.clone()),
            Reply::Redirect(308, canary.clone()),
            Reply::Reset,
            Reply::Truncated,
        ] {
            fixture.assert_rejects(Fault::Response(endpoint, reply), 502).await;
        }
    }
    for fault in [
        Fault::NoIdToken,
        Fault::TokenMissing("access_token".into()),
        Fault::token("access_token", json!(["x"])),
        Fault::token("error", "invalid_client"),
        Fault::token("token_type", "mac"),
        Fault::user_info("sub", "mallory"),
        Fault::UserInfoMissing("sub".into()),
    ] {
        fixture.assert_rejects(fault, 502).await;
    }
    assert_eq!(fixture.count(Endpoint::Api), 0, "no redirect was followed");
}

pub(crate) async fn broken_metadata_is_502_before_any_request(package: &str) {
    let fixture = Fixture::new(package).await;
    for fault in [
        Fault::metadata("issuer", "https://evil.example"),
        Fault::metadata("issuer", format!("{}/", fixture.provider().issuer())),
        Fault::metadata("authorization_endpoint", "javascript:alert(1)"),
        Fault::metadata("authorization_endpoint", "https:evil.example/?x=://"),
        Fault::metadata("authorization_endpoint", "https:///op.example/"),
        Fault::metadata("authorization_endpoint", "https://@op.example/"),
        Fault::metadata("authorization_endpoint", "https://op.`example/"),
        Fault::metadata("token_endpoint", "http://op.example/token"),
        Fault::metadata("authorization_endpoint", json!(null)),
        Fault::Response(Endpoint::Discovery, Reply::html(200)),
        Fault::Response(Endpoint::Discovery, Reply::Reset),
    ] {
        // A new app each time: after failures, an app backs off.
        let fixture = Fixture::new(package).await;
        fixture.assert_rejects(fault, 502).await;
        assert_eq!(fixture.count(Endpoint::Authorize) + fixture.count(Endpoint::Token), 0);
        // It recovers with the provider.
        assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
    }
    for name in ["token_endpoint", "jwks_uri"] {
        Fixture::new(package).await.assert_rejects(Fault::metadata(name, json!(null)), 502).await;
    }
    for fault in [
        Fault::Response(Endpoint::Jwks, Reply::html(500)),
        Fault::Response(Endpoint::Jwks, Reply::json(200, r#"{"keys":[]}"#)),
        Fault::Response(Endpoint::Jwks, Reply::json(200, "{}")),
    ] {
        fixture.assert_rejects(fault, 502).await;
    }
}

pub(crate) async fn provider_outage_is_502_and_app_survives(package: &str) {
    let fixture = Fixture::new(package).await;
    let (callback, browser) = {
        let browser = Browser::new();
        (fixture.allowed(&browser).await, browser)
    };
    let app = fixture.without_provider();
    let page = browser.get_json(callback.as_str()).await;
    assert_eq!(page.status, 502, "{}", page.body);
    assert_eq!(page.json()["error"], "provider_unreachable");
    let start = browser.get_json(format!("{}/login/op_two", app.base_url())).await;
    assert_eq!(start.status, 502, "{}", start.body);
    assert_eq!(browser.get(format!("{}/", app.base_url())).await.status, 200);
    let log = app.log();
    assert!(
        log.contains("could not connect to the provider") && log.contains("can be reached"),
        "{log}"
    );
}

pub(crate) async fn slow_and_endless_responses_are_bounded_in_time(package: &str) {
    let fixture = Fixture::new(package).await;
    #[expect(clippy::disallowed_methods, reason = "it is the bound on real time that is tested")]
    let began = Instant::now();
    for reply in [Reply::Oversized(100 << 20), Reply::GzipBomb(100 << 20)] {
        fixture.assert_rejects(Fault::Response(Endpoint::Token, reply), 502).await;
    }
    fixture.assert_rejects(Fault::Response(Endpoint::Token, Reply::Hang), 502).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

/// T037, T085.
pub(crate) async fn key_rotation_is_followed_at_any_time(package: &str) {
    let fixture = Fixture::new(package).await;
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303);
    fixture.provider().rotate_keys();
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "a new key");
    fixture.provider().inject(Fault::RotateBeforeSigning);
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "a new key at the last moment");
    fixture.provider().clear_faults();
    fixture.provider().rotate_keys_keeping_kid();
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "a new key under the old name");
    fixture.provider().inject(Fault::Response(Endpoint::Jwks, Reply::html(500)));
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "known keys are still used");
    // Configured keys are the only ones, even if the metadata has a `jwks_uri`.
    let other =
        r#"{ kty = "oct", kid = "other", k = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }"#;
    let fixture = Fixture::with(package, |p| p, &format!("jwks = {{ keys = [{other}] }}")).await;
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 400, "a key that is not configured");
    assert_eq!(fixture.count(Endpoint::Jwks), 0);
}

/// T035.
pub(crate) async fn missing_nonce_is_accepted_by_configuration_only(package: &str) {
    let faults = || [Fault::without_claim("nonce"), Fault::claim("nonce_supported", false)];
    for (settings, status) in [("", 400), ("dangerous_skip_nonce = true", 303)] {
        let fixture = Fixture::with(package, |p| p, settings).await;
        faults().into_iter().for_each(|fault| fixture.provider().inject(fault));
        let page = fixture.log_in(&Browser::new()).await;
        assert_eq!(page.status, status, "{settings}: {}", page.body);
    }
}

/// T036, T084.
pub(crate) async fn id_token_is_rejected_without_key_set(package: &str) {
    let fixture = Fixture::new(package).await;
    fixture.provider().inject(Fault::header("kid", "unknown"));
    fixture.assert_rejects(Fault::metadata("jwks_uri", json!(null)), 502).await;
    assert_eq!(fixture.count(Endpoint::Jwks), 0);
    assert!(fixture.app.log().contains("jwks_uri"), "{}", fixture.app.log());
}

pub(crate) async fn unusual_valid_responses_are_accepted(package: &str) {
    for fault in [
        Fault::claim("aud", json!(["app"])),
        Fault::without_claim("at_hash"),
        Fault::header("x-private", json!({ "a": 1 })),
        Fault::JwksExotic,
        Fault::JwksWithoutKid,
        Fault::MovedPaths,
        Fault::token("token_type", "bearer"),
        Fault::token("expires_in", "3600"),
        Fault::TokenMissing("expires_in".into()),
        Fault::TokenMissing("scope".into()),
        Fault::TokenMissing("refresh_token".into()),
        Fault::metadata("verify", json!(false)),
        Fault::metadata("introspection_endpoint", "http://keycloak:8080/introspect"),
        Fault::metadata("registration_endpoint", ""),
        Fault::metadata("device_authorization_endpoint", "/device"),
        Fault::metadata("revocation_endpoint_auth_methods_supported", "client_secret_basic"),
        Fault::metadata("id_token_signing_alg_values_supported", "RS256"),
        Fault::metadata("end_session_endpoint", json!([1])),
        Fault::metadata("userinfo_endpoint", json!(7)),
        Fault::metadata("require_pushed_authorization_requests", "no"),
        Fault::token("scope", json!(["openid", "profile"])),
        Fault::token("refresh_token", json!(7)),
        Fault::token("expires_in", "soon"),
    ] {
        let fixture = Fixture::new(package).await;
        fixture.provider().inject(fault.clone());
        let page = fixture.log_in(&Browser::new()).await;
        assert_eq!(page.status, 303, "{fault:?}: {}", page.body);
    }
    for algorithm in ["PS256", "ES256", "ES384", "EdDSA"] {
        let fixture = Fixture::with(package, |p| p.signing_alg(algorithm), "").await;
        assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "{algorithm}");
    }
    // No `kid` and several keys: matching keys are tried, the check is never skipped.
    let fixture = Fixture::new(package).await;
    fixture.provider().rotate_keys();
    fixture.provider().inject(Fault::JwksWithoutKid);
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "several keys without a `kid`");
    fixture.assert_rejects(Fault::BadSignature, 400).await;
    let settings = "id_token_signed_response_alg = 'HS256'";
    let fixture = Fixture::with(package, |p| p.signing_alg("HS256"), settings).await;
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 303, "HS256 when registered for it");
    let fixture = Fixture::new(package).await;
    fixture.provider().sign_with("HS256");
    assert_eq!(fixture.log_in(&Browser::new()).await.status, 400, "HS256 when not");
}

/// J9, H14.
pub(crate) async fn unknown_keys_do_not_flood_jwks_endpoint(package: &str) {
    let fixture = Fixture::new(package).await;
    for _ in 0..30 {
        fixture.assert_rejects(Fault::header("kid", "unknown"), 400).await;
    }
    assert!(fixture.count(Endpoint::Jwks) <= 2, "{}", fixture.count(Endpoint::Jwks));
    for nth in 0..30 {
        fixture.assert_rejects(Fault::header("kid", format!("unknown-{nth}")), 400).await;
    }
    assert!(fixture.count(Endpoint::Jwks) <= 6, "{}", fixture.count(Endpoint::Jwks));
}

/// RFC 9110 §9.2.2, RFC 9112 §9.3.1: a GET is repeated if its connection was closed before a response, a POST never.
pub(crate) async fn get_on_closed_connection_is_sent_once_more(package: &str) {
    let gets = [Endpoint::Discovery, Endpoint::Jwks, Endpoint::UserInfo];
    let fixture = Fixture::new(package).await;
    for endpoint in gets {
        fixture.provider().inject(Fault::ResponseLost(endpoint));
    }
    let page = fixture.log_in(&Browser::new()).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(gets.map(|endpoint| fixture.count(endpoint)), [2, 2, 2]);
    assert_eq!(fixture.count(Endpoint::Token), 1);
    // The code was used up by the lost response.
    fixture.assert_rejects(Fault::ResponseLost(Endpoint::Token), 502).await;
    assert_eq!(fixture.count(Endpoint::Token), 2);
    // Not after a timeout or a part of a response, and only once.
    for (reply, requests) in [(Reply::Reset, 2), (Reply::Truncated, 1), (Reply::Hang, 1)] {
        let fixture = Fixture::with(package, |p| p, "timeout = 1").await;
        fixture.assert_rejects(Fault::Response(Endpoint::Jwks, reply.clone()), 502).await;
        assert_eq!(fixture.count(Endpoint::Jwks), requests, "{reply:?}");
        assert_eq!(fixture.count(Endpoint::Token), 1, "{reply:?}");
    }
}
