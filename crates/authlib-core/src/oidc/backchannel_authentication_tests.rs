use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::test_responses::{JSON, assert_rejected, changed};

const NOW: u64 = 1_000;

fn parse(response: &Response) -> Result<BackchannelAuthentication> {
    parse_backchannel_authentication_response(response, from_unix_seconds(NOW))
}

fn with(changes: &Value) -> Result<BackchannelAuthentication> {
    let example = json!({"auth_req_id": "1c266114-a1be", "expires_in": 120, "interval": 2});
    parse(&test_response(200, JSON, &changed(example, changes).to_string()))
}

fn form(request: &BackchannelRequest) -> Result<String> {
    request.form("openid email", &Params::new(), None).map(|form| form.to_form())
}

fn by_name() -> BackchannelRequest {
    BackchannelRequest::login_hint("alice")
}

#[test]
fn request_sends_its_parameters() {
    let secret = Secret::new("s");
    let all = by_name()
        .acr_values("a b")
        .binding_message("W4SCT")
        .user_code(&secret)
        .requested_expiry(Duration::from_millis(90_900))
        .param("resource", "https://api.example/");
    assert_eq!(
        form(&all).unwrap(),
        "scope=openid+email&login_hint=alice&acr_values=a+b&binding_message=W4SCT&user_code=s\
         &requested_expiry=90&resource=https%3A%2F%2Fapi.example%2F"
    );
    for (request, hint) in [
        (BackchannelRequest::id_token_hint(&secret), "id_token_hint=s"),
        (BackchannelRequest::login_hint_token(&secret), "login_hint_token=s"),
        (by_name().requested_expiry(Duration::ZERO), "login_hint=alice&requested_expiry=1"),
    ] {
        assert_eq!(form(&request).unwrap(), format!("scope=openid+email&{hint}"));
    }
    let defaults = Params::new().with("acr_values", "c").with("resource", "https://b.example/");
    let sent = all.form("openid", &defaults, Some(&secret)).unwrap();
    assert_eq!(sent.all("acr_values").collect::<Vec<_>>(), ["a b"]);
    assert_eq!(sent.all("resource").collect::<Vec<_>>(), ["https://api.example/"]);
    assert_eq!(sent.all("client_notification_token").collect::<Vec<_>>(), ["s"]);
    let sent = by_name().form("openid", &defaults, None).unwrap();
    assert_eq!(
        sent.to_form(),
        "scope=openid&login_hint=alice&acr_values=c&resource=https%3A%2F%2Fb.example%2F"
    );
    assert!(!format!("{all:?}").contains("W4SCT"));
}

#[test]
fn request_needs_one_hint_and_openid() {
    for request in [
        by_name().param("login_hint", "bob"),
        by_name().param("id_token_hint", "a.b.c"),
        BackchannelRequest::login_hint(""),
    ] {
        let error = form(&request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("exactly one hint"), "{error}");
    }
    for name in RESERVED {
        let error = form(&by_name().param(name, "x")).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    for scope in ["", "email", "openidx"] {
        let error = by_name().form(scope, &Params::new(), None).unwrap_err();
        assert!(error.to_string().contains("`openid`"), "{scope}: {error}");
    }
    assert_eq!(by_name().scope_or("openid"), "openid");
    assert_eq!(by_name().scope("openid x").scope_or("openid"), "openid x");
}

#[test]
fn response_is_read_with_limits() {
    let read = with(&json!({})).unwrap();
    assert_eq!(read.auth_req_id.expose(), "1c266114-a1be");
    assert_eq!(read.expires_at, from_unix_seconds(NOW + 120));
    assert_eq!(read.interval, Duration::from_secs(2));
    assert!(!format!("{read:?}").contains("1c266114"));
    for (interval, seconds) in [(json!(null), 5), (json!(0), 1), (json!(1e9), 300), (json!("x"), 5)]
    {
        let read = with(&json!({ "interval": interval })).unwrap();
        assert_eq!(read.interval, Duration::from_secs(seconds), "{interval}");
    }
    let read = with(&json!({"expires_in": 1e300})).unwrap();
    assert_eq!(read.expires_at, from_unix_seconds(NOW + 24 * 3600));
    for name in ["auth_req_id", "expires_in"] {
        for value in [json!(null), json!(""), json!("-"), json!([1])] {
            // Any text is an identifier.
            if (name, &value) != ("auth_req_id", &json!("-")) {
                let error = with(&json!({ name: value })).unwrap_err();
                assert!(error.to_string().contains(&format!("`{name}`")), "{value}: {error}");
            }
        }
    }
}

#[test]
fn rejected_requests_have_kind_and_hint() {
    for (code, kind, hint) in [
        ("access_denied", ErrorKind::AccessDenied, "rejected"),
        ("expired_login_hint_token", ErrorKind::InvalidRequest, "new `login_hint_token`"),
        ("invalid_binding_message", ErrorKind::InvalidRequest, "short `binding_message`"),
        ("invalid_request", ErrorKind::InvalidResponse, "rejected"),
        ("invalid_user_code", ErrorKind::InvalidRequest, "ask for it again"),
        ("missing_user_code", ErrorKind::InvalidRequest, "set `user_code`"),
        ("unauthorized_client", ErrorKind::InvalidResponse, "enable CIBA"),
        ("unknown_user_id", ErrorKind::InvalidRequest, "no user"),
    ] {
        let body = json!({ "error": code }).to_string();
        let error = parse(&test_response(400, JSON, &body)).unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.provider_error().unwrap().error, code);
        let report = error.report().to_string();
        assert!(hint == "rejected" || report.contains(hint), "{report}");
    }
    assert_rejected(parse, &[(400, JSON, r#"{"auth_req_id":"a"}"#, "status 400")]);
}

#[test]
fn claims_must_be_of_this_request_and_user() {
    let id = Secret::new("r1");
    let claims = |value: Value| match value {
        Value::Object(map) => UserInfo::new(map),
        _ => panic!(),
    };
    let check = |value, hinted| check_claims(Some(&claims(value)), &id, hinted);
    assert!(check(json!({"sub": "a"}), None).is_ok());
    assert!(check(json!({"sub": "a", AUTH_REQ_ID: "r1"}), Some("a")).is_ok());
    for (value, hinted, text) in [
        (json!({"sub": "a", AUTH_REQ_ID: "r2"}), None, "another backchannel"),
        (json!({"sub": "a", AUTH_REQ_ID: 1}), None, "another backchannel"),
        (json!({"sub": "a"}), Some("b"), "another user's"),
    ] {
        let error = check(value, hinted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(check_claims(None, &id, None).unwrap_err().to_string().contains("no ID token"));
    // The payload is {"sub":"a"}.
    let hint = BackchannelRequest::id_token_hint(&Secret::new("e30.eyJzdWIiOiJhIn0.e30"));
    assert_eq!(hint.hinted_subject().as_deref(), Some("a"));
    assert_eq!(BackchannelRequest::id_token_hint(&Secret::new("a.b.c")).hinted_subject(), None);
    assert_eq!(by_name().hinted_subject(), None);
}

proptest! {
    #[test]
    fn parser_never_panics(body in prop::collection::vec(any::<u8>(), 0..200), text in ".*") {
        let _ = parse(&test_response(200, JSON, &String::from_utf8_lossy(&body)));
        let _ = with(&json!({"expires_in": text, "interval": text, "auth_req_id": text}));
        let _ = BackchannelRequest::id_token_hint(&Secret::new(text)).hinted_subject();
    }
}
