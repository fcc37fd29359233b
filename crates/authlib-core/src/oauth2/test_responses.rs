//! Responses of endpoints (RFC 6749 §5) for the tests of their parsers.

use std::fmt::Debug;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::message::{Response, test_response};

pub(crate) const JSON: &str = "application/json";
pub(crate) const HTML: &str = "text/html";

/// `members` with other members in their place; `"-"` removes a member.
pub(crate) fn changed(mut members: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            members.as_object_mut().unwrap().remove(name);
        } else {
            members[name] = value.clone();
        }
    }
    members
}

/// Asserts that `parse` rejects each response (status, content type, body) with a message that contains
/// the last text.
pub(crate) fn assert_rejected<T: Debug>(
    parse: impl Fn(&Response) -> Result<T>,
    rows: &[(u16, &str, &str, &str)],
) {
    assert_rejected_with(ToString::to_string, parse, rows);
}

/// As [`assert_rejected`], with the causes of the error.
pub(crate) fn assert_rejected_by_cause<T: Debug>(
    parse: impl Fn(&Response) -> Result<T>,
    rows: &[(u16, &str, &str, &str)],
) {
    assert_rejected_with(|error| error.report().to_string(), parse, rows);
}

fn assert_rejected_with<T: Debug>(
    text: impl Fn(&Error) -> String,
    parse: impl Fn(&Response) -> Result<T>,
    rows: &[(u16, &str, &str, &str)],
) {
    for (status, content_type, body, expected) in rows {
        let error = parse(&test_response(*status, content_type, body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert!(text(&error).contains(expected), "{status} {body}: {error}");
    }
}
