//! Client assertions (RFC 7523 §3).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use http::HeaderMap;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::flow::{CALLBACK, ISSUER, VERIFIER, basic, builder, code, post_with};
use crate::{Provider, TestClient};

pub(super) const NOW: u64 = 1_700_000_000;
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn key() -> EncodingKey {
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    EncodingKey::from_ec_der(pkcs8.unwrap().as_ref())
}

/// A provider with a client that has a key and one that has a secret.
fn provider(key: &EncodingKey) -> Provider {
    let jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
    let keyed = TestClient::public("keyed").jwks(json!({ "keys": [jwk] }));
    builder()
        .client(keyed.auth_method("private_key_jwt").redirect_uri(CALLBACK))
        .client(TestClient::confidential("hmac", "hush").auth_method("client_secret_jwt"))
        .build()
}

pub(super) fn claims(client: &str, changes: &Value) -> Value {
    let mut claims = json!({"iss": client, "sub": client, "aud": ISSUER, "iat": NOW,
        "exp": NOW + 60, "jti": "j"});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

pub(super) fn signed(alg: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(alg), claims, key).unwrap()
}

/// Whether the client was authenticated; the code belongs to another client, which is checked later.
fn status(provider: &Provider, fields: &[(&str, &str)], headers: HeaderMap) -> u16 {
    let code = code(provider);
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    pairs.extend(fields);
    post_with(provider, "https://op.example/token", &pairs, headers).status().as_u16()
}

fn with_assertion(provider: &Provider, assertion: &str) -> u16 {
    let fields = [("client_assertion_type", TYPE), ("client_assertion", assertion)];
    status(provider, &fields, HeaderMap::new())
}

#[test]
fn client_assertions_are_accepted_once() {
    let key = key();
    let provider = provider(&key);
    let endpoint = "https://op.example/token";
    for (jti, audience) in [
        ("1", json!(ISSUER)),
        ("2", json!(endpoint)),
        ("3", json!([endpoint, "https://x.example"])),
    ] {
        let claims = claims("keyed", &json!({"aud": audience, "jti": jti}));
        let assertion = signed(Algorithm::ES256, &key, &claims);
        // 400: authenticated, but the code was issued to another client.
        assert_eq!(with_assertion(&provider, &assertion), 400, "{audience}");
        assert_eq!(with_assertion(&provider, &assertion), 401, "{audience} again");
    }
    let secret = EncodingKey::from_secret(b"hush");
    let assertion = signed(Algorithm::HS256, &secret, &claims("hmac", &json!({})));
    assert_eq!(with_assertion(&provider, &assertion), 400);
}

#[test]
fn invalid_client_assertions_are_rejected() {
    let key = key();
    let provider = provider(&key);
    for changes in [
        json!({"iss": "id"}),
        json!({"sub": "id"}),
        json!({"sub": "stranger", "iss": "stranger"}),
        json!({"aud": "https://other.example"}),
        json!({"aud": null}),
        json!({"exp": NOW}),
        json!({"exp": NOW + 301}),
        json!({"exp": null}),
        json!({"iat": NOW + 61}),
        json!({"nbf": NOW + 61}),
        json!({"jti": null}),
        json!({"jti": ""}),
    ] {
        let assertion = signed(Algorithm::ES256, &key, &claims("keyed", &changes));
        assert_eq!(with_assertion(&provider, &assertion), 401, "{changes}");
    }
    let stranger = signed(Algorithm::ES256, &self::key(), &claims("keyed", &json!({})));
    assert_eq!(with_assertion(&provider, &stranger), 401);
    let secret = EncodingKey::from_secret(b"hush");
    let other = signed(Algorithm::HS256, &secret, &claims("keyed", &json!({})));
    assert_eq!(with_assertion(&provider, &other), 401);
    assert_eq!(with_assertion(&provider, "a.b.c"), 401);
    // A valid assertion in a request with another credential, type or client.
    let good = signed(Algorithm::ES256, &key, &claims("keyed", &json!({})));
    let fields = [("client_assertion_type", TYPE), ("client_assertion", good.as_str())];
    assert_eq!(status(&provider, &fields, basic("id", "secret")), 400);
    let fields = [("client_assertion_type", "x"), ("client_assertion", good.as_str())];
    assert_eq!(status(&provider, &fields, HeaderMap::new()), 401);
    let fields =
        [("client_assertion_type", TYPE), ("client_assertion", good.as_str()), ("client_id", "id")];
    assert_eq!(status(&provider, &fields, HeaderMap::new()), 401);
    assert_eq!(status(&provider, &[("client_id", "keyed")], HeaderMap::new()), 401);
    assert_eq!(status(&provider, &[], basic("hmac", "hush")), 401);
    assert_eq!(with_assertion(&provider, &good), 400);
}
