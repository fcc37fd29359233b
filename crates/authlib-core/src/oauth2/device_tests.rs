use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::message::test_response;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::polling::{MAX_INTERVAL, MAX_LIFETIME, MIN_INTERVAL};
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

proptest! {
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
