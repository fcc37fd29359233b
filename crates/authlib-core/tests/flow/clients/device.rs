//! Device authorization grant (RFC 8628): polling interval, end of polling, and requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::{ErrorKind, LoginPoll, Token};
use authlib_provider::{Endpoint, Fault, Provider, RecordedRequest, Reply, TestClient};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::test_bed::polled::Polled;
use crate::test_bed::service::service;
use crate::test_bed::{CALLBACK, ISSUER, TestBed, client, sent};

/// The user code of the only device.
fn approve(provider: &Provider, user_code: &Mutex<String>) {
    assert!(provider.approve_device(&user_code.lock().unwrap(), "alice"));
}

fn device_request(bed: &TestBed) -> RecordedRequest {
    let requests = bed.provider.received_requests();
    requests.into_iter().find(|seen| seen.endpoint == Endpoint::DeviceAuthorization).unwrap()
}

#[tokio::test]
async fn device_polls_at_provider_interval_until_decision() {
    let code = Arc::new(Mutex::new(String::new()));
    let theirs = code.clone();
    let device = Polled::new(move |pause, provider| {
        if pause == 4 {
            approve(provider, &theirs);
        }
    });
    let mut login = device.client.start_device_login(None).await.unwrap();
    login.user_code().clone_into(&mut code.lock().unwrap());
    assert_eq!(login.verification_uri(), format!("{ISSUER}/device"));
    let complete = login.verification_uri_complete().unwrap();
    assert!(complete.ends_with(&format!("?user_code={}", login.user_code())));
    let token = login.wait().await.unwrap();
    assert_eq!(device.pauses(), [5, 5, 5, 5]);
    assert_eq!(device.asked(), 4);
    // Its ID token is verified, and the token works.
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    assert_eq!(token.scope.as_deref(), Some("openid email"));
    device.client.set_token(&token).await.unwrap();
    let echo: Value = device.client.get("echo").send().await.unwrap().json().unwrap();
    assert_eq!(echo["sub"], "alice");
    // RFC 8628 §3.1: the client authenticates as at the token endpoint, and sends its scope once.
    let asked = device_request(&device.bed);
    assert_eq!(asked.authorization.as_deref(), Some("Basic"));
    assert_eq!(asked.names, ["scope"]);
    for asked in sent(&device.bed, Endpoint::Token) {
        assert_eq!(asked.authorization.as_deref(), Some("Basic"));
        assert_eq!(asked.names, ["grant_type", "device_code"]);
    }
    assert!(!format!("{login:?} {token:?}").contains(login.user_code()));
}

/// OpenID Connect Core §3.1.3.7 applies to this ID token too.
#[tokio::test]
async fn invalid_id_token_fails_device_login() {
    for fault in [
        Fault::BadSignature,
        Fault::claim("aud", "another"),
        Fault::claim("iss", "https://evil.example"),
        Fault::claim("at_hash", "AAAA"),
        Fault::claim("nonce", "unasked"),
        Fault::Unsigned("none".into()),
    ] {
        let device = Polled::new(|_, _| {});
        let mut login = device.app().start_device_login(None).await.unwrap();
        assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
        device.bed.provider.inject(fault.clone());
        let error = login.wait().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{fault:?}: {error}");
    }
    // Without the `openid` scope it is a plain OAuth login.
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(Some("email")).await.unwrap();
    assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
    let token = login.wait().await.unwrap();
    assert!(token.id_token.is_none() && token.userinfo().is_err());
    assert_eq!(token.scope.as_deref(), Some("email"));
}

#[tokio::test]
async fn slow_down_lengthens_all_later_intervals() {
    let replies = |pause: usize, provider: &Provider| {
        provider.clear_faults();
        if pause == 2 || pause == 3 {
            let reply = Reply::json(400, r#"{"error":"slow_down"}"#);
            provider.inject(Fault::Response(Endpoint::Token, reply));
        }
    };
    let device = Polled::new(replies);
    let mut login = device.app().start_device_login(None).await.unwrap();
    let stopped = login.wait_while(|pause| pause.as_secs() < 16 && device.asked() < 6).await;
    assert!(stopped.unwrap().is_none());
    assert_eq!(device.pauses(), [5, 5, 10, 15, 15, 15]);
    // The provider also sends `slow_down` to a client that polls too early.
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    for wait in [5, 10, 15] {
        let LoginPoll::Pending { wait: told } = login.poll().await.unwrap() else { panic!() };
        assert_eq!(told.as_secs(), wait);
    }
}

#[tokio::test]
async fn device_denial_ends_login_and_expiry_has_hint() {
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    assert!(device.bed.provider.deny_device(login.user_code()));
    let error = login.wait().await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::AccessDenied, Some("service")));
    assert_eq!(error.provider_error().unwrap().error, "access_denied");
    assert_eq!(device.asked(), 1);

    // The code is never entered: the device stops before it expires, and sends nothing after that.
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    let error = login.wait().await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::Unauthenticated, Some("service")));
    assert!(error.to_string().contains("start again"), "{error}");
    assert_eq!(device.pauses(), [5; 119]);
    assert_eq!(login.wait().await.unwrap_err().kind(), ErrorKind::Unauthenticated);

    // The provider's `expired_token` counts too.
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    device.bed.clock.advance(Duration::from_secs(600));
    let error = login.poll().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(error.provider_error().unwrap().error, "expired_token");
}

#[tokio::test]
async fn device_polling_backs_off_during_outage_and_recovers() {
    let code = Arc::new(Mutex::new(String::new()));
    let theirs = code.clone();
    let device = Polled::new(move |pause, provider| {
        provider.clear_faults();
        match pause {
            2 => provider.inject(Fault::Response(Endpoint::Token, Reply::Reset)),
            3 => provider.inject(Fault::Response(Endpoint::Token, Reply::Hang)),
            4 => provider.inject(Fault::Response(Endpoint::Token, Reply::html(503))),
            6 => approve(provider, &theirs),
            _ => {}
        }
    });
    let mut login = device.app().start_device_login(None).await.unwrap();
    login.user_code().clone_into(&mut code.lock().unwrap());
    assert!(login.wait().await.is_ok());
    assert_eq!(device.pauses(), [5, 5, 10, 20, 40, 40]);
    // Errors that waiting can't resolve are returned at once.
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    let reply = Reply::json(401, r#"{"error":"invalid_client"}"#);
    device.bed.provider.inject(Fault::Response(Endpoint::Token, reply));
    assert_eq!(login.wait().await.unwrap_err().kind(), ErrorKind::InvalidResponse);
    assert_eq!(device.pauses(), [5]);
}

#[tokio::test]
async fn dropped_device_login_stops_polling_and_can_resume() {
    let device = Polled::new(|_, _| {});
    let mut login = device.app().start_device_login(None).await.unwrap();
    let mut pauses = Vec::new();
    let stopped = login.wait_while(|pause| {
        pauses.push(pause.as_secs());
        pauses.len() <= 3
    });
    assert!(stopped.await.unwrap().is_none());
    assert_eq!(pauses, [5; 4]);
    assert_eq!((device.asked(), device.pauses()), (3, vec![5; 3]));
    assert!(login.wait_while(|_| false).await.unwrap().is_none());
    assert_eq!(device.asked(), 3);
    // A future that is dropped while it waits sends no more requests.
    let mut waiting = Box::pin(login.wait());
    assert!((&mut waiting).now_or_never().is_none());
    drop(waiting);
    tokio::task::yield_now().await;
    assert_eq!(device.asked(), 3);
    assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
    let token: Token = login.wait().await.unwrap();
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    assert_eq!((device.asked(), device.pauses()), (4, vec![5; 4]));
}

#[tokio::test]
async fn device_poll_advances_step_by_step() {
    let device = Polled::new(|_, _| panic!("poll waits for nothing"));
    let mut login = device.app().start_device_login(None).await.unwrap();
    for _ in 0..3 {
        device.bed.clock.advance(Duration::from_secs(5));
        let LoginPoll::Pending { wait } = login.poll().await.unwrap() else { panic!() };
        assert_eq!(wait.as_secs(), 5);
    }
    assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
    let LoginPoll::Token(token) = login.poll().await.unwrap() else { panic!() };
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    // The code was redeemed.
    assert_eq!(login.poll().await.unwrap_err().kind(), ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn missing_device_endpoint_differs_from_broken_provider() {
    let device = Polled::new(|_, _| {});
    let none = Fault::metadata("device_authorization_endpoint", Value::Null);
    device.bed.provider.inject(none);
    let error = device.app().start_device_login(None).await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::Unsupported, Some("service")));
    assert_eq!(device.bed.provider.count(Endpoint::DeviceAuthorization), 0);
    for (reply, kind) in [
        (Reply::Reset, ErrorKind::Transport),
        (Reply::Redirect(302, "https://evil.example/".into()), ErrorKind::InvalidResponse),
        (Reply::json(401, r#"{"error":"invalid_client"}"#), ErrorKind::InvalidResponse),
    ] {
        let device = Polled::new(|_, _| {});
        device.bed.provider.inject(Fault::Response(Endpoint::DeviceAuthorization, reply));
        assert_eq!(device.app().start_device_login(None).await.unwrap_err().kind(), kind);
        assert_eq!(device.bed.provider.count(Endpoint::Unmatched), 0);
    }
    for (name, value) in [
        ("verification_uri", json!("javascript:alert(1)")),
        ("user_code", json!("\u{1b}[2J")),
        ("device_code", Value::Null),
        ("expires_in", Value::Null),
    ] {
        let device = Polled::new(|_, _| {});
        device.bed.provider.inject(Fault::Device(name.into(), value));
        let error = device.app().start_device_login(None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// RFC 8628 §3.2: what is optional costs nothing.
#[tokio::test]
async fn odd_optional_device_members_are_ignored() {
    for (name, value) in [
        ("verification_uri_complete", json!("http://op.example/device")),
        ("verification_uri_complete", json!(7)),
        ("interval", json!("soon")),
        ("interval", json!([5])),
    ] {
        let device = Polled::new(|_, _| {});
        device.bed.provider.inject(Fault::Device(name.into(), value));
        let _login = device.app().start_device_login(None).await.unwrap();
    }
}

/// Extreme numbers neither panic nor cause a loop without pauses.
#[tokio::test]
async fn extreme_intervals_and_lifetimes_are_clamped() {
    for (interval, expires_in, first) in [
        (json!(0), json!(600), Some(1)),
        (json!(-7), json!(600), Some(1)),
        (json!(1e300), json!(1e300), Some(300)),
        (Value::Null, json!(u64::MAX), Some(5)),
        (json!(5), json!(0), None),
    ] {
        let device = Polled::new(|_, _| {});
        device.bed.provider.inject(Fault::Device("interval".into(), interval.clone()));
        device.bed.provider.inject(Fault::Device("expires_in".into(), expires_in));
        let mut login = device.app().start_device_login(None).await.unwrap();
        let mut pause = None;
        let stopped = login.wait_while(|told| {
            pause = Some(told.as_secs());
            false
        });
        assert_eq!(stopped.await.is_ok(), first.is_some(), "{interval}");
        assert_eq!(pause, first, "{interval}");
        assert_eq!(device.asked(), 0);
    }
}

#[tokio::test]
async fn public_client_sends_client_id_to_both_endpoints() {
    let bed = TestBed::with(
        |provider| provider.client(TestClient::public("tv").redirect_uri(CALLBACK)),
        |client| client,
        |oauth| oauth,
    );
    let config = service().client_id("tv").client_secret("").scope("email");
    let config = config.device_authorization_endpoint(format!("{ISSUER}/device_authorization"));
    let device = client(&bed, config);
    let mut login = device.start_device_login(Some("")).await.unwrap();
    assert!(bed.provider.approve_device(login.user_code(), "alice"));
    login.wait().await.unwrap();
    for asked in [device_request(&bed), sent(&bed, Endpoint::Token).remove(0)] {
        assert_eq!(asked.authorization, None);
        assert_eq!(asked.field("client_id"), Some("tv"));
        assert!(!asked.names.contains(&"scope".to_owned()));
    }
}

/// `wait` after `poll` uses the last interval of the provider.
#[tokio::test]
async fn resumed_wait_uses_last_interval() {
    let device = Polled::new(|_, _| {});
    let mut login = device.client.start_device_login(None).await.unwrap();
    let slower = Reply::json(400, r#"{"error":"slow_down"}"#);
    device.bed.provider.inject(Fault::Response(Endpoint::Token, slower));
    let polled = login.poll().await.unwrap();
    assert!(matches!(polled, LoginPoll::Pending { wait } if wait == Duration::from_secs(10)));
    device.bed.provider.clear_faults();
    assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
    let mut told = Vec::new();
    let token = login.wait_while(|pause| {
        told.push(pause.as_secs());
        true
    });
    assert!(token.await.unwrap().is_some());
    assert_eq!((told, device.pauses()), (vec![10], vec![10]));
}

/// Without keys the response could not be verified, and the code would be lost.
#[tokio::test]
async fn device_code_is_not_redeemed_without_provider_keys() {
    for reply in [Reply::Reset, Reply::html(500)] {
        let device = Polled::new(|_, _| {});
        let mut login = device.client.start_device_login(None).await.unwrap();
        assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
        device.bed.provider.inject(Fault::Response(Endpoint::Jwks, reply.clone()));
        let polled = login.poll().await;
        if reply == Reply::Reset {
            let twice = Duration::from_secs(10);
            assert!(matches!(polled, Ok(LoginPoll::Pending { wait }) if wait == twice));
        } else {
            assert_eq!(polled.unwrap_err().kind(), ErrorKind::InvalidResponse);
        }
        assert_eq!(device.asked(), 0, "{reply:?}");
        device.bed.provider.clear_faults();
        device.bed.clock.advance(Duration::from_secs(60));
        assert!(matches!(login.poll().await.unwrap(), LoginPoll::Token(_)), "{reply:?}");
    }
}

/// An overloaded or broken server decides nothing, whatever its body says.
#[tokio::test]
async fn outage_does_not_end_device_login() {
    for status in [429, 500, 502, 503, 504] {
        for code in ["access_denied", "expired_token", "invalid_grant", "login_required"] {
            let device = Polled::new(|_, _| {});
            let mut login = device.client.start_device_login(None).await.unwrap();
            assert!(device.bed.provider.approve_device(login.user_code(), "alice"));
            let reply = Reply::json(status, format!(r#"{{"error":"{code}"}}"#));
            device.bed.provider.inject(Fault::Response(Endpoint::Token, reply));
            let polled = login.poll().await.unwrap();
            assert!(matches!(polled, LoginPoll::Pending { .. }), "{status} {code}");
            device.bed.provider.clear_faults();
            device.bed.clock.advance(Duration::from_secs(60));
            assert!(matches!(login.poll().await.unwrap(), LoginPoll::Token(_)), "{status} {code}");
        }
    }
}
