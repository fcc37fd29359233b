use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::test_responses::{JSON, assert_rejected, changed};

const NOW: u64 = 1_000;

fn parse(response: &Response) -> Result<DeviceAuthorization> {
    parse_device_authorization_response(response, HttpHosts::LOOPBACK, from_unix_seconds(NOW))
}

/// The response of RFC 8628 §3.2.
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

fn with(changes: &Value) -> Result<DeviceAuthorization> {
    parse(&test_response(200, JSON, &changed(example(), changes).to_string()))
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
    // `verification_uri` takes precedence.
    let both = with(&json!({"verification_url": "https://evil.example/"})).unwrap();
    assert_eq!(both.verification_uri, "https://example.com/device");
}

#[test]
fn lifetime_and_interval_are_clamped() {
    let day = MAX_LIFETIME.as_secs();
    for (value, lifetime, interval) in [
        (json!("10"), Some(10), Some(10)),
        (json!(0.5), Some(0), Some(1)),
        (json!(301), Some(301), Some(300)),
        (json!(1e300), Some(day), Some(300)),
        (json!(null), None, Some(5)),
        (json!("-"), None, Some(5)),
        (json!("soon"), None, Some(5)),
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
        ("https:evil.example/://", false),
        ("https:tps://example.com/e", false),
        ("#", false),
    ] {
        let got = with(&json!({ "verification_uri": page }));
        assert_eq!(got.is_ok(), accepted, "{page}");
        if let Err(error) = got {
            assert!(error.to_string().contains("verification_uri"), "{error}");
        }
        // The response can do without this one.
        let device = with(&json!({ "verification_uri_complete": page })).unwrap();
        assert_eq!(device.verification_uri_complete.is_some(), accepted, "{page}");
    }
}

/// What is shown is what was checked.
#[test]
fn verification_uri_is_the_parsed_url() {
    for (page, shown) in [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.com:443/d", "https://example.com/d"),
        ("https://ex\u{430}mple.com/d", "https://xn--exmple-4nf.com/d"),
        ("https://example.com/\u{202e}/#a\u{202e}", "https://example.com/%E2%80%AE/#a%E2%80%AE"),
        ("https://example.com/d#", "https://example.com/d#"),
    ] {
        let uri = json!({"verification_uri": page, "verification_uri_complete": page});
        let device = with(&uri).unwrap();
        assert_eq!(device.verification_uri, shown);
        assert_eq!(device.verification_uri_complete.as_deref(), Some(shown));
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
    for value in [json!(1), json!(""), json!(null), json!([])] {
        let device = with(&json!({ "verification_uri_complete": value })).unwrap();
        assert_eq!(device.verification_uri_complete, None, "{value}");
    }
    for code in ["A\u{1b}[2J".to_owned(), "A\nB".to_owned(), "A".repeat(MAX_USER_CODE + 1)] {
        let error = with(&json!({ "user_code": code })).unwrap_err();
        assert!(error.to_string().contains("typed"), "{error}");
    }
}

#[test]
fn invalid_device_responses_are_rejected_with_reason() {
    assert_rejected(
        parse,
        &[
            (400, JSON, r#"{"error":"invalid_scope"}"#, "`scope`"),
            (400, JSON, r#"{"error":"unauthorized_client"}"#, "device flow"),
            (400, JSON, &example().to_string(), "status 400"),
        ],
    );
}

fn polling() -> Polling {
    Polling { interval: Duration::from_secs(5), expires_at: from_unix_seconds(NOW + 1800) }
}

fn provider_error(code: &str, status: u16, retry_after: Option<u64>) -> Error {
    let mut error = ProviderError::new(code, None, None);
    error.status = Some(status);
    error.retry_after = retry_after.map(Duration::from_secs);
    Error::new(ErrorKind::InvalidResponse, "rejected").with_provider_error(error)
}

fn code(code: &str) -> Error {
    provider_error(code, 400, None)
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Transport, "unreachable")
}

/// The pauses after these errors, and the kind of the error that ends the polling.
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
    let pending = || code("authorization_pending");
    let slow = || code("slow_down");
    let pending_with =
        |retry_after| provider_error("authorization_pending", 400, Some(retry_after));
    let busy = provider_error("(no OAuth error)", 503, Some(30));
    let outage = |code| provider_error(code, 500, None);
    let html = Error::new(ErrorKind::InvalidResponse, "html");
    for (errors, expected, end) in [
        (vec![pending(), pending()], vec![5, 5], None),
        (vec![slow(), pending(), slow(), pending()], vec![10, 10, 15, 15], None),
        (vec![pending_with(60), pending()], vec![60, 5], None),
        (vec![provider_error("slow_down", 429, Some(3))], vec![10], None),
        (vec![unreachable(), unreachable(), pending()], vec![10, 20, 20], None),
        (vec![busy, pending()], vec![30, 10], None),
        (vec![pending(), code("access_denied")], vec![5], Some(ErrorKind::AccessDenied)),
        (vec![code("expired_token")], vec![], Some(ErrorKind::Unauthenticated)),
        (vec![code("invalid_grant")], vec![], Some(ErrorKind::InvalidResponse)),
        (vec![html], vec![], Some(ErrorKind::InvalidResponse)),
        // An outage decides nothing, whatever its body says.
        (vec![outage("access_denied"), pending()], vec![10, 10], None),
        (vec![outage("expired_token"), outage("invalid_grant")], vec![10, 20], None),
        (vec![pending_with(u64::MAX)], vec![], Some(ErrorKind::Unauthenticated)),
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

/// B25: a provider that always sends `slow_down` is polled less and less often, and never after the expiry.
#[test]
fn device_polling_ends_with_device_code() {
    let mut polling = polling();
    let mut now = from_unix_seconds(NOW);
    let mut requests = 0;
    let error = loop {
        match polling.after(&code("slow_down"), now) {
            PollStep::Wait(pause) => now += pause,
            PollStep::Stop(error) => break error,
        }
        assert!(now < polling.expires_at);
        requests += 1;
    };
    assert_eq!(requests, 25);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("start again"), "{error}");
    // The provider error is kept.
    let denied = polling.after(&provider_error("access_denied", 403, None), now);
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
    /// No pause is shorter than the interval before it, and none ends after the expiry.
    #[test]
    fn intervals_stay_within_limit_and_expiry(
        steps in prop::collection::vec((0_usize..5, prop::option::of(any::<u64>())), 0..40)
    ) {
        let mut polling = polling();
        let mut now = from_unix_seconds(NOW);
        for (which, retry_after) in steps {
            let error = match which {
                0 => unreachable(),
                1 => provider_error("slow_down", 400, retry_after),
                2 => provider_error("(no OAuth error)", 503, retry_after),
                3 => provider_error("invalid_grant", 400, retry_after),
                _ => provider_error("authorization_pending", 400, retry_after),
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
        let _ = parse(&test_response(200, JSON, &String::from_utf8_lossy(&body)));
        for value in [json!(number), json!(text)] {
            let device = with(&json!({"expires_in": value, "interval": value})).ok();
            prop_assert!(
                device.is_none_or(|device| (MIN_INTERVAL..=MAX_INTERVAL).contains(&device.interval))
            );
            let _ = with(&json!({"verification_uri": value, "user_code": value}));
        }
    }
}
