//! Requests to the provider's API: the user's token, and URLs below `api_base_url` only.

use std::time::Duration;

use authlib_core::store::TokenOwner;
use authlib_core::{ErrorKind, Params};
use authlib_provider::{Endpoint, Fault, Reply};
use http::Method;
use serde_json::{Value, json};

use crate::test_bed::{Browser, HOUR, TestBed, sent};

#[tokio::test]
async fn api_request_sends_query_headers_body_and_token() {
    let bed = TestBed::new();
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    let app = bed.app();
    let request = app
        .request(Method::PUT, "repos/1?a=b", &owner)
        .query(Params::new().with("q", "x y"))
        .header("authorization", "Basic none")
        .json(&json!({"name": "x"}));
    let response = request.send().await.unwrap();
    let echo: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(echo["sub"], "alice");
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["path"], "/api/repos/1");
    assert_eq!(echo["query"], json!([["a", "b"], ["q", "x y"]]));
    assert_eq!(echo["body"], r#"{"name":"x"}"#);

    // Every response is returned; redirects are not followed.
    assert_eq!(app.get("teapot", &owner).send().await.unwrap().status(), 418);
    let away = Reply::Redirect(302, "https://evil.example/".to_owned());
    bed.provider.inject(Fault::Response(Endpoint::Api, away));
    let response = app.post("x", &owner).form(Params::new()).send().await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "https://evil.example/");
}

/// B22, H22: the token stays under `api_base_url`.
#[tokio::test]
async fn token_is_sent_to_allowed_origins_only() {
    let bed = TestBed::new();
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.provider.clear_requests();
    for url in [
        "https://evil.example/",
        "//evil.example/",
        "\\\\evil.example/",
        "https://op.example.evil.example/api/",
        "https://op.example@evil.example/api/",
        "https://op.example:444/api/",
        "http://op.example/api/",
        "https://user:pass@op.example/api/",
        "https://user@op.example/api/",
        "/userinfo",
        "../userinfo",
        "x/../../userinfo",
        "%2e%2e/userinfo",
        "/apix",
        "javascript:alert(1)",
    ] {
        let error = bed.app().get(url, &owner).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}: {error}");
    }
    assert!(bed.provider.received_requests().is_empty());
    // Browsers parse a scheme without slashes as a path, and so does this library.
    for url in ["user", "/api/user", "https://op.example/api/user", "./a/../user", "", "https:x.y"]
    {
        assert!(bed.app().get(url, &owner).send().await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn expired_token_is_refreshed_before_api_call() {
    let bed = TestBed::new();
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.clock.advance(Duration::from_secs(3600));
    let response = bed.app().get("user", &owner).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn api_request_without_user_is_not_sent() {
    let bed = TestBed::new();
    let error = bed.app().get("user", &TokenOwner::new("op", "x")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
    let bed = TestBed::with(|p| p, |client| client.api_base_url(""), |oauth| oauth);
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    let error = bed.app().get("user", &owner).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("api_base_url"), "{error}");
}

/// B20, H28: user info that is fetched later must have the `sub` of the login, too.
#[tokio::test]
async fn later_userinfo_must_have_same_subject() {
    let bed = TestBed::new();
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    assert_eq!(bed.app().userinfo(&owner).await.unwrap().name(), Some("Alice"));
    for fault in [
        Fault::user_info("sub", "mallory"),
        Fault::user_info("sub", "Alice"),
        Fault::UserInfoMissing("sub".into()),
        Fault::Response(Endpoint::UserInfo, Reply::html(200)),
        Fault::Response(Endpoint::UserInfo, Reply::json(401, "{}")),
    ] {
        bed.provider.inject(fault.clone());
        let error = bed.app().userinfo(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{fault:?}");
        bed.provider.clear_faults();
    }
}

/// Authlib's `get(url, token=…)`.
#[tokio::test]
async fn token_at_hand_is_sent_once_and_not_stored() {
    let bed = TestBed::new();
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let (app, token) = (bed.app(), login.token().unwrap().clone());
    bed.oauth.end_logins(&login.identity().unwrap()).await.unwrap();
    let response = app.request_with(Method::GET, "echo", &token).send().await.unwrap();
    assert_eq!(response.json::<Value>().unwrap()["sub"], "alice");
    assert_eq!(app.userinfo_with(&token).await.unwrap().sub(), "alice");
    let nobody = TokenOwner::new("op", "7");
    let response = app.get("echo", &nobody).token(&token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(app.get("echo", &nobody).send().await.is_err(), "not stored");
    // It is neither refreshed nor sent elsewhere.
    bed.clock.advance(HOUR * 2);
    bed.provider.clear_requests();
    let response = app.get("echo", &nobody).token(&token).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(app.userinfo_with(&token).await.is_err());
    assert!(sent(&bed, Endpoint::Token).is_empty());
    let other = app.get("https://evil.example/", &nobody).token(&token).send().await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidRequest);
    let other = TokenOwner::new("another", "7");
    assert!(app.get("echo", &other).token(&token).send().await.is_ok(), "no row is read");
}
