use std::time::Duration;

use serde_json::{Value, json};

use super::{RefreshedError, RefreshedWarning, Rules, verify};
use crate::crypto::test_keys::Signer;
use crate::jose::Algorithm;
use crate::jose::claims::Claims;
use crate::jose::test_tokens::key_set;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::issuers::Issuers;
use crate::oauth2::test_responses::changed;

const NOW: u64 = 1_700_000_000;

fn login() -> Value {
    json!({"iss": "https://op.example", "sub": "alice", "aud": "client", "exp": NOW - 3000,
        "iat": NOW - 3600, "nonce": "n", "auth_time": NOW - 3700})
}

/// The claims of a refreshed ID token, with `changes`.
fn refreshed(login: &Value, changes: &Value) -> Value {
    let mut claims = login.clone();
    claims["iat"] = NOW.into();
    claims["exp"] = (NOW + 300).into();
    changed(claims, changes)
}

fn verdict(token: &str, login: &Value) -> &'static str {
    let issuers = Issuers {
        issuer: Some("https://op.example".to_owned()),
        aliases: vec!["op.example".to_owned()],
        others: vec!["https://also.op.example".to_owned()],
        tenants: None,
    };
    let rules = Rules {
        issuers: &issuers,
        client_id: "client",
        algorithms: &[Algorithm::Rs256],
        nonce: None,
        max_age: None,
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        asked_at: from_unix_seconds(0),
        now: from_unix_seconds(NOW),
        clock_skew: Duration::from_secs(60),
        front_channel: None,
    };
    let login = Claims::from_map(login.as_object().unwrap().clone());
    match verify(token, &key_set("k"), &rules, &login) {
        Ok(None) => "accepted",
        Ok(Some(RefreshedWarning::Changed(name))) => match name {
            "azp" => "warning: azp",
            _ => "warning: auth_time",
        },
        Ok(Some(RefreshedWarning::IdToken(_))) => "warning: id token",
        Ok(Some(RefreshedWarning::Older)) => "warning: older",
        Err(RefreshedError::Changed(name)) => name,
        Err(RefreshedError::IdToken(_)) => "id token",
        Err(RefreshedError::Nonce) => "nonce",
    }
}

#[track_caller]
fn check_with(login: &Value, changes: &Value, expected: &str) {
    let token = Signer::rsa().token("RS256", &refreshed(login, changes));
    assert_eq!(verdict(&token, login), expected, "{changes}");
}

/// J31: the token continues the login, or is rejected.
#[test]
fn refreshed_id_token_must_keep_user_and_issuer() {
    let check = |changes: Value, expected| check_with(&login(), &changes, expected);
    check(json!({}), "accepted");
    check(json!({"sub": "bob"}), "sub");
    check(json!({"sub": "Alice"}), "sub");
    check(json!({"sub": "-"}), "id token");
    check(json!({"iss": "https://also.op.example"}), "iss");
    check(json!({"iss": "op.example"}), "accepted");
    check(json!({"iss": "https://evil.example"}), "id token");
    check(json!({"iss": "-"}), "id token");
    check(json!({"aud": "other"}), "id token");
    check(json!({"aud": ["client"]}), "accepted");
    check(json!({"aud": ["client", "other"], "azp": "client"}), "aud");
    check(json!({"aud": 1}), "id token");
    check(json!({"aud": "-"}), "id token");
    check(json!({"azp": "other"}), "warning: id token");
    check(json!({"azp": "client"}), "warning: azp");
    check(json!({"azp": 1}), "warning: id token");
    check(json!({"auth_time": NOW}), "warning: auth_time");
    check(json!({"auth_time": "-"}), "accepted");
    check(json!({"auth_time": "1"}), "warning: id token");
}

/// J31.
#[test]
fn refreshed_audience_may_change_order() {
    let mut login = login();
    login["aud"] = json!(["client", "api"]);
    login["azp"] = "client".into();
    check_with(&login, &json!({}), "accepted");
    check_with(&login, &json!({"aud": ["api", "client"]}), "accepted");
    check_with(&login, &json!({"aud": ["client"]}), "aud");
    check_with(&login, &json!({"aud": ["client", "api", "more"]}), "aud");
    check_with(&login, &json!({"aud": ["client", "more"]}), "aud");
    check_with(&login, &json!({"azp": "-"}), "warning: id token");
}

/// J31: the nonce may be absent; otherwise it must be the login's.
#[test]
fn refreshed_nonce_must_be_that_of_login() {
    check_with(&login(), &json!({"nonce": "-"}), "accepted");
    check_with(&login(), &json!({"nonce": "other"}), "nonce");
    check_with(&login(), &json!({"nonce": ""}), "nonce");
    check_with(&login(), &json!({"nonce": null}), "id token");
    let mut without = login();
    without.as_object_mut().unwrap().remove("nonce");
    check_with(&without, &json!({"nonce": "n"}), "nonce");
    check_with(&without, &json!({}), "accepted");
}

/// J31.
#[test]
fn wrong_times_of_refreshed_id_token_are_warnings() {
    let check = |changes: Value, expected| check_with(&login(), &changes, expected);
    check(json!({"exp": NOW - 60}), "warning: id token");
    check(json!({"exp": "-"}), "warning: id token");
    check(json!({"iat": "-"}), "warning: id token");
    check(json!({"iat": NOW + 61}), "warning: id token");
    check(json!({"iat": NOW - 3600}), "accepted");
    check(json!({"iat": NOW - 3661}), "warning: older");
}

/// J31: the other checks of an ID token apply.
#[test]
fn refreshed_id_token_signature_and_hash_are_checked() {
    let claims = refreshed(&login(), &json!({}));
    assert_eq!(verdict(&Signer::new("RS256").token("RS256", &claims), &login()), "id token");
    assert_eq!(verdict(&Signer::rsa().token("none", &claims), &login()), "id token");
    let typed = json!({"alg": "RS256", "typ": "at+jwt"}).to_string();
    let token = Signer::rsa().token_of(&typed, &claims.to_string());
    assert_eq!(verdict(&token, &login()), "warning: id token");
    check_with(&login(), &json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), "accepted");
    check_with(&login(), &json!({"at_hash": "wrong"}), "warning: id token");
    check_with(&login(), &json!({"events": {}}), "warning: id token");
}
