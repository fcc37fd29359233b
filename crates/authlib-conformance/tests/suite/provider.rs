//! What a provider can do wrong, or merely otherwise.

use std::time::{Duration, Instant};

use authlib_conformance::{Browser, World};
use authlib_provider::{Endpoint, Quirk, Reply};
use serde_json::json;

pub(crate) async fn t034_t083_wrong_id_tokens_are_400(package: &str) {
    let world = World::new(package).await;
    for quirk in [
        Quirk::Unsigned("none".into()),
        Quirk::Unsigned("NONE".into()),
        Quirk::BadSignature,
        Quirk::ForeignKey,
        Quirk::EmbeddedJwk,
        Quirk::HmacWithPublicKey,
        Quirk::SignedBy("ES256".into()),
        Quirk::header("kid", "unknown"),
        Quirk::header("crit", json!(["exp"])),
        Quirk::header("typ", "logout+jwt"),
        Quirk::claim("iss", "https://evil.example"),
        Quirk::claim("aud", "other"),
        Quirk::claim("aud", json!([])),
        Quirk::claim("aud", json!(["app", "other"])),
        Quirk::claim("azp", "other"),
        Quirk::without_claim("aud"),
        Quirk::without_claim("iss"),
        Quirk::without_claim("sub"),
        Quirk::without_claim("iat"),
        Quirk::without_claim("exp"),
        Quirk::claim("exp", "never"),
        Quirk::ClaimTime("exp".into(), -120),
        Quirk::ClaimTime("iat".into(), -7 * 24 * 3600),
        Quirk::ClaimTime("nbf".into(), 3600),
        Quirk::claim("nonce", "another"),
        Quirk::without_claim("nonce"),
        Quirk::claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
        Quirk::ClaimTwice("sub".into(), json!("mallory")),
    ] {
        let page = world.refuses(quirk.clone(), 400).await;
        assert_eq!(page.json()["error"], "invalid_id_token", "{quirk:?}");
    }
    assert_eq!(world.count(Endpoint::UserInfo), 0);
    world.log_in(&Browser::new()).await;
    // T083: an issuer that the settings accept, and no other.
    let settings = "accepted_issuers = ['https://also.example']";
    let also = World::with(package, |p| p, settings).await;
    also.refuses(Quirk::claim("iss", "https://evil.example"), 400).await;
    also.provider().misbehave(Quirk::claim("iss", "https://also.example"));
    assert_eq!(also.log_in(&Browser::new()).await.status, 303);
    for algorithm in ["ES256", "PS256", "EdDSA"] {
        let world = World::with(package, |p| p.signing_alg(algorithm), "").await;
        world.refuses(Quirk::BadSignature, 400).await;
        world.refuses(Quirk::ForeignKey, 400).await;
    }
    let settings = "id_token_signed_response_alg = 'HS256'";
    let world = World::with(package, |p| p.signing_alg("HS256"), settings).await;
    world.refuses(Quirk::BadSignature, 400).await;
    world.refuses(Quirk::ForeignKey, 400).await;
}

pub(crate) async fn broken_answers_are_502(package: &str) {
    let world = World::new(package).await;
    let canary = format!("{}/api/canary", world.provider().issuer());
    for endpoint in [Endpoint::Token, Endpoint::UserInfo] {
        for reply in [
            Reply::html(500),
            Reply::html(200),
            Reply::json(200, "{"),
            Reply::json(200, "null"),
            Reply::json(429, "{}"),
            Reply::Redirect(302, canary.clone()),
            Reply::Redirect(308, canary.clone()),
            Reply::Cut,
            Reply::Half,
        ] {
            world.refuses(Quirk::Answer(endpoint, reply), 502).await;
        }
    }
    for quirk in [
        Quirk::NoIdToken,
        Quirk::TokenMissing("access_token".into()),
        Quirk::token("access_token", json!(["x"])),
        Quirk::token("error", "invalid_client"),
        Quirk::token("token_type", "mac"),
        Quirk::token("expires_in", "soon"),
        Quirk::user_info("sub", "mallory"),
        Quirk::UserInfoMissing("sub".into()),
    ] {
        world.refuses(quirk, 502).await;
    }
    assert_eq!(world.count(Endpoint::Api), 0, "no redirect was followed");
}

pub(crate) async fn broken_metadata_are_502_before_anything_is_sent(package: &str) {
    let world = World::new(package).await;
    for quirk in [
        Quirk::metadata("issuer", "https://evil.example"),
        Quirk::metadata("issuer", format!("{}/", world.provider().issuer())),
        Quirk::metadata("authorization_endpoint", "javascript:alert(1)"),
        Quirk::metadata("token_endpoint", "http://op.example/token"),
        Quirk::metadata("authorization_endpoint", json!(null)),
        Quirk::Answer(Endpoint::Discovery, Reply::html(200)),
        Quirk::Answer(Endpoint::Discovery, Reply::Cut),
    ] {
        // A fresh app each time: one that failed often asks more rarely.
        let world = World::new(package).await;
        world.refuses(quirk, 502).await;
        assert_eq!(world.count(Endpoint::Authorize) + world.count(Endpoint::Token), 0);
        // It recovers as soon as the provider does.
        assert_eq!(world.log_in(&Browser::new()).await.status, 303);
    }
    for name in ["token_endpoint", "jwks_uri"] {
        World::new(package).await.refuses(Quirk::metadata(name, json!(null)), 502).await;
    }
    for quirk in [
        Quirk::Answer(Endpoint::Jwks, Reply::html(500)),
        Quirk::Answer(Endpoint::Jwks, Reply::json(200, r#"{"keys":[]}"#)),
        Quirk::Answer(Endpoint::Jwks, Reply::json(200, "{}")),
    ] {
        world.refuses(quirk, 502).await;
    }
}

pub(crate) async fn a_provider_that_is_down_is_a_502_and_the_app_lives_on(package: &str) {
    let world = World::new(package).await;
    let (callback, browser) = {
        let browser = Browser::new();
        (world.allowed(&browser).await, browser)
    };
    let app = world.without_provider();
    let page = browser.get_json(callback.as_str()).await;
    assert_eq!(page.status, 502, "{}", page.body);
    assert_eq!(page.json()["error"], "provider_unreachable");
    let start = browser.get_json(format!("{}/login/op_two", app.base_url())).await;
    assert_eq!(start.status, 502, "{}", start.body);
    assert_eq!(browser.get(format!("{}/", app.base_url())).await.status, 200);
    let log = app.log();
    assert!(
        log.contains("no connection to the provider") && log.contains("can be reached"),
        "{log}"
    );
}

pub(crate) async fn slow_and_endless_answers_cost_bounded_time(package: &str) {
    let world = World::new(package).await;
    #[expect(clippy::disallowed_methods, reason = "it is the bound on real time that is tested")]
    let began = Instant::now();
    for reply in [Reply::Huge(100 << 20), Reply::GzipBomb(100 << 20)] {
        world.refuses(Quirk::Answer(Endpoint::Token, reply), 502).await;
    }
    world.refuses(Quirk::Answer(Endpoint::Token, Reply::Hang), 502).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

pub(crate) async fn t037_t085_keys_may_rotate_at_any_moment(package: &str) {
    let world = World::new(package).await;
    assert_eq!(world.log_in(&Browser::new()).await.status, 303);
    world.provider().rotate_keys();
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "a new key");
    world.provider().misbehave(Quirk::RotateBeforeSigning);
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "a new key at the last moment");
    world.provider().behave();
    world.provider().rotate_keys_keeping_the_kid();
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "a new key under the old name");
    world.provider().misbehave(Quirk::Answer(Endpoint::Jwks, Reply::html(500)));
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "known keys serve on");
    // Registered keys are the only ones, wherever the metadata say that there are others.
    let other =
        r#"{ kty = "oct", kid = "other", k = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }"#;
    let world = World::with(package, |p| p, &format!("jwks = {{ keys = [{other}] }}")).await;
    assert_eq!(world.log_in(&Browser::new()).await.status, 400, "a key that is not registered");
    assert_eq!(world.count(Endpoint::Jwks), 0);
}

pub(crate) async fn t035_a_token_without_a_nonce_is_taken_by_the_settings_and_not_by_its_own_word(
    package: &str,
) {
    let quirks = || [Quirk::without_claim("nonce"), Quirk::claim("nonce_supported", false)];
    for (settings, status) in [("", 400), ("dangerous_skip_nonce = true", 303)] {
        let world = World::with(package, |p| p, settings).await;
        quirks().into_iter().for_each(|quirk| world.provider().misbehave(quirk));
        let page = world.log_in(&Browser::new()).await;
        assert_eq!(page.status, status, "{settings}: {}", page.body);
    }
}

pub(crate) async fn t036_t084_without_a_key_set_no_id_token_is_believed(package: &str) {
    let world = World::new(package).await;
    world.provider().misbehave(Quirk::header("kid", "unknown"));
    world.refuses(Quirk::metadata("jwks_uri", json!(null)), 502).await;
    assert_eq!(world.count(Endpoint::Jwks), 0);
    assert!(world.app.log().contains("jwks_uri"), "{}", world.app.log());
}

pub(crate) async fn unusual_answers_are_accepted(package: &str) {
    for quirk in [
        Quirk::claim("aud", json!(["app"])),
        Quirk::without_claim("at_hash"),
        Quirk::header("x-private", json!({ "a": 1 })),
        Quirk::JwksExotic,
        Quirk::JwksWithoutKid,
        Quirk::MovedPaths,
        Quirk::token("token_type", "bearer"),
        Quirk::token("expires_in", "3600"),
        Quirk::TokenMissing("expires_in".into()),
        Quirk::TokenMissing("scope".into()),
        Quirk::TokenMissing("refresh_token".into()),
        Quirk::metadata("verify", json!(false)),
    ] {
        let world = World::new(package).await;
        world.provider().misbehave(quirk.clone());
        let page = world.log_in(&Browser::new()).await;
        assert_eq!(page.status, 303, "{quirk:?}: {}", page.body);
    }
    for algorithm in ["PS256", "ES256", "ES384", "EdDSA"] {
        let world = World::with(package, |p| p.signing_alg(algorithm), "").await;
        assert_eq!(world.log_in(&Browser::new()).await.status, 303, "{algorithm}");
    }
    // No `kid` and several keys: those that fit are tried, the check is never skipped.
    let world = World::new(package).await;
    world.provider().rotate_keys();
    world.provider().misbehave(Quirk::JwksWithoutKid);
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "several keys without a `kid`");
    world.refuses(Quirk::BadSignature, 400).await;
    let settings = "id_token_signed_response_alg = 'HS256'";
    let world = World::with(package, |p| p.signing_alg("HS256"), settings).await;
    assert_eq!(world.log_in(&Browser::new()).await.status, 303, "HS256 when registered for it");
    let world = World::new(package).await;
    world.provider().sign_with("HS256");
    assert_eq!(world.log_in(&Browser::new()).await.status, 400, "HS256 when not");
}

/// J9, H14.
pub(crate) async fn unknown_keys_do_not_make_us_hammer_the_provider(package: &str) {
    let world = World::new(package).await;
    for _ in 0..30 {
        world.refuses(Quirk::header("kid", "unknown"), 400).await;
    }
    assert!(world.count(Endpoint::Jwks) <= 2, "{}", world.count(Endpoint::Jwks));
    for nth in 0..30 {
        world.refuses(Quirk::header("kid", format!("unknown-{nth}")), 400).await;
    }
    assert!(world.count(Endpoint::Jwks) <= 6, "{}", world.count(Endpoint::Jwks));
}
