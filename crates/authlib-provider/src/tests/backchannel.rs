//! Backchannel authentication (CIBA): the request, its user's decision, and the ping.

use http::HeaderMap;
use serde_json::{Value, json};

use super::flow::{ISSUER, basic, builder, get, json, post, post_with, provider};
use crate::{Endpoint, Fault, Provider, TestClient};

const TOKEN: &str = "https://op.example/token";
const ASK: &str = "https://op.example/backchannel_authentication";
const GRANT: &str = "urn:openid:params:grant-type:ciba";

fn ask(provider: &Provider, more: &[(&str, &str)]) -> Value {
    let fields = [&[("scope", "openid")][..], more].concat();
    json(&post_with(provider, ASK, &fields, basic("id", "secret")))
}

fn poll(provider: &Provider, id: &str, credentials: HeaderMap) -> Value {
    let fields = [("grant_type", GRANT), ("auth_req_id", id)];
    json(&post_with(provider, TOKEN, &fields, credentials))
}

#[test]
fn backchannel_login_gets_tokens_after_approval() {
    let provider = builder().client(TestClient::confidential("other", "secret")).build();
    let metadata = json(&get(&provider, &format!("{ISSUER}/.well-known/openid-configuration")));
    assert_eq!(metadata["backchannel_authentication_endpoint"], ASK);
    assert_eq!(metadata["backchannel_token_delivery_modes_supported"], json!(["poll", "ping"]));
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    let asked = ask(&provider, &[("login_hint", "alice"), ("requested_expiry", "60")]);
    assert_eq!((&asked["expires_in"], &asked["interval"]), (&json!(60), &json!(5)));
    let id = asked["auth_req_id"].as_str().unwrap();
    let own = || basic("id", "secret");
    assert_eq!(poll(&provider, id, own())["error"], "authorization_pending");
    assert_eq!(poll(&provider, id, own())["error"], "slow_down");
    assert!(provider.approve_backchannel("bob").is_none());
    assert!(provider.approve_backchannel("alice").unwrap().is_empty(), "poll mode has no pings");
    assert!(provider.deny_backchannel("alice").is_none(), "decided already");
    assert_eq!(poll(&provider, id, basic("other", "secret"))["error"], "invalid_grant");
    assert!(poll(&provider, id, own())["id_token"].is_string());
    assert_eq!(poll(&provider, id, own())["error"], "invalid_grant");
    assert_eq!(poll(&provider, "", own())["error"], "invalid_request");
    assert_eq!(provider.count(Endpoint::BackchannelAuthentication), 1);
    let asked = ask(&provider, &[("login_hint", "alice")]);
    assert!(provider.deny_backchannel("alice").is_some());
    let id = asked["auth_req_id"].as_str().unwrap();
    assert_eq!(poll(&provider, id, own())["error"], "access_denied");
}

#[test]
fn incomplete_backchannel_requests_are_rejected() {
    let provider = provider();
    let long = "m".repeat(65);
    for (fields, error) in [
        (vec![], "invalid_request"),
        (vec![("login_hint", "alice"), ("login_hint_token", "alice")], "invalid_request"),
        (vec![("login_hint", "alice"), ("login_hint", "alice")], "invalid_request"),
        (vec![("login_hint", "alice"), ("requested_expiry", "0")], "invalid_request"),
        (vec![("login_hint", "alice"), ("binding_message", &long)], "invalid_binding_message"),
        (vec![("id_token_hint", "x")], "unknown_user_id"),
    ] {
        assert_eq!(ask(&provider, &fields)["error"], error, "{fields:?}");
    }
    let fields = [("scope", "email"), ("login_hint", "alice")];
    let no_openid = post_with(&provider, ASK, &fields, basic("id", "secret"));
    assert_eq!(json(&no_openid)["error"], "invalid_scope");
    assert_eq!(post(&provider, ASK, &[("client_id", "id")]).status(), 401);
    assert_eq!(get(&provider, ASK).status(), 405);
}

#[test]
fn client_in_ping_mode_is_told_the_decision() {
    let url = "https://app.example/ping";
    let client = TestClient::confidential("pinged", "secret").client_notification_endpoint(url);
    let provider = builder().client(client).build();
    let ask = |more: &[(&str, &str)]| {
        let fields = [&[("scope", "openid"), ("login_hint", "alice")][..], more].concat();
        json(&post_with(&provider, ASK, &fields, basic("pinged", "secret")))
    };
    assert_eq!(ask(&[])["error"], "invalid_request");
    let asked = ask(&[("client_notification_token", "t")]);
    let pings = provider.approve_backchannel("alice").unwrap();
    assert_eq!((pings.len(), pings[0].uri().to_string().as_str()), (1, url));
    assert_eq!(pings[0].headers()["authorization"], "Bearer t");
    let body: Value = serde_json::from_slice(pings[0].body()).unwrap();
    assert_eq!(body["auth_req_id"], asked["auth_req_id"]);
    provider.inject(Fault::PingToken("other".into()));
    provider.inject(Fault::Ping("auth_req_id".into(), Value::Null));
    ask(&[("client_notification_token", "t")]);
    let pings = provider.deny_backchannel("alice").unwrap();
    assert_eq!(pings[0].headers()["authorization"], "Bearer other");
    assert_eq!(&pings[0].body()[..], b"{}");
}
