//! Backchannel authentication (OpenID Connect CIBA Core 1.0): requests, polling, pings, and the ID token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_core::clock::{Clock, FixedClock};
use authlib_core::message::Request;
use authlib_core::transport::BoxFuture;
use authlib_core::{BackchannelRequest, ErrorKind, LoginPoll, OAuth2Client, Result, Secret};
use authlib_provider::{Endpoint, Fault, Reply, TestClient};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::test_bed::polled::Polled;
use crate::test_bed::service::service;
use crate::test_bed::{ISSUER, SECRET, TestBed, builder, sent};

const PING_URL: &str = "https://app.example/ping";

fn for_alice() -> BackchannelRequest {
    BackchannelRequest::login_hint("alice")
}

#[tokio::test]
async fn backchannel_login_polls_until_decision() {
    let polled = Polled::new(|pause, provider| {
        if pause == 3 {
            assert!(provider.approve_backchannel("alice").unwrap().is_empty());
        }
    });
    let request = for_alice().binding_message("W4SCT").requested_expiry(Duration::from_secs(90));
    let mut login = polled.client.start_backchannel_login(&request).await.unwrap();
    let authentication = login.authentication().clone();
    let lifetime = authentication.expires_at.duration_since(polled.bed.clock.now()).unwrap();
    assert_eq!((lifetime.as_secs(), authentication.interval.as_secs()), (90, 5));
    let token = login.wait().await.unwrap();
    assert_eq!(polled.pauses(), [5, 5, 5]);
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    assert_eq!(token.scope.as_deref(), Some("openid email"));
    let asked = &sent(&polled.bed, Endpoint::BackchannelAuthentication)[0];
    assert_eq!(asked.authorization.as_deref(), Some("Basic"));
    assert_eq!(asked.names, ["scope", "login_hint", "binding_message", "requested_expiry"]);
    for asked in sent(&polled.bed, Endpoint::Token) {
        assert_eq!(asked.authorization.as_deref(), Some("Basic"));
        assert_eq!(asked.names, ["grant_type", "auth_req_id"]);
    }
    let shown = format!("{login:?} {request:?} {token:?}");
    assert!(!shown.contains(authentication.auth_req_id.expose()), "{shown}");
    // The token is stored as that of any login, and names the user of the next one.
    polled.client.set_token(&token).await.unwrap();
    let hint = BackchannelRequest::id_token_hint(token.id_token.as_ref().unwrap());
    let mut again = polled.client.start_backchannel_login(&hint).await.unwrap();
    assert!(matches!(again.poll().await.unwrap(), LoginPoll::Pending { .. }));
    assert!(polled.bed.provider.approve_backchannel("alice").is_some());
    assert!(matches!(again.poll().await.unwrap(), LoginPoll::Token(_)));
}

/// OpenID Connect Core §3.1.3.7, and the claim of the request (OpenID Connect CIBA Core §10.3.1).
#[tokio::test]
async fn invalid_id_token_fails_backchannel_login() {
    for fault in [
        Fault::BadSignature,
        Fault::NoIdToken,
        Fault::claim("aud", "another"),
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("at_hash", "AAAA"),
        Fault::claim("nonce", "unasked"),
        Fault::claim("urn:openid:params:jwt:claim:auth_req_id", "another"),
        Fault::Unsigned("none".into()),
    ] {
        let polled = Polled::new(|_, _| {});
        let mut login = polled.app().start_backchannel_login(&for_alice()).await.unwrap();
        assert!(polled.bed.provider.approve_backchannel("alice").is_some());
        polled.bed.provider.inject(fault.clone());
        let error = login.wait().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{fault:?}: {error}");
        assert_eq!(error.client(), Some("service"));
    }
}

#[tokio::test]
async fn id_token_of_another_user_is_rejected() {
    let polled = Polled::new(|_, _| {});
    // The payload is {"sub":"alice"}.
    let hint = Secret::new("e30.eyJzdWIiOiJhbGljZSJ9.e30");
    let request = BackchannelRequest::id_token_hint(&hint);
    for sub in ["mallory", "alice"] {
        let mut login = polled.app().start_backchannel_login(&request).await.unwrap();
        assert!(polled.bed.provider.approve_backchannel("alice").is_some());
        polled.bed.provider.clear_faults();
        polled.bed.provider.inject(Fault::claim("sub", sub));
        match login.poll().await {
            Ok(LoginPoll::Token(token)) => assert_eq!(token.userinfo().unwrap().sub(), sub),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!((sub, error.kind()), ("mallory", ErrorKind::InvalidIdToken));
                assert!(error.to_string().contains("another user's"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn denial_expiry_and_failure_end_backchannel_login() {
    let polled = Polled::new(|_, _| {});
    let mut login = polled.app().start_backchannel_login(&for_alice()).await.unwrap();
    assert!(polled.bed.provider.deny_backchannel("alice").is_some());
    let error = login.wait().await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::AccessDenied, Some("service")));
    assert_eq!(polled.asked(), 1);

    // Nobody decides: nothing is sent after the expiry.
    let polled = Polled::new(|_, _| {});
    let request = for_alice().requested_expiry(Duration::from_secs(12));
    let mut login = polled.app().start_backchannel_login(&request).await.unwrap();
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("CIBA Core §11"), "{error}");
    assert_eq!((polled.pauses(), polled.asked()), (vec![5, 5], 2));

    for (code, kind) in [
        ("expired_token", ErrorKind::Unauthenticated),
        ("transaction_failed", ErrorKind::InvalidResponse),
    ] {
        let mut login = polled.app().start_backchannel_login(&for_alice()).await.unwrap();
        let reply = Reply::json(400, json!({ "error": code }).to_string());
        polled.bed.provider.inject(Fault::Response(Endpoint::Token, reply));
        let error = login.poll().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.provider_error().unwrap().error, code);
        polled.bed.provider.clear_faults();
    }
}

#[tokio::test]
async fn slow_down_lengthens_interval_of_backchannel_login() {
    let polled = Polled::new(|_, _| {});
    let mut login = polled.app().start_backchannel_login(&for_alice()).await.unwrap();
    for seconds in [5, 10, 15] {
        let LoginPoll::Pending { wait } = login.poll().await.unwrap() else { panic!() };
        assert_eq!(wait.as_secs(), seconds);
    }
    let stopped = login.wait_while(|pause| pause.as_secs() != 15).await.unwrap();
    assert!(stopped.is_none());
}

#[tokio::test]
async fn rejected_or_malformed_response_starts_no_login() {
    let polled = Polled::new(|_, _| {});
    let start = async |fault: Fault| {
        polled.bed.provider.clear_faults();
        polled.bed.provider.inject(fault);
        polled.app().start_backchannel_login(&for_alice()).await.unwrap_err()
    };
    let rejected = |status, code: &str| {
        let reply = Reply::json(status, json!({ "error": code }).to_string());
        Fault::Response(Endpoint::BackchannelAuthentication, reply)
    };
    for (fault, kind) in [
        (rejected(403, "access_denied"), ErrorKind::AccessDenied),
        (rejected(400, "unknown_user_id"), ErrorKind::InvalidRequest),
        (rejected(400, "missing_user_code"), ErrorKind::InvalidRequest),
        (rejected(400, "invalid_request"), ErrorKind::InvalidResponse),
        (Fault::Backchannel("auth_req_id".into(), Value::Null), ErrorKind::InvalidResponse),
        (Fault::Backchannel("expires_in".into(), Value::Null), ErrorKind::InvalidResponse),
    ] {
        let error = start(fault.clone()).await;
        assert_eq!((error.kind(), error.client()), (kind, Some("service")), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn impossible_backchannel_request_is_not_sent() {
    let polled = Polled::new(|_, _| {});
    let start = async |request: BackchannelRequest| {
        polled.app().start_backchannel_login(&request).await.unwrap_err().kind()
    };
    assert_eq!(start(for_alice().scope("email")).await, ErrorKind::InvalidRequest);
    assert_eq!(start(for_alice().param("login_hint", "bob")).await, ErrorKind::InvalidRequest);
    let bed = TestBed::new();
    let endpoint = format!("{ISSUER}/backchannel_authentication");
    let config = service().backchannel_authentication_endpoint(endpoint);
    let client = builder(&bed, config).build().unwrap();
    let error = client.start_backchannel_login(&for_alice().scope("openid")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(sent(&bed, Endpoint::BackchannelAuthentication).is_empty());
    for (member, value) in [
        ("backchannel_authentication_endpoint", Value::Null),
        ("backchannel_token_delivery_modes_supported", json!(["push"])),
        ("backchannel_token_delivery_modes_supported", json!(["ping"])),
    ] {
        let polled = Polled::new(|_, _| {});
        polled.bed.provider.inject(Fault::metadata(member, value));
        let error = polled.app().start_backchannel_login(&for_alice()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(sent(&polled.bed, Endpoint::BackchannelAuthentication).is_empty());
    }
}

/// A clock whose pauses never end.
struct Stopped(Arc<FixedClock>);

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// A client in ping mode, which waits until a ping arrives.
fn pinged() -> (TestBed, OAuth2Client) {
    let bed = TestBed::with(
        |provider| {
            let client = TestClient::confidential("pinged", SECRET);
            provider.client(client.client_notification_endpoint(PING_URL))
        },
        |client| client,
        |oauth| oauth,
    );
    let config = service()
        .client_id("pinged")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .token_endpoint("")
        .scope("openid");
    let clock = Arc::new(Stopped(bed.clock.clone()));
    let client = builder(&bed, config).clock(clock).build().unwrap();
    (bed, client)
}

fn deliver(client: &OAuth2Client, ping: &Request) -> Result<()> {
    let header = ping.headers().get("authorization").and_then(|value| value.to_str().ok());
    client.receive_ping(header, ping.body())
}

#[tokio::test]
async fn ping_lets_waiting_login_ask_at_once() {
    for is_approved in [true, false] {
        let (bed, client) = pinged();
        let mut login = client.start_backchannel_login(&for_alice().ping()).await.unwrap();
        let waiting = tokio::spawn(async move { login.wait().await });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let pings = match is_approved {
            true => bed.provider.approve_backchannel("alice").unwrap(),
            false => bed.provider.deny_backchannel("alice").unwrap(),
        };
        assert_eq!(pings.len(), 1);
        assert_eq!(pings[0].uri().to_string(), PING_URL);
        assert!(sent(&bed, Endpoint::Token).is_empty());
        deliver(&client, &pings[0]).unwrap();
        match waiting.await.unwrap() {
            Ok(token) => assert!(is_approved && token.userinfo().unwrap().sub() == "alice"),
            Err(error) => assert_eq!((is_approved, error.kind()), (false, ErrorKind::AccessDenied)),
        }
        assert_eq!(sent(&bed, Endpoint::Token).len(), 1);
        // The login has ended: nobody waits for the ping.
        assert_eq!(deliver(&client, &pings[0]).unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
}

/// OpenID Connect CIBA Core §10.2: the token and the identifier must be those of one waiting login.
#[tokio::test]
async fn foreign_ping_is_rejected() {
    let (bed, client) = pinged();
    let mut login = client.start_backchannel_login(&for_alice().ping()).await.unwrap();
    let mut waiting = Box::pin(login.wait());
    assert!((&mut waiting).now_or_never().is_none());
    for (fault, kind) in [
        (Fault::PingToken("other".into()), ErrorKind::Unauthenticated),
        (Fault::Ping("auth_req_id".into(), json!("other")), ErrorKind::Unauthenticated),
        (Fault::Ping("auth_req_id".into(), json!(7)), ErrorKind::InvalidRequest),
        (Fault::Ping("auth_req_id".into(), Value::Null), ErrorKind::InvalidRequest),
        (Fault::Ping("more".into(), json!("x".repeat(16 * 1024))), ErrorKind::PayloadTooLarge),
    ] {
        let (bed, other) = pinged();
        bed.provider.inject(fault.clone());
        let login = other.start_backchannel_login(&for_alice().ping()).await.unwrap();
        let ping = bed.provider.approve_backchannel("alice").unwrap().remove(0);
        let error = deliver(&other, &ping).unwrap_err();
        assert_eq!((error.kind(), error.client()), (kind, Some("service")), "{fault:?}: {error}");
        assert!(!error.report().to_string().contains(login.authentication().auth_req_id.expose()));
        drop(login);
    }
    let ping = bed.provider.approve_backchannel("alice").unwrap().remove(0);
    for header in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic dTpw")] {
        let error = client.receive_ping(header, ping.body()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{header:?}");
    }
    assert!((&mut waiting).now_or_never().is_none());
    assert!(sent(&bed, Endpoint::Token).is_empty());
    // The scheme is compared without case.
    let header = ping.headers()["authorization"].to_str().unwrap().replace("Bearer", "bearer");
    client.receive_ping(Some(&header), ping.body()).unwrap();
    assert!(waiting.await.is_ok());
}
