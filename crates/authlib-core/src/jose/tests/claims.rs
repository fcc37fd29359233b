//! Claims and their JSON (RFC 7519 §4).

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::set;
use crate::crypto::test_keys::Signer;
use crate::jose::claims::{ClaimError, Claims, check_times};
use crate::jose::jws::verify;
use crate::jose::{Algorithm, strict_json};
use crate::numeric_date::from_unix_seconds;

#[test]
fn time_of_more_than_64_bits_is_a_time() {
    let claims = |text: &str| Claims::parse(text.as_bytes()).unwrap();
    let far = claims(r#"{"exp":100000000000000000000}"#);
    assert!(far.time("exp").unwrap() > Some(from_unix_seconds(250_000_000_000)));
    assert!(claims(r#"{"exp":-100000000000000000000}"#).time("exp").is_err());
    assert!(claims(r#"{"exp":"5"}"#).time("exp").is_err());
}

/// J26, J25: no member twice, at any depth, in either order.
#[test]
fn json_is_parsed_strictly() {
    let refused = [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"b","sub":"a"}"#,
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"sub":"a","\u0073ub":"b"}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":[{"b":[{"c":1,"c":2}]}]}"#,
        "",
        "[]",
        "null",
        "1",
        r#""{}""#,
        "{} ",
        "{}{}",
        "{},",
        "{}\0",
        r#"{"a":1,}"#,
        r#"{'a':1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":1e999}"#,
        r#"{"a":01}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        "\u{feff}{}",
    ];
    for text in refused {
        // White space behind the object is JSON; anything else there is not.
        assert_eq!(strict_json::object(text.as_bytes()).is_err(), text != "{} ", "{text}");
        for name in ["a", "sub"] {
            let members = strict_json::members(text.as_bytes(), [name]);
            assert_eq!(members.is_err(), text != "{} ", "{text}");
        }
        let token = Signer::rsa().token_of(r#"{"alg":"RS256"}"#, text);
        let jws = verify(&token, &[Algorithm::Rs256], &set(&json!([Signer::rsa().jwk()]))).unwrap();
        assert_eq!(Claims::parse(&jws.payload).is_err(), text != "{} ", "{text}");
    }
    assert!(strict_json::object(b"{\"a\":\"\xff\"}").is_err());
    assert!(strict_json::object(b"{\"a\xff\":1}").is_err());
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(strict_json::object(nested(119).as_bytes()).is_ok());
    assert!(strict_json::object(nested(120).as_bytes()).is_err());
    let many = |count: usize| format!(r#"{{"a":[{}0]}}"#, "0,".repeat(count - 1));
    assert!(strict_json::object(many(49_998).as_bytes()).is_ok());
    assert!(strict_json::object(many(49_999).as_bytes()).is_err());
    for (text, is_read) in
        [(nested(119), true), (nested(120), false), (many(49_998), true), (many(49_999), false)]
    {
        assert_eq!(strict_json::members(text.as_bytes(), ["b"]).is_ok(), is_read);
    }
    let two = strict_json::members(br#"{"c":null,"b":{"a":2},"a":"x"}"#, ["a", "b", "d"]).unwrap();
    assert_eq!(two, [Some(json!("x")), Some(json!({"a": 2})), None]);
    assert!(strict_json::object(nested(60_000).as_bytes()).is_err());
    let good =
        r#"{"a":[1,-1,1.5,1e300,18446744073709551615],"b":{"c":null,"d":true},"e":"\u00e4"}"#;
    let read = strict_json::object(good.as_bytes()).unwrap();
    assert_eq!(Value::Object(read), serde_json::from_str::<Value>(good).unwrap());
}

/// J12: a claim of the wrong type is refused; it is never taken for absent.
#[test]
fn claim_of_wrong_type_is_an_error() {
    let claims = |value: &Value| {
        Claims::parse(json!({"c": value, "aud": value}).to_string().as_bytes()).unwrap()
    };
    for value in [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!("1"),
        json!("NaN"),
        json!(-1),
        json!(-0.5),
        json!([1]),
    ] {
        assert!(matches!(claims(&value).time("c"), Err(ClaimError::Type("c"))), "{value}");
        assert!(matches!(claims(&value).required_time("c"), Err(ClaimError::Type("c"))), "{value}");
    }
    for value in [json!(null), json!(true), json!(1), json!([]), json!(["a"]), json!({"a": "b"})] {
        assert!(matches!(claims(&value).text("c"), Err(ClaimError::Type("c"))), "{value}");
        assert!(matches!(claims(&value).required_text("c"), Err(ClaimError::Type("c"))), "{value}");
    }
    for value in [
        json!(null),
        json!(1),
        json!({}),
        json!(false),
        json!(["a", 1]),
        json!([null]),
        json!([["a"]]),
    ] {
        assert!(matches!(claims(&value).audience(), Err(ClaimError::Type("aud"))), "{value}");
    }
    let none = Claims::parse(b"{}").unwrap();
    assert!(matches!(none.text("c"), Ok(None)) && matches!(none.time("c"), Ok(None)));
    assert!(matches!(none.required_text("c"), Err(ClaimError::Missing("c"))));
    assert!(matches!(none.required_time("c"), Err(ClaimError::Missing("c"))));
    assert!(matches!(none.audience(), Err(ClaimError::Missing("aud"))));
    assert!(matches!(claims(&json!("")).required_text("c"), Err(ClaimError::Missing("c"))));
    assert_eq!(claims(&json!("a")).audience().unwrap(), ["a"]);
    assert_eq!(claims(&json!(["a", "b"])).audience().unwrap(), ["a", "b"]);
}

#[test]
fn numeric_dates_can_be_fractions_and_huge() {
    let end = from_unix_seconds(u64::MAX);
    for (value, expected) in [
        (json!(0), from_unix_seconds(0)),
        (json!(1_300_819_380), from_unix_seconds(1_300_819_380)),
        (json!(1_300_819_380.9), from_unix_seconds(1_300_819_380)),
        (json!(1e9), from_unix_seconds(1_000_000_000)),
        (json!(u64::MAX), end),
        (json!(1e300), end),
        (json!(f64::MAX), end),
    ] {
        let claims = Claims::parse(json!({"exp": value}).to_string().as_bytes()).unwrap();
        assert_eq!(claims.required_time("exp").unwrap(), expected, "{value}");
        let checked = check_times(&claims, from_unix_seconds(2), Duration::ZERO);
        assert_eq!(checked.is_ok(), value != json!(0), "{value}");
    }
}

/// J16: to the second.
#[test]
fn times_are_valid_exactly_within_leeway() {
    const NOW: u64 = 1_000_000;
    let check = |name: &str, time: u64| {
        let claims = Claims::parse(json!({name: time}).to_string().as_bytes()).unwrap();
        check_times(&claims, from_unix_seconds(NOW), Duration::from_secs(60))
    };
    assert!(check("exp", NOW - 59).is_ok());
    assert!(matches!(check("exp", NOW - 60), Err(ClaimError::Expired(60))));
    for name in ["nbf", "iat"] {
        assert!(check(name, NOW + 60).is_ok());
        let error = check(name, NOW + 61).unwrap_err();
        assert!(matches!(error, ClaimError::Early(early, 61) if early == name));
    }
    for name in ["exp", "nbf", "iat"] {
        let claims = Claims::parse(json!({name: "1"}).to_string().as_bytes()).unwrap();
        let error = check_times(&claims, SystemTime::UNIX_EPOCH, Duration::ZERO).unwrap_err();
        assert!(matches!(error, ClaimError::Type(wrong) if wrong == name));
    }
}
