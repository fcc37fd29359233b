//! Integers of any length in JSON (RFC 8259 §6), which `serde_json` rounds if they have more than 64 bits:
//! two users whose ids differ in the last digit would become one.

use std::borrow::Cow;

use serde_json::Value;

/// The digits of the shortest integer of more than 64 bits.
const LARGE: usize = 19;

/// The JSON text in which integers of more than 64 bits are strings of their digits. All other text is
/// unchanged, valid or not.
pub(super) fn quote_large_integers(json: &[u8]) -> Cow<'_, [u8]> {
    if !has_many_digits(json) {
        return Cow::Borrowed(json);
    }
    let mut quoted = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        let length = match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => number_length(rest),
            _ => 1,
        };
        let end = at.saturating_add(length);
        let (token, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if is_large_integer(token) && !is_name(rest) {
            quoted.extend_from_slice(json.get(copied..at).unwrap_or_default());
            quoted.push(b'"');
            quoted.extend_from_slice(token);
            quoted.push(b'"');
            copied = end;
        }
        at = end;
    }
    if quoted.is_empty() {
        return Cow::Borrowed(json);
    }
    quoted.extend_from_slice(json.get(copied..).unwrap_or_default());
    Cow::Owned(quoted)
}

/// Whether as many digits are in a row as the shortest integer of more than 64 bits has.
fn has_many_digits(json: &[u8]) -> bool {
    let mut start = 0_usize;
    // The next such run begins behind the last byte of `window` that is no digit.
    while let Some(window) = json.get(start..start.saturating_add(LARGE)) {
        let run = window.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        if run == LARGE {
            return true;
        }
        start = start.saturating_add(LARGE - run);
    }
    false
}

/// A string or an integer as a name, such as a user's id: an integer as its digits. `None` for any other
/// value: a number with a fraction or an exponent has no exact text.
pub(crate) fn name_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) if number.is_u64() || number.is_i64() => {
            Some(Cow::Owned(number.to_string()))
        }
        _ => None,
    }
}

/// Whether this text is an integer that [`quote_large_integers`] quotes.
pub(super) fn is_large_integer(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    let is_integer = digits.iter().all(u8::is_ascii_digit) && !digits.starts_with(b"0");
    is_integer
        && digits.len() >= LARGE
        && str::from_utf8(token)
            .is_ok_and(|text| text.parse::<i64>().is_err() && text.parse::<u64>().is_err())
}

/// The length of the string that `json` begins with, quotation marks included.
fn string_length(json: &[u8]) -> usize {
    let mut escaped = false;
    for (place, byte) in json.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place.saturating_add(1),
            _ => {}
        }
    }
    json.len()
}

fn number_length(json: &[u8]) -> usize {
    let is_part =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    json.iter().take_while(|byte| is_part(byte)).count()
}

/// Whether the token before `rest` is the name of a member: a number there is malformed, and must stay so.
fn is_name(rest: &[u8]) -> bool {
    rest.trim_ascii_start().first() == Some(&b':')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::strict_json;

    /// An integer as it is read, or `None` if the document is refused.
    fn read(number: &str) -> Option<Value> {
        let json = format!(r#"{{"a":{{"b":[ {number} ]}},"s":"\"{number}"}}"#);
        let object = strict_json::object(json.as_bytes()).ok()?;
        assert_eq!(object["s"], format!("\"{number}"), "strings are unchanged");
        Some(object["a"]["b"][0].clone())
    }

    #[test]
    fn integers_of_any_length_keep_their_digits() {
        for (number, value) in [
            ("9007199254740993", json!(9_007_199_254_740_993_u64)),
            ("18446744073709551615", json!(u64::MAX)),
            ("18446744073709551616", json!("18446744073709551616")),
            ("-9223372036854775808", json!(i64::MIN)),
            ("-9223372036854775809", json!("-9223372036854775809")),
            ("100000000000000000001", json!("100000000000000000001")),
            ("100000000000000000002", json!("100000000000000000002")),
            ("1.5", json!(1.5)),
            ("100000000000000000001.0", json!(1e20)),
            ("1e20", json!(1e20)),
        ] {
            assert_eq!(read(number), Some(value), "{number}");
        }
        let long = "9".repeat(100_000);
        assert_eq!(read(&long), Some(long.into()));
    }

    #[test]
    fn malformed_numbers_stay_malformed() {
        let long = "100000000000000000001";
        for json in [
            format!(r#"{{"a":+{long}}}"#),
            format!(r#"{{"a":.{long}}}"#),
            format!("{{{long}:1}}"),
            format!("{{{long} \n:1}}"),
            format!(r#"{{"a":0{long}}}"#),
            format!(r#"{{"a":{long}x}}"#),
            format!(r#"{{"a":true{long}}}"#),
            format!(r#"{{"a":"b"{long}}}"#),
            format!(r#"{{"a":[{long} {long}]}}"#),
            format!(r#"{{"a":--{long}}}"#),
            format!(r#"{{"a":{long}"#),
            format!(r#"{{"a":"{long}"#),
        ] {
            assert!(strict_json::object(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn only_strings_and_integers_are_names() {
        for (value, name) in [
            (json!("a"), Some("a")),
            (json!(42), Some("42")),
            (json!(-1), Some("-1")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(42.0), None),
            (json!(1e20), None),
            (json!(true), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(name_of(&value).as_deref(), name, "{value}");
        }
    }
}
