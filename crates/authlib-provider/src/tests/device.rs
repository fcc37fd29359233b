//! Device authorization: the device and its user.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::flow::{
    ISSUER, basic, builder, encoded, get, get_as, json, now, post, post_with, provider, refresh,
    text,
};
use crate::{Endpoint, Fault, Provider, TestClient};

const TOKEN: &str = "https://op.example/token";
const PAGE: &str = "https://op.example/device";
const ASK: &str = "https://op.example/device_authorization";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn ask(provider: &Provider) -> Value {
    let fields = [("client_id", "id"), ("scope", "openid <b>")];
    json(&post_with(provider, ASK, &fields, basic("id", "secret")))
}

fn poll(provider: &Provider, asked: &Value) -> Value {
    let code = asked["device_code"].as_str().unwrap();
    let fields = [("grant_type", GRANT), ("device_code", code)];
    json(&post_with(provider, TOKEN, &fields, basic("id", "secret")))
}

fn user_code(asked: &Value) -> &str {
    asked["user_code"].as_str().unwrap()
}

/// A provider whose clock is so many seconds late.
fn late() -> (Provider, Arc<AtomicU64>) {
    let late = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&late);
    let clock = move || now() + Duration::from_secs(clock.load(Ordering::Relaxed));
    (builder().clock(clock).build(), late)
}

#[test]
fn device_authorization_returns_the_verification_uri() {
    let provider = provider();
    let metadata = json(&get(&provider, &format!("{ISSUER}/.well-known/openid-configuration")));
    assert_eq!(metadata["device_authorization_endpoint"], ASK);
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    let asked = ask(&provider);
    let code = user_code(&asked);
    let (first, second) = code.split_once('-').unwrap();
    for group in [first, second] {
        assert!(group.len() == 4 && group.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(c)));
    }
    assert_eq!(asked["verification_uri"], PAGE);
    assert_eq!(asked["verification_uri_complete"], format!("{PAGE}?user_code={code}"));
    assert_eq!((&asked["expires_in"], &asked["interval"]), (&json!(600), &json!(5)));
    assert_ne!(user_code(&ask(&provider)), code);
    let public = post(&provider, ASK, &[("client_id", "public")]);
    assert_eq!(public.status(), 200);
    assert_eq!(post(&provider, ASK, &[("client_id", "id")]).status(), 401);
    assert_eq!(get(&provider, ASK).status(), 405);
    assert_eq!(provider.count(Endpoint::DeviceAuthorization), 5);
    provider.inject(Fault::Device("interval".to_owned(), Value::Null));
    assert_eq!(ask(&provider).get("interval"), None);
}

#[test]
fn device_gets_tokens_after_approval() {
    let (provider, late) = late();
    let asked = ask(&provider);
    assert_eq!(poll(&provider, &asked)["error"], "authorization_pending");
    // Letter case and separators are ignored (RFC 8628 §6.1).
    let typed = user_code(&asked).to_lowercase().replace('-', " ");
    assert!(provider.approve_device(&typed, "alice"));
    assert!(!provider.approve_device(&typed, "alice"), "the code is spent");
    late.store(5, Ordering::Relaxed);
    let answer = poll(&provider, &asked);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(json(&get_as(&provider, &format!("{ISSUER}/userinfo"), token))["sub"], "alice");
    assert!(answer["id_token"].is_string());
    assert_eq!(answer["scope"], "openid <b>");
    assert_eq!(refresh(&provider, answer["refresh_token"].as_str().unwrap()).status(), 200);
    assert_eq!(poll(&provider, &asked)["error"], "invalid_grant");
}

#[test]
fn polling_too_often_slows_down() {
    let (provider, late) = late();
    let asked = ask(&provider);
    for (at, error) in [
        (0, "authorization_pending"),
        (4, "slow_down"),
        // Ten seconds after the last poll.
        (13, "slow_down"),
        (28, "authorization_pending"),
        (42, "slow_down"),
        (62, "authorization_pending"),
        (600, "expired_token"),
    ] {
        late.store(at, Ordering::Relaxed);
        assert_eq!(poll(&provider, &asked)["error"], error, "after {at} s");
    }
    assert!(!provider.approve_device(user_code(&asked), "alice"));
}

#[test]
fn denied_unknown_and_foreign_device_codes_are_rejected() {
    let provider = builder().client(TestClient::confidential("other", "hush")).build();
    let asked = ask(&provider);
    let code = asked["device_code"].as_str().unwrap();
    let fields = [("grant_type", GRANT), ("device_code", code)];
    let other = post_with(&provider, TOKEN, &fields, basic("other", "hush"));
    assert_eq!(json(&other)["error"], "invalid_grant");
    let unknown = json!({ "device_code": "unknown" });
    assert_eq!(poll(&provider, &unknown)["error"], "invalid_grant");
    assert_eq!(poll(&provider, &json!({ "device_code": "" }))["error"], "invalid_request");
    assert!(!provider.deny_device("BBBB-BBBB"));
    assert!(provider.deny_device(user_code(&asked)));
    assert_eq!(poll(&provider, &asked)["error"], "access_denied");
}

#[test]
fn device_page_approves_and_denies() {
    let provider = provider();
    for (decision, outcome) in [("allow", None), ("deny", Some("access_denied"))] {
        let asked = ask(&provider);
        let url = asked["verification_uri_complete"].as_str().unwrap();
        let page = text(&get(&provider, url));
        assert!(page.contains(&format!("value=\"{}\"", user_code(&asked))));
        assert!(page.contains("App &amp; Co would like to:") && page.contains("use “&lt;b&gt;”"));
        let fields = [
            ("user_code", user_code(&asked)),
            ("username", "bob"),
            ("display_name", "Bob"),
            ("decision", decision),
        ];
        assert_eq!(post(&provider, PAGE, &fields).status(), 200);
        assert_eq!(post(&provider, PAGE, &fields).status(), 400, "decided already");
        let answer = poll(&provider, &asked);
        assert_eq!(answer["error"].as_str(), outcome);
    }
    let nobody = [("user_code", "BBBB-BBBB"), ("username", " "), ("decision", "allow")];
    assert_eq!(post_with(&provider, PAGE, &nobody, HeaderMap::new()).status(), 400);
    // An unknown code in the URL is shown as text, without a client and scopes.
    let url = format!("{PAGE}?{}", encoded(&[("user_code", "\"><script>{{style}}")]));
    let page = text(&get(&provider, &url));
    assert!(page.contains("&quot;&gt;&lt;script&gt;&#123;&#123;style"));
    assert!(!page.contains("would like to"));
}
