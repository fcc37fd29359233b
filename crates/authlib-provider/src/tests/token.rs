use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::flow::{
    CALLBACK, ISSUER, VERIFIER, approved, basic, builder, code, get_as, json, now, param, post,
    post_with, provider, query, redeem, refresh,
};
use crate::{Endpoint, Provider, TestClient};

const TOKEN: &str = "https://op.example/token";

fn pairs<'a>(code: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    pairs
}

#[track_caller]
fn check_refused(more: &[(&str, &str)], headers: HeaderMap, status: u16, error: &str) {
    let provider = provider();
    let code = code(&provider);
    let response = post_with(&provider, TOKEN, &pairs(&code, more), headers);
    assert_eq!(response.status(), status, "{more:?}");
    assert_eq!(json(&response)["error"], error, "{more:?}");
    assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401);
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[test]
fn invalid_token_requests_are_rejected() {
    let good = || basic("id", "secret");
    check_refused(&[("code_verifier", "wrong")], good(), 400, "invalid_grant");
    check_refused(&[("code_verifier", "")], good(), 400, "invalid_grant");
    check_refused(&[("redirect_uri", "https://app.example/other")], good(), 400, "invalid_grant");
    check_refused(&[("redirect_uri", "")], good(), 400, "invalid_grant");
    check_refused(&[("code", "unknown")], good(), 400, "invalid_grant");
    check_refused(&[("code", "")], good(), 400, "invalid_request");
    check_refused(&[("grant_type", "implicit")], good(), 400, "unsupported_grant_type");
    check_refused(&[("grant_type", "")], good(), 400, "invalid_request");
    check_refused(&[], basic("id", "wrong"), 401, "invalid_client");
    check_refused(&[], basic("stranger", "secret"), 401, "invalid_client");
    check_refused(&[], HeaderMap::new(), 401, "invalid_client");
    check_refused(&[("client_id", "id")], HeaderMap::new(), 401, "invalid_client");
    check_refused(&[("client_secret", "secret")], good(), 400, "invalid_request");
    check_refused(&[("client_id", "public")], HeaderMap::new(), 400, "invalid_grant");
}

#[test]
fn verifier_without_challenge_is_rejected() {
    let provider = provider();
    let asked = query(&[("code_challenge", ""), ("code_challenge_method", "")]);
    let code = param(&approved(&provider, &asked), "code").unwrap();
    assert_eq!(json(&redeem(&provider, TOKEN, &code))["error"], "invalid_grant");
}

#[test]
fn clients_must_use_their_registered_auth_method() {
    let odd = TestClient::confidential("a:b", "p%ä +").redirect_uri(CALLBACK);
    let check = |client: TestClient, headers: HeaderMap, form: &[(&str, &str)], status: u16| {
        let provider = Provider::builder(ISSUER).signing_alg("ES256").client(client).build();
        let id = if provider.0.client("a:b").is_some() { "a:b" } else { "public" };
        let url = approved(&provider, &query(&[("client_id", id)]));
        let code = param(&url, "code").unwrap();
        let response = post_with(&provider, TOKEN, &pairs(&code, form), headers);
        assert_eq!(response.status(), status, "{form:?}");
    };
    // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    let header = || basic("a%3Ab", "p%25%C3%A4+%2B");
    let form = [("client_id", "a:b"), ("client_secret", "p%ä +")];
    check(odd.clone(), header(), &[], 200);
    check(odd.clone(), HeaderMap::new(), &form, 200);
    check(odd.clone().auth_method("client_secret_basic"), HeaderMap::new(), &form, 401);
    check(odd.clone().auth_method("client_secret_basic"), header(), &[], 200);
    check(odd.auth_method("client_secret_post"), header(), &[], 401);
    let public = TestClient::public("public").redirect_uri(CALLBACK);
    check(public, HeaderMap::new(), &[("client_id", "public")], 200);
}

#[test]
fn reused_code_revokes_its_tokens() {
    let provider = provider();
    let code = code(&provider);
    let first = json(&redeem(&provider, TOKEN, &code));
    let access_token = first["access_token"].as_str().unwrap();
    let userinfo = format!("{ISSUER}/userinfo");
    assert_eq!(get_as(&provider, &userinfo, access_token).status(), 200);
    let second = redeem(&provider, TOKEN, &code);
    assert_eq!((second.status().as_u16(), &json(&second)["error"]), (400, &"invalid_grant".into()));
    assert_eq!(get_as(&provider, &userinfo, access_token).status(), 401);
    let answer = refresh(&provider, first["refresh_token"].as_str().unwrap());
    assert_eq!(json(&answer)["error"], "invalid_grant");
}

#[test]
fn refresh_tokens_rotate_and_reuse_revokes_the_family() {
    let provider = provider();
    let token = |answer: &serde_json::Value| answer["refresh_token"].as_str().unwrap().to_owned();
    let first = json(&redeem(&provider, TOKEN, &code(&provider)));
    let second = json(&refresh(&provider, &token(&first)));
    let third = json(&refresh(&provider, &token(&second)));
    assert_ne!(token(&first), token(&second));
    assert_ne!(second["access_token"], third["access_token"]);
    assert_eq!(json(&refresh(&provider, &token(&first)))["error"], "invalid_grant");
    assert_eq!(json(&refresh(&provider, &token(&third)))["error"], "invalid_grant");
    let userinfo = format!("{ISSUER}/userinfo");
    let status = get_as(&provider, &userinfo, third["access_token"].as_str().unwrap()).status();
    assert_eq!(status, 401);
    // Another login is not affected.
    let other = json(&redeem(&provider, TOKEN, &code(&provider)));
    assert!(refresh(&provider, &token(&other)).status().is_success());
}

#[test]
fn codes_and_access_tokens_expire() {
    let late = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&late);
    let provider = builder()
        .clock(move || now() + Duration::from_secs(clock.load(Ordering::Relaxed)))
        .access_token_lifetime(Duration::from_secs(30))
        .build();
    let old = code(&provider);
    let answer = json(&redeem(&provider, TOKEN, &code(&provider)));
    assert_eq!(answer["expires_in"], 30);
    late.store(61, Ordering::Relaxed);
    assert_eq!(json(&redeem(&provider, TOKEN, &old))["error"], "invalid_grant");
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(get_as(&provider, &format!("{ISSUER}/userinfo"), token).status(), 401);
}

#[test]
fn secrets_in_a_url_are_ignored() {
    let provider = provider();
    let code = code(&provider);
    let url = format!("{TOKEN}?client_id=id&client_secret=secret");
    assert_eq!(post(&provider, &url, &pairs(&code, &[])).status(), 401);
    let twice = [("client_id", "id"), ("client_secret", "secret"), ("client_secret", "secret")];
    let response = post(&provider, TOKEN, &twice);
    assert_eq!(json(&response)["error"], "invalid_request");
}

#[test]
fn code_of_another_client_is_rejected() {
    let provider = provider();
    let code = code(&provider);
    let stolen = pairs(&code, &[("client_id", "public")]);
    assert_eq!(json(&post(&provider, TOKEN, &stolen))["error"], "invalid_grant");
    assert_eq!(redeem(&provider, TOKEN, &code).status(), 200);
}

#[test]
fn recorded_requests_hide_secrets() {
    let provider = provider();
    let code = code(&provider);
    provider.clear_requests();
    let _ = redeem(&provider, TOKEN, &code);
    let form = [("client_id", "id"), ("client_secret", "hush"), ("grant_type", "x")];
    let _ = post(&provider, TOKEN, &form);
    assert_eq!(provider.count(Endpoint::Token), 2);
    let seen = provider.received_requests();
    assert_eq!(seen[0].authorization.as_deref(), Some("Basic"));
    assert_eq!(seen[0].field("grant_type"), Some("authorization_code"));
    assert_eq!((seen[0].path.as_str(), seen[0].method.as_str()), ("/token", "POST"));
    assert!(seen[1].names.contains(&"client_secret".to_owned()));
    // A test can still read a secret.
    assert_eq!((seen[0].field("code"), seen[0].secret("code")), (None, Some(code.as_str())));
    assert_eq!(seen[1].secret("client_secret"), Some("hush"));
    let authorization = basic("id", "secret")["authorization"].clone();
    assert_eq!(seen[0].header("Authorization"), authorization.to_str().ok());
    let shown = format!("{seen:?} {provider:?} {:?}", TestClient::confidential("id", "hush"));
    let basic = authorization.to_str().unwrap();
    for secret in ["hush", code.as_str(), VERIFIER, basic] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
