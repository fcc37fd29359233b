//! The assertion client (RFC 7523 §2.1), against a provider that accepts each assertion once.

use std::time::Duration;

use authlib_core::client::AssertionClientBuilder;
use authlib_core::{AssertionClient, ErrorKind, Secret};
use authlib_provider::{Endpoint, Fault, RecordedRequest, Reply, TestClient};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::test_bed::keys::{RSA, private_jwk, public_jwk};
use crate::test_bed::{ISSUER, ProviderHttp, TestBed, only, sent};

const ROBOT: &str = "robot@project.example";

/// A provider that trusts the assertions of the robot.
fn robot_bed() -> TestBed {
    let jwks = json!({ "keys": [public_jwk("rsa", "k1"), public_jwk("p256", "k2")] });
    TestBed::with(
        |provider| {
            provider.assertion_issuer(ROBOT, jwks).client(TestClient::public("robot-client"))
        },
        |client| client,
        |oauth| oauth,
    )
}

fn begun(bed: &TestBed, key: impl Into<Secret>) -> AssertionClientBuilder {
    wired(bed, AssertionClient::builder(format!("{ISSUER}/token"), ROBOT, key).key_id("k1"))
}

fn wired(bed: &TestBed, builder: AssertionClientBuilder) -> AssertionClientBuilder {
    builder
        .api_base_url(format!("{ISSUER}/api/"))
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(bed.clock.clone())
}

/// Header and claims of the assertion in a token request.
fn statement(seen: &RecordedRequest) -> (Value, Value) {
    let mut parts =
        seen.secret("assertion").unwrap().split('.').map(|part| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).ok()
        });
    (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap())
}

/// T137, T197.
#[tokio::test]
async fn first_use_sends_assertion_and_live_token_is_reused() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).subject("alice").scope("read write").build().unwrap();
    assert!(bed.provider.received_requests().is_empty());
    let echo: Value = robot.get("echo").send().await.unwrap().json().unwrap();
    assert_eq!((&echo["sub"], &echo["scope"]), (&json!("alice"), &json!("read write")));
    assert_eq!(robot.post("echo").json(&json!({})).send().await.unwrap().status(), 200);

    let asked = only(&bed, Endpoint::Token);
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.names, ["grant_type", "assertion", "scope"]);
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    assert_eq!(asked.field("grant_type"), Some(grant));
    assert!(asked.authorization.is_none());
    let (header, mut claims) = statement(&asked);
    assert_eq!(header, json!({"alg": "RS256", "kid": "k1", "typ": "JWT"}));
    claims.as_object_mut().unwrap().remove("jti");
    let expected = json!({"iss": ROBOT, "sub": "alice", "aud": format!("{ISSUER}/token"),
        "iat": 1_800_000_000, "exp": 1_800_003_600, "scope": "read write"});
    assert_eq!(claims, expected);
}

/// T137, T197.
#[tokio::test]
async fn assertion_without_subject_sends_only_configured_claims() {
    let bed = robot_bed();
    let robot = begun(&bed, private_jwk("p256").to_string())
        .key_id("k2")
        .alg("ES256")
        .audience(ISSUER)
        .lifetime(Duration::from_secs(300))
        .claim("tier", 1)
        .claim("scope", "of the statement");
    let token = robot.build().unwrap().active_token().await.unwrap();
    assert_eq!(token.scope.as_deref(), Some("of the statement"));
    let asked = only(&bed, Endpoint::Token);
    assert_eq!(asked.names, ["grant_type", "assertion"]);
    let (header, claims) = statement(&asked);
    assert_eq!((&header["alg"], &header["kid"]), (&json!("ES256"), &json!("k2")));
    assert_eq!((&claims["aud"], &claims["tier"]), (&json!(ISSUER), &json!(1)));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    assert!(claims.get("sub").is_none());
}

/// T139, T140, H16: With custom claims, Authlib's second assertion has the `jti` of the first.
#[tokio::test]
async fn each_refresh_signs_assertion_with_new_jti() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).claim("tier", 1).build().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(robot.active_token().await.unwrap().access_token.expose().to_owned());
        bed.clock.advance(Duration::from_secs(3600));
    }
    let asked = sent(&bed, Endpoint::Token);
    let mut ids: Vec<_> = asked.iter().map(|seen| statement(seen).1["jti"].to_string()).collect();
    assert!(ids.iter().all(|id| id.len() >= 36), "{ids:?}");
    for list in [&mut ids, &mut tokens] {
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), 3);
    }
}

/// T138, T141, T199: Unlike in Authlib, the algorithm follows from the key, and a fixed `jti` is
/// rejected: each refresh would be a replay.
#[tokio::test]
async fn unsignable_assertion_fails_before_first_request() {
    let bed = robot_bed();
    let builder = begun(&bed, RSA);
    let shown = format!("{builder:?}") + &format!("{:?}", builder.build().unwrap());
    assert!(RSA.lines().all(|line| !shown.contains(line)), "{shown}");
    for (builder, says) in [
        (begun(&bed, RSA).alg("ES256"), "\"ES256\""),
        (begun(&bed, RSA).alg("none"), "\"none\""),
        (begun(&bed, RSA).claim("jti", "fixed"), "`jti`"),
        (begun(&bed, "no key"), "can't be read"),
        (
            wired(&bed, AssertionClient::builder("http://as.example/t", ROBOT, RSA)),
            "must start with https",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(bed.provider.received_requests().is_empty());
}

/// T195, T198.
#[tokio::test]
async fn assertion_token_request_includes_client_id() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).client_id("robot-client").build().unwrap();
    robot.active_token().await.unwrap();
    let asked = only(&bed, Endpoint::Token);
    assert_eq!(asked.field("client_id"), Some("robot-client"));
    assert!(asked.authorization.is_none() && asked.secret("client_secret").is_none());
}

/// Authlib's async client sends five.
#[tokio::test]
async fn five_concurrent_calls_send_one_assertion() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).build().unwrap();
    let responses = join_all((0..5).map(|_| robot.get("echo").send())).await;
    assert!(responses.iter().all(|response| response.as_ref().unwrap().status() == 200));
    only(&bed, Endpoint::Token);
}

/// Authlib's httpx clients always use a leeway of 60 seconds.
#[tokio::test]
async fn assertion_client_uses_configured_leeway() {
    for (leeway, requests) in [(100, 2), (80, 1)] {
        let bed = robot_bed();
        let leeway = Duration::from_secs(leeway);
        let robot = begun(&bed, RSA)
            .configure(|config| config.refresh_before_expiry(leeway))
            .build()
            .unwrap();
        robot.active_token().await.unwrap();
        bed.clock.advance(Duration::from_secs(3600 - 90));
        robot.active_token().await.unwrap();
        assert_eq!(bed.provider.count(Endpoint::Token), requests);
    }
}

/// Authlib fails to parse a description with a quote.
#[tokio::test]
async fn rejected_assertion_returns_provider_error_without_token() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).key_id("unknown").build().unwrap();
    let error = robot.active_token().await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_grant");
    let quoted = r#"{"error":"invalid_grant","error_description":"no \"robots\""}"#;
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::json(400, quoted)));
    let robot = begun(&bed, RSA).build().unwrap();
    let error = robot.get("echo").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(robot.token().await.unwrap().is_none());
    assert_eq!(bed.provider.count(Endpoint::Api), 0);
}

/// As in Google's documentation: the key file is sufficient.
#[tokio::test]
async fn service_account_file_builds_client() {
    let bed = robot_bed();
    let file = json!({"type": "service_account", "project_id": "p", "private_key_id": "k1",
        "private_key": RSA, "client_email": ROBOT, "token_uri": format!("{ISSUER}/token")});
    let builder = AssertionClient::from_service_account_json(&Secret::new(file.to_string()));
    let robot = wired(&bed, builder.unwrap().scope("drive.readonly")).build().unwrap();
    let echo: Value = robot.get("echo").send().await.unwrap().json().unwrap();
    assert_eq!((&echo["sub"], &echo["scope"]), (&json!(ROBOT), &json!("drive.readonly")));
    for (name, value, says) in [
        ("type", json!("authorized_user"), "another credential's file"),
        ("private_key", Value::Null, "no `private_key`"),
        ("client_email", Value::Null, "no `client_email`"),
        ("client_email", json!(7), "not a service account key file"),
    ] {
        let mut other = file.clone();
        other[name] = value;
        let refused = AssertionClient::from_service_account_json(&Secret::new(other.to_string()));
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.to_string().contains("PRIVATE"), "{error}");
    }
    // The file of `gcloud auth application-default login` has neither key nor endpoint.
    let own = json!({"type": "authorized_user", "client_id": "x", "refresh_token": "hush"});
    let refused = AssertionClient::from_service_account_json(&Secret::new(own.to_string()));
    assert!(refused.unwrap_err().to_string().contains("another credential's file"));
}

/// One error only: a client with assertions needs no `client_id`.
#[test]
fn unreadable_key_is_the_only_configuration_error() {
    let built = AssertionClient::builder("https://op.example/token", ROBOT, "no key").build();
    let error = built.unwrap_err().to_string();
    assert!(error.contains(": 1 error\n") && error.contains("can't be read"), "{error}");
}

/// T137 to T141, T194 to T199: every method of an API, with one assertion.
#[tokio::test]
async fn assertion_client_has_every_http_method() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA).scope("read").build().unwrap();
    for (request, method) in [
        (robot.get("echo"), "GET"),
        (robot.post("echo"), "POST"),
        (robot.put("echo"), "PUT"),
        (robot.patch("echo"), "PATCH"),
        (robot.delete("echo"), "DELETE"),
        (robot.head("echo"), "HEAD"),
        (robot.options("echo"), "OPTIONS"),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 200, "{method}");
        let seen = sent(&bed, Endpoint::Api);
        assert_eq!(seen.last().unwrap().method, method);
        assert_eq!(seen.last().unwrap().authorization.as_deref(), Some("Bearer"), "{method}");
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// RFC 7515 §4.1: other members of the header are sent, those of the signature are not changed.
#[tokio::test]
async fn assertion_header_has_configured_members() {
    let bed = robot_bed();
    let robot = begun(&bed, RSA)
        .header("x5t", "dGh1bWI")
        .header("typ", "authz+jwt")
        .header("nested", json!({"a": [1]}))
        .build()
        .unwrap();
    robot.active_token().await.unwrap();
    let (header, _) = statement(&only(&bed, Endpoint::Token));
    let expected = json!({"alg": "RS256", "kid": "k1", "typ": "authz+jwt", "x5t": "dGh1bWI",
        "nested": {"a": [1]}});
    assert_eq!(header, expected);
    for name in ["alg", "b64", "crit", "kid"] {
        let error = begun(&bed, RSA).header(name, "x").build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}
