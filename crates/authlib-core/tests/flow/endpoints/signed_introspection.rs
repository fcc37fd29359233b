//! Signed introspection responses (RFC 9701): which are accepted and which are not.

use authlib_core::jose::Algorithm;
use authlib_core::{ClientConfig, ErrorKind, Grant, Introspection, OAuth2Client, Result, Secret};
use authlib_provider::{Endpoint, Fault, Reply};
use serde_json::{Value, json};

use crate::test_bed::service::{service, service_bed};
use crate::test_bed::{ISSUER, TestBed, client, sent};

const SIGNED: &str = "application/token-introspection+jwt";

fn config() -> ClientConfig {
    service()
        .issuer(ISSUER)
        .introspection_endpoint("")
        .introspection_signed_response_alg(Algorithm::Rs256)
}

/// A client that requires signed responses, and its token.
async fn setup(config: ClientConfig) -> (TestBed, OAuth2Client, Secret) {
    let bed = service_bed();
    let client = client(&bed, config);
    let token = client.registered_client().fetch_token(Grant::client_credentials()).await.unwrap();
    bed.provider.clear_requests();
    (bed, client, token.access_token)
}

async fn ask(client: &OAuth2Client, token: &Secret) -> Result<Introspection> {
    client.introspect_token(token, None).await
}

#[tokio::test]
async fn signed_introspection_is_requested_and_verified() {
    let (bed, client, token) = setup(config()).await;
    let about = ask(&client, &token).await.unwrap();
    assert!(about.active());
    assert_eq!((about.sub(), about.scope()), (Some("service"), Some("read")));
    assert_eq!(sent(&bed, Endpoint::Introspect)[0].header("accept"), Some(SIGNED));
    assert!(!ask(&client, &"unknown".into()).await.unwrap().active());
    assert_eq!(bed.provider.count(Endpoint::Jwks), 1, "the keys are kept");
    // Without the setting, the response is not signed.
    let (bed, plain, token) = setup(service()).await;
    assert!(ask(&plain, &token).await.unwrap().active());
    assert_eq!(sent(&bed, Endpoint::Introspect)[0].header("accept"), Some("application/json"));
    assert_eq!(bed.provider.count(Endpoint::Jwks), 0);
}

#[tokio::test]
async fn rotated_keys_are_refetched_once_for_introspection() {
    for keeping in [false, true] {
        let (bed, client, token) = setup(config()).await;
        ask(&client, &token).await.unwrap();
        if keeping {
            bed.provider.rotate_keys_keeping_kid();
        } else {
            bed.provider.rotate_keys();
        }
        for _ in 0..3 {
            assert!(ask(&client, &token).await.unwrap().active());
        }
        assert_eq!(bed.provider.count(Endpoint::Jwks), 2);
    }
}

/// RFC 9701 §8.1 and §5: other signed tokens of the provider are not introspection responses.
#[tokio::test]
async fn invalid_signed_introspection_is_rejected() {
    for (fault, says) in [
        (Fault::IntrospectionPlain, "plain JSON"),
        (Fault::claim("iss", "https://evil.example"), "`iss`"),
        (Fault::claim("iss", format!("{ISSUER}/")), "`iss`"),
        (Fault::without_claim("iss"), "claims"),
        (Fault::claim("aud", "another"), "`aud`"),
        (Fault::claim("aud", json!(["another"])), "`aud`"),
        (Fault::claim("aud", "SERVICE"), "`aud`"),
        (Fault::without_claim("aud"), ""),
        (Fault::without_claim("iat"), "claims"),
        (Fault::ClaimTime("exp".into(), -3600), "claims"),
        (Fault::ClaimTime("nbf".into(), 3600), "claims"),
        (Fault::header("typ", "JWT"), "`typ`"),
        (Fault::header("typ", "at+jwt"), "`typ`"),
        (Fault::header("typ", Value::Null), "`typ`"),
        (Fault::claim("token_introspection", "active"), "`token_introspection`"),
        (Fault::without_claim("token_introspection"), "`token_introspection`"),
        (Fault::introspection("active", Value::Null), ""),
        (Fault::introspection("active", "true"), ""),
        (Fault::BadSignature, "signature"),
        (Fault::ForeignKey, "signature"),
        (Fault::EmbeddedJwk, "signature"),
        (Fault::HmacWithPublicKey, "signature"),
        (Fault::SignedBy("RS512".into()), "signature"),
        (Fault::SignedBy("ES256".into()), "signature"),
        (Fault::Unsigned("none".into()), "signature"),
        (Fault::Unsigned("nOnE".into()), "signature"),
        (Fault::ClaimTwice("aud".into(), json!("service")), ""),
        (Fault::header("crit", json!(["x"])), "signature"),
    ] {
        let (bed, client, token) = setup(config()).await;
        bed.provider.inject(fault.clone());
        let error = ask(&client, &token).await.expect_err(&format!("{fault:?}"));
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{fault:?}: {error}");
        assert_eq!(error.client(), Some("service"));
        assert!(error.to_string().contains(says), "{fault:?}: {error}");
        assert!(!format!("{error} {error:?}").contains(token.expose()), "{fault:?}");
        assert!(bed.provider.count(Endpoint::Jwks) <= 2, "{fault:?}");
        bed.provider.clear_faults();
        assert!(ask(&client, &token).await.unwrap().active(), "{fault:?}");
    }
}

#[tokio::test]
async fn unsigned_introspection_response_is_distinguished() {
    let reply = |status, content_type: &str, body: &str| Reply::Body {
        status,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    };
    for (reply, kind) in [
        (Reply::html(200), ErrorKind::InvalidResponse),
        (Reply::Reset, ErrorKind::Transport),
        (reply(200, SIGNED, "no token"), ErrorKind::InvalidResponse),
        (reply(200, SIGNED, ""), ErrorKind::InvalidResponse),
        (reply(200, "application/jwt", "a.b.c"), ErrorKind::InvalidResponse),
        (reply(200, SIGNED, "a.b.c.d.e"), ErrorKind::InvalidResponse),
        (
            reply(401, "application/json", r#"{"error":"invalid_client"}"#),
            ErrorKind::InvalidResponse,
        ),
        (reply(400, SIGNED, "a.b.c"), ErrorKind::InvalidResponse),
        (Reply::Redirect(302, "https://evil.example/".into()), ErrorKind::InvalidResponse),
    ] {
        let (bed, client, token) = setup(config()).await;
        bed.provider.inject(Fault::Response(Endpoint::Introspect, reply.clone()));
        let error = ask(&client, &token).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{reply:?}: {error}");
        assert_eq!(bed.provider.count(Endpoint::Introspect), 1);
        assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);
    }
}

/// A flood of responses with unknown keys causes few JWKS requests.
#[tokio::test]
async fn introspection_with_unknown_keys_does_not_flood_jwks() {
    let (bed, client, token) = setup(config()).await;
    ask(&client, &token).await.unwrap();
    for number in 0..50 {
        bed.provider.clear_faults();
        bed.provider.inject(Fault::header("kid", format!("unknown-{number}")));
        ask(&client, &token).await.unwrap_err();
    }
    assert!(bed.provider.count(Endpoint::Jwks) <= 6);
}

/// HMAC with the client secret is for ID tokens only.
#[tokio::test]
async fn signed_introspection_uses_jwks_even_if_id_tokens_use_hmac() {
    let (_world, client, token) =
        setup(config().id_token_signed_response_alg(Algorithm::Hs256)).await;
    assert!(ask(&client, &token).await.unwrap().active());
}

/// RFC 8725 §3.1.
#[tokio::test]
async fn introspection_algorithm_must_be_registered_one() {
    for alg in ["ES256", "PS256", "EdDSA"] {
        let registered = Algorithm::from_name(alg).unwrap();
        let config = config().introspection_signed_response_alg(registered);
        let (bed, client, token) = setup(config).await;
        ask(&client, &token).await.unwrap_err();
        bed.provider.sign_with(alg);
        bed.clock.advance(std::time::Duration::from_secs(600));
        assert!(ask(&client, &token).await.unwrap().active(), "{alg}");
    }
}
