//! JWT introspection responses (RFC 9701).

use authlib_core::message::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ACCEPT, CONTENT_TYPE};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::flow::{ISSUER, basic, code, get, json, post_with, provider, redeem, text};
use crate::{Fault, Provider};

const JWT: &str = "application/token-introspection+jwt";

fn ask(provider: &Provider, token: &str, accept: &str) -> Response {
    let mut headers = basic("id", "secret");
    headers.insert(ACCEPT, accept.parse().unwrap());
    post_with(provider, &format!("{ISSUER}/introspect"), &[("token", token)], headers)
}

fn part(jwt: &str, index: usize) -> Value {
    let part = jwt.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims, if they are signed with a key of the provider.
fn verified(provider: &Provider, jwt: &str) -> Option<Value> {
    let keys: JwkSet =
        serde_json::from_value(json(&get(provider, &format!("{ISSUER}/jwks")))).ok()?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    rules.validate_exp = false;
    keys.keys.iter().find_map(|jwk| {
        let key = DecodingKey::from_jwk(jwk).ok()?;
        decode::<Value>(jwt, &key, &rules).ok().map(|token| token.claims)
    })
}

fn access_token(provider: &Provider) -> String {
    let token = json(&redeem(provider, &format!("{ISSUER}/token"), &code(provider)));
    token["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn introspection_is_a_jwt_on_request() {
    let provider = provider();
    let metadata = json(&get(&provider, &format!("{ISSUER}/.well-known/openid-configuration")));
    let algorithms = metadata["introspection_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ES256")));
    let token = access_token(&provider);
    let plain = json(&ask(&provider, &token, "application/json"));
    for accept in [JWT, "application/json;q=0.5, Application/Token-Introspection+JWT;q=1"] {
        let answer = ask(&provider, &token, accept);
        assert_eq!(answer.headers()[CONTENT_TYPE], JWT);
        let jwt = text(&answer);
        let header = part(&jwt, 0);
        assert_eq!(header["typ"], "token-introspection+jwt");
        assert_eq!((&header["alg"], header["kid"].is_string()), (&json!("ES256"), true));
        let expected = json!({
            "iss": ISSUER,
            "aud": "id",
            "iat": 1_700_000_000,
            "token_introspection": plain,
        });
        assert_eq!(verified(&provider, &jwt), Some(expected));
    }
    let over = text(&ask(&provider, "unknown", JWT));
    assert_eq!(part(&over, 1)["token_introspection"], json!({ "active": false }));
    // Errors are JSON.
    assert_eq!(json(&ask(&provider, "", JWT))["error"], "invalid_request");
}

#[test]
fn faults_apply_to_jwt_introspection() {
    let provider = provider();
    let token = access_token(&provider);
    let faulty = |fault: Fault| {
        provider.clear_faults();
        provider.inject(fault);
        text(&ask(&provider, &token, JWT))
    };
    assert_eq!(part(&faulty(Fault::claim("aud", "other")), 1)["aud"], "other");
    assert_eq!(part(&faulty(Fault::without_claim("iss")), 1).get("iss"), None);
    assert_eq!(part(&faulty(Fault::header("typ", "JWT")), 0)["typ"], "JWT");
    let inside = part(&faulty(Fault::introspection("active", "yes")), 1);
    assert_eq!(inside["token_introspection"]["active"], "yes");
    assert_eq!(json(&ask(&provider, &token, "application/json"))["active"], "yes");
    for fault in [Fault::BadSignature, Fault::ForeignKey, Fault::Unsigned("none".to_owned())] {
        assert_eq!(verified(&provider, &faulty(fault.clone())), None, "{fault:?}");
    }
    provider.clear_faults();
    provider.inject(Fault::IntrospectionPlain);
    let plain = ask(&provider, &token, JWT);
    assert_eq!(plain.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(json(&plain)["active"], true);
}
