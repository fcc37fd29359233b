//! The grants without a browser: client credentials, password, JWT bearer and token exchange.

use http::HeaderMap;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::assertion::{NOW, claims, key, signed};
use super::flow::{
    ISSUER, basic, builder, code, get, get_as, json, post_with, provider, redeem, refresh,
};
use crate::{Provider, TestUser};

const TOKEN: &str = "https://op.example/token";
const INTROSPECT: &str = "https://op.example/introspect";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const STS: &str = "https://sts.example";

fn ask(provider: &Provider, fields: &[(&str, &str)]) -> Value {
    json(&post_with(provider, TOKEN, fields, basic("id", "secret")))
}

fn about(provider: &Provider, answer: &Value) -> Value {
    let token = answer["access_token"].as_str().unwrap();
    json(&post_with(provider, INTROSPECT, &[("token", token)], basic("id", "secret")))
}

/// A provider that trusts the JWTs of [`STS`].
fn trusting(key: &EncodingKey) -> Provider {
    let jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
    builder().assertion_issuer(STS, json!({ "keys": [jwk] })).build()
}

fn jwt(key: &EncodingKey, changes: &Value) -> String {
    let mut all = json!({ "iss": STS, "sub": "bob" });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    signed(Algorithm::ES256, key, &claims("", &all))
}

#[test]
fn discovery_lists_all_grants() {
    let metadata = json(&get(&provider(), &format!("{ISSUER}/.well-known/openid-configuration")));
    let announced = metadata["grant_types_supported"].as_array().unwrap();
    for grant in ["authorization_code", "client_credentials", "password", JWT_BEARER, EXCHANGE] {
        assert!(announced.contains(&json!(grant)), "{grant}");
    }
}

#[test]
fn client_credentials_require_a_confidential_client() {
    let provider = provider();
    let asked = [
        ("grant_type", "client_credentials"),
        ("scope", "openid a b"),
        ("audience", "x"),
        ("audience", "y"),
    ];
    let answer = ask(&provider, &asked);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], "openid a b");
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    let about = about(&provider, &answer);
    assert_eq!((&about["sub"], &about["client_id"]), (&json!("id"), &json!("id")));
    assert_eq!(about["aud"], json!(["x", "y"]));
    let bare = ask(&provider, &[("grant_type", "client_credentials")]);
    assert_eq!(bare.get("scope"), None);
    let public = [("grant_type", "client_credentials"), ("client_id", "public")];
    let refused = post_with(&provider, TOKEN, &public, HeaderMap::new());
    assert_eq!(json(&refused)["error"], "unauthorized_client");
    let twice = [("grant_type", "client_credentials"), ("scope", "a"), ("scope", "b")];
    assert_eq!(ask(&provider, &twice)["error"], "invalid_request");
    for uri in ["relative", "https://api.example/#part"] {
        let asked = [("grant_type", "client_credentials"), ("resource", uri)];
        assert_eq!(ask(&provider, &asked)["error"], "invalid_target", "{uri}");
    }
}

#[test]
fn password_grant_requires_the_users_password() {
    let user = TestUser::new("bob").password("hunter2");
    assert!(!format!("{user:?}").contains("hunter2"));
    let provider = builder().user(user).build();
    let with = |name: &str, password: &str| {
        let scope = ("scope", "openid");
        let grant_type = ("grant_type", "password");
        ask(&provider, &[grant_type, scope, ("username", name), ("password", password)])
    };
    let answer = with("bob", "hunter2");
    assert_eq!(about(&provider, &answer)["sub"], "bob");
    assert!(answer["id_token"].is_string());
    let again = json(&refresh(&provider, answer["refresh_token"].as_str().unwrap()));
    assert_eq!(about(&provider, &again)["sub"], "bob");
    for (name, password, error) in [
        ("bob", "wrong", "invalid_grant"),
        ("alice", "hunter2", "invalid_grant"),
        ("nobody", "hunter2", "invalid_grant"),
        ("bob", "", "invalid_request"),
    ] {
        assert_eq!(with(name, password)["error"], error, "{name}");
    }
}

#[test]
fn jwt_of_a_trusted_issuer_is_accepted() {
    let key = key();
    let provider = trusting(&key);
    let ask = |assertion: &str, more: &[(&str, &str)], headers: HeaderMap| {
        let fields = [&[("grant_type", JWT_BEARER), ("assertion", assertion)], more].concat();
        json(&post_with(&provider, TOKEN, &fields, headers))
    };
    let assertion = jwt(&key, &json!({ "scope": "a" }));
    let answer = ask(&assertion, &[], basic("id", "secret"));
    assert_eq!((&answer["scope"], answer.get("refresh_token")), (&json!("a"), None));
    assert_eq!(about(&provider, &answer)["sub"], "bob");
    let answer = ask(&assertion, &[], basic("id", "secret"));
    assert_eq!(answer["error"], "invalid_grant", "used before");
    // Without `jti` it can be reused; without `sub` its issuer is the subject; `scope` may be requested.
    let assertion = jwt(&key, &json!({ "jti": null, "sub": null, "aud": TOKEN, "scope": "a" }));
    for _ in 0..2 {
        let answer = ask(&assertion, &[("scope", "b")], basic("id", "secret"));
        assert_eq!(about(&provider, &answer)["sub"], STS);
        assert_eq!(answer["scope"], "b");
    }
    // The client may be absent (RFC 7521 §4.1), but not unknown.
    let answer = ask(&assertion, &[], HeaderMap::new());
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(json(&get_as(&provider, &format!("{ISSUER}/api/echo"), token))["sub"], STS);
    assert_eq!(ask(&assertion, &[], basic("id", "wrong"))["error"], "invalid_client");
    let named = ask(&assertion, &[("client_id", "id")], HeaderMap::new());
    assert_eq!(named["error"], "invalid_client");
}

#[test]
fn invalid_jwt_assertions_are_rejected() {
    let key = key();
    let provider = trusting(&key);
    let check = |assertion: &str, error: Option<&str>| {
        let fields = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        let response = post_with(&provider, TOKEN, &fields, HeaderMap::new());
        assert_eq!(json(&response)["error"].as_str(), error, "{assertion}");
    };
    for changes in [
        json!({ "iss": "https://stranger.example" }),
        json!({ "iss": null }),
        json!({ "aud": "https://other.example" }),
        json!({ "aud": null }),
        json!({ "exp": NOW }),
        json!({ "exp": NOW + 3601 }),
        json!({ "exp": null }),
        json!({ "iat": NOW + 61 }),
        json!({ "nbf": NOW + 61 }),
    ] {
        check(&jwt(&key, &changes), Some("invalid_grant"));
    }
    check(&jwt(&self::key(), &json!({})), Some("invalid_grant"));
    let hmac = EncodingKey::from_secret(b"secret");
    let all = claims("", &json!({ "iss": STS, "sub": "bob" }));
    check(&signed(Algorithm::HS256, &hmac, &all), Some("invalid_grant"));
    check("a.b.c", Some("invalid_grant"));
    check("", Some("invalid_request"));
    check(&jwt(&key, &json!({})), None);
}

#[test]
fn exchanged_token_names_its_actors() {
    let key = key();
    let provider = trusting(&key);
    let login = json(&redeem(&provider, TOKEN, &code(&provider)));
    let subject = login["access_token"].as_str().unwrap();
    let actor = jwt(&key, &json!({ "sub": "service" }));
    let asked = [
        ("grant_type", EXCHANGE),
        ("subject_token", subject),
        ("subject_token_type", ACCESS_TOKEN),
        ("actor_token", &actor),
        ("actor_token_type", JWT),
        ("resource", "https://api.example/a"),
        ("resource", "https://api.example/b"),
        ("audience", "backend"),
        ("scope", "email"),
    ];
    let answer = ask(&provider, &asked);
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN);
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("email")));
    assert!(answer.get("refresh_token").is_none());
    let first = about(&provider, &answer);
    assert_eq!((&first["sub"], &first["act"]), (&json!("alice"), &json!({ "sub": "service" })));
    let targets = json!(["https://api.example/a", "https://api.example/b", "backend"]);
    assert_eq!(first["aud"], targets);
    // The next actor contains the prior one (RFC 8693 §4.1), and a JWT may be reused.
    let again = jwt(&key, &json!({ "sub": "next" }));
    let asked = [
        ("grant_type", EXCHANGE),
        ("subject_token", answer["access_token"].as_str().unwrap()),
        ("subject_token_type", ACCESS_TOKEN),
        ("actor_token", &again),
        ("actor_token_type", JWT),
    ];
    for _ in 0..2 {
        let second = ask(&provider, &asked);
        assert_eq!(second["scope"], "email");
        let chain = json!({ "sub": "next", "act": { "sub": "service" } });
        assert_eq!(about(&provider, &second)["act"], chain);
    }
}

#[test]
fn invalid_token_exchanges_are_rejected() {
    let key = key();
    let provider = trusting(&key);
    let login = json(&redeem(&provider, TOKEN, &code(&provider)));
    let live = login["access_token"].as_str().unwrap();
    let check = |changes: &[(&str, &str)], error: Option<&str>| {
        let mut fields = vec![
            ("grant_type", EXCHANGE),
            ("subject_token", live),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        assert_eq!(ask(&provider, &fields)["error"].as_str(), error, "{changes:?}");
    };
    check(&[], None);
    let foreign = jwt(&self::key(), &json!({}));
    let invalid_request: [&[(&str, &str)]; 10] = [
        &[("subject_token", "")],
        &[("subject_token", "unknown")],
        &[("subject_token", login["refresh_token"].as_str().unwrap())],
        &[("subject_token_type", "")],
        &[("subject_token_type", JWT)],
        &[("subject_token_type", JWT), ("subject_token", &foreign)],
        &[("actor_token", live)],
        &[("actor_token_type", JWT)],
        &[("actor_token", "unknown"), ("actor_token_type", ACCESS_TOKEN)],
        &[("requested_token_type", JWT)],
    ];
    for changes in invalid_request {
        check(changes, Some("invalid_request"));
    }
    check(&[("scope", "email admin")], Some("invalid_scope"));
    check(&[("resource", "no uri")], Some("invalid_target"));
    let jwt = jwt(&key, &json!({}));
    check(&[("subject_token_type", JWT), ("subject_token", &jwt), ("scope", "any")], None);
}
