use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;

const JS: &str = "application/json";
const NOW: u64 = 1_000;

fn answer(status: u16, content_type: &str, body: &str) -> Result<DeviceAuthorization> {
    parse_device_authorization_response(
        &test_response(status, content_type, body),
        from_unix_seconds(NOW),
    )
}

/// The answer of RFC 8628 §3.2.
fn example() -> Value {
    json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800,
        "interval": 5
    })
}

/// The example's answer with other members over its own; `"-"` takes one away.
fn with(changes: &Value) -> Result<DeviceAuthorization> {
    let mut body = example();
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    answer(200, JS, &body.to_string())
}

#[test]
fn device_request_sends_scope_only() {
    assert_eq!(device_authorization_form(Some("a b")).to_form(), "scope=a+b");
    assert!(device_authorization_form(Some("")).is_empty());
    assert!(device_authorization_form(None).is_empty());
}

#[test]
fn rfc_example_response_is_parsed() {
    let device = with(&json!({})).unwrap();
    assert_eq!(device.device_code.expose(), "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    assert_eq!(device.user_code, "WDJB-MJHT");
    assert_eq!(device.verification_uri, "https://example.com/device");
    assert_eq!(
        device.verification_uri_complete.as_deref(),
        Some("https://example.com/device?user_code=WDJB-MJHT")
    );
    assert_eq!(device.expires_at, from_unix_seconds(NOW + 1800));
    assert_eq!(device.interval, Duration::from_secs(5));
    let shown = format!("{device:?}");
    assert!(!shown.contains("GmRh") && !shown.contains("WDJB"), "{shown}");
}

#[test]
fn google_verification_url_is_accepted() {
    let google =
        json!({"verification_uri": "-", "verification_url": "https://www.google.com/device"});
    assert_eq!(with(&google).unwrap().verification_uri, "https://www.google.com/device");
    let bad = with(&json!({"verification_uri": null, "verification_url": "http://g.example/"}));
    assert!(bad.unwrap_err().to_string().contains("`verification_url`"));
    // It never overrules the RFC's.
    let both = with(&json!({"verification_url": "https://evil.example/"})).unwrap();
    assert_eq!(both.verification_uri, "https://example.com/device");
}

#[test]
fn every_format_of_seconds_has_defined_result() {
    let day = MAX_LIFETIME.as_secs();
    for (value, lifetime, interval) in [
        (json!(10), Some(10), Some(10)),
        (json!("10"), Some(10), Some(10)),
        (json!(10.9), Some(10), Some(10)),
        (json!(0), Some(0), Some(1)),
        (json!(-5), Some(0), Some(1)),
        (json!(0.5), Some(0), Some(1)),
        (json!(301), Some(301), Some(300)),
        (json!(1e300), Some(day), Some(300)),
        (json!("1e300"), Some(day), Some(300)),
        (json!(u64::MAX), Some(day), Some(300)),
        (json!(null), None, Some(5)),
        (json!("-"), None, Some(5)),
        (json!("soon"), None, None),
        (json!(true), None, None),
        (json!([5]), None, None),
    ] {
        let got = with(&json!({"expires_in": value})).ok().map(|device| device.expires_at);
        assert_eq!(got, lifetime.map(|seconds| from_unix_seconds(NOW + seconds)), "{value}");
        let got = with(&json!({"interval": value})).ok().map(|device| device.interval);
        assert_eq!(got, interval.map(Duration::from_secs), "{value}");
    }
}

#[test]
fn verification_uri_must_be_https_or_loopback() {
    for (page, accepted) in [
        ("https://example.com/device", true),
        ("https://example.com/#/device?user_code=A", true),
        ("http://localhost:4000/device", true),
        ("http://127.0.0.1/device", true),
        ("http://example.com/device", false),
        ("javascript:alert(1)", false),
        ("javascript://example.com/%0aalert(1)", false),
        ("data:text/html,x", false),
        ("https://google.com@evil.example/", false),
        ("https://example.com/ device", false),
        ("https://example.com/#a\u{1b}[2J", false),
        ("example.com/device", false),
        ("#", false),
    ] {
        for name in ["verification_uri", "verification_uri_complete"] {
            let got = with(&json!({ name: page }));
            assert_eq!(got.is_ok(), accepted, "{name} {page}");
            if let Err(error) = got {
                assert!(error.to_string().contains(name), "{error}");
            }
        }
    }
}

#[test]
fn missing_or_invalid_members_are_rejected_by_name() {
    for name in ["device_code", "user_code", "verification_uri", "expires_in"] {
        for value in [json!("-"), json!(null), json!(""), json!({}), json!([1])] {
            let error = with(&json!({ name: value })).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.to_string().contains(&format!("`{name}`")), "{value}: {error}");
        }
    }
    assert!(with(&json!({"verification_uri_complete": 1})).is_err());
    assert_eq!(
        with(&json!({"verification_uri_complete": ""})).unwrap().verification_uri_complete,
        None
    );
    for code in ["A\u{1b}[2J".to_owned(), "A\nB".to_owned(), "A".repeat(MAX_USER_CODE + 1)] {
        let error = with(&json!({ "user_code": code })).unwrap_err();
        assert!(error.to_string().contains("typed"), "{error}");
    }
}

#[test]
fn invalid_device_responses_are_rejected_with_reason() {
    let good = example().to_string();
    for (status, content_type, body, says) in [
        (200, "text/html", good.as_str(), "text/html"),
        (200, JS, "<html>", "not a JSON object"),
        (200, JS, "[]", "not a JSON object"),
        (200, JS, r#"{"device_code":"a","device_code":"b"}"#, "not a JSON object"),
        (200, JS, r#"{"error":"slow","device_code":"a"}"#, "slow"),
        (302, "text/html", "", "never followed"),
        (400, JS, r#"{"error":"invalid_scope"}"#, "`scope`"),
        (400, JS, r#"{"error":"unauthorized_client"}"#, "device flow"),
        (400, JS, r#"{"error":["x"]}"#, "not a string"),
        (400, JS, good.as_str(), "status 400"),
        (401, JS, r#"{"error":"invalid_client"}"#, "client_secret"),
        (404, JS, r#"{"message":"Not Found"}"#, "check `device_authorization_endpoint`"),
        (405, "text/html", "<h1>", "check `device_authorization_endpoint`"),
        (500, "text/html", "<h1>", "status 500"),
    ] {
        let error = answer(status, content_type, body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert!(error.to_string().contains(says), "{body}: {error}");
    }
    for body in ["<h1>", r#"{"error":"temporarily_unavailable"}"#] {
        let error = answer(503, JS, body).unwrap_err();
        let said = error.provider_error().unwrap();
        assert_eq!(
            (said.status, said.retry_after),
            (Some(503), Some(Duration::from_secs(7))),
            "{body}"
        );
    }
}

fn polling() -> Polling {
    Polling { interval: Duration::from_secs(5), expires_at: from_unix_seconds(NOW + 1800) }
}

fn said(code: &str, status: u16, retry_after: Option<u64>) -> Error {
    let mut said = ProviderError::new(code, None, None);
    said.status = Some(status);
    said.retry_after = retry_after.map(Duration::from_secs);
    Error::new(ErrorKind::InvalidResponse, "refused").with_provider_error(said)
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Transport, "nobody there")
}

/// The pauses after these errors, until the kind of error that ends the loop.
fn pauses(errors: &[Error]) -> (Vec<u64>, Option<ErrorKind>) {
    let mut polling = polling();
    let mut waited = Vec::new();
    for error in errors {
        match polling.after(error, from_unix_seconds(NOW)) {
            PollStep::Wait(pause) => waited.push(pause.as_secs()),
            PollStep::Stop(error) => return (waited, Some(error.kind())),
        }
    }
    (waited, None)
}

#[test]
fn intervals_follow_provider() {
    let pending = || said("authorization_pending", 400, None);
    let slow = || said("slow_down", 400, None);
    for (errors, expected, end) in [
        (vec![pending(), pending()], vec![5, 5], None),
        (vec![slow(), pending(), slow(), pending()], vec![10, 10, 15, 15], None),
        (vec![said("authorization_pending", 400, Some(60)), pending()], vec![60, 5], None),
        (vec![said("slow_down", 429, Some(3))], vec![10], None),
        (vec![unreachable(), unreachable(), pending()], vec![10, 20, 20], None),
        (vec![said("(no OAuth error)", 503, Some(30)), pending()], vec![30, 10], None),
        (vec![pending(), said("access_denied", 400, None)], vec![5], Some(ErrorKind::AccessDenied)),
        (vec![said("expired_token", 400, None)], vec![], Some(ErrorKind::Unauthenticated)),
        (vec![said("invalid_grant", 400, None)], vec![], Some(ErrorKind::InvalidResponse)),
        (
            vec![Error::new(ErrorKind::InvalidResponse, "html")],
            vec![],
            Some(ErrorKind::InvalidResponse),
        ),
        (
            vec![said("authorization_pending", 400, Some(u64::MAX))],
            vec![],
            Some(ErrorKind::Unauthenticated),
        ),
    ] {
        assert_eq!(pauses(&errors), (expected, end), "{errors:?}");
    }
}

#[test]
fn failures_lengthen_interval_up_to_limit() {
    let errors: Vec<_> = (0..8).map(|_| unreachable()).collect();
    assert_eq!(pauses(&errors).0, [10, 20, 40, 80, 160, 300, 300, 300]);
    let mut slowed = Polling { interval: Duration::from_secs(400), ..polling() };
    assert!(matches!(slowed.after(&unreachable(), from_unix_seconds(NOW)),
        PollStep::Wait(pause) if pause.as_secs() == 400));
}

/// B25: a provider that says `slow_down` for ever is asked less and less often, and not after the expiry.
#[test]
fn device_polling_ends_with_device_code() {
    let mut polling = polling();
    let mut now = from_unix_seconds(NOW);
    let mut requests = 0;
    let error = loop {
        match polling.after(&said("slow_down", 400, None), now) {
            PollStep::Wait(pause) => now += pause,
            PollStep::Stop(error) => break error,
        }
        assert!(now < polling.expires_at);
        requests += 1;
    };
    assert_eq!(requests, 25);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("start again"), "{error}");
    // The words that ended it are kept where there were some.
    let denied = polling.after(&said("access_denied", 403, None), now);
    assert!(matches!(denied, PollStep::Stop(error)
        if error.provider_error().unwrap().status == Some(403)));
}

#[test]
fn first_poll_waits_and_expired_code_is_not_used() {
    let now = from_unix_seconds(NOW);
    assert!(matches!(polling().first(now), PollStep::Wait(pause) if pause.as_secs() == 5));
    let device = with(&json!({"expires_in": 0})).unwrap();
    assert!(matches!(Polling::new(&device).first(now), PollStep::Stop(error)
        if error.kind() == ErrorKind::Unauthenticated));
}

proptest! {
    /// Whatever comes, the pauses never get shorter than the interval was, and none outlives the code.
    #[test]
    fn intervals_stay_within_limit_and_expiry(
        steps in prop::collection::vec((0_usize..5, prop::option::of(any::<u64>())), 0..40)
    ) {
        let mut polling = polling();
        let mut now = from_unix_seconds(NOW);
        for (which, retry_after) in steps {
            let error = match which {
                0 => unreachable(),
                1 => said("slow_down", 400, retry_after),
                2 => said("(no OAuth error)", 503, retry_after),
                3 => said("invalid_grant", 400, retry_after),
                _ => said("authorization_pending", 400, retry_after),
            };
            let least = polling.interval;
            match polling.after(&error, now) {
                PollStep::Wait(pause) => {
                    prop_assert!(pause >= least && polling.interval >= least);
                    now += pause;
                    prop_assert!(now < polling.expires_at);
                }
                PollStep::Stop(_) => break,
            }
        }
    }

    #[test]
    fn parser_never_panics(
        body in prop::collection::vec(any::<u8>(), 0..200), number in any::<f64>(), text in ".*"
    ) {
        let _ = answer(200, JS, &String::from_utf8_lossy(&body));
        for value in [json!(number), json!(text)] {
            let device = with(&json!({"expires_in": value, "interval": value}));
            let refused = device.is_err();
            let tame = device.is_ok_and(|device| {
                device.interval >= MIN_INTERVAL && device.interval <= MAX_INTERVAL
            });
            prop_assert!(refused || tame);
            let _ = with(&json!({"verification_uri": value, "user_code": value}));
        }
    }
}
