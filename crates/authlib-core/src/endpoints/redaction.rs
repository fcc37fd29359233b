//! Removes secrets from error responses: some servers echo what they reject, and errors are logged.

use crate::message::Response;
use crate::params::Params;
use crate::secret::Secret;

/// The parameters of a request whose values are secrets.
const SECRETS: [&str; 15] = [
    "actor_token",
    "assertion",
    "auth_req_id",
    "client_assertion",
    "client_notification_token",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token_hint",
    "login_hint_token",
    "password",
    "refresh_token",
    "subject_token",
    "user_code",
];

/// The shortest value that is removed: a shorter one is part of other words.
const SHORTEST: usize = 6;

/// The secrets that the body of a request holds, in every form in which a response may echo them.
pub(super) fn secrets_of(body: &[u8], own: Option<&Secret>) -> Vec<String> {
    let members = members(body);
    let sent = members.iter().filter(|(name, _)| SECRETS.contains(name) || *name == "token");
    let mut values: Vec<_> = sent.map(|(_, value)| value.to_owned()).collect();
    values.extend(own.map(|secret| secret.expose().to_owned()));
    values.retain(|value| value.len() >= SHORTEST);
    let spellings = |value: String| {
        let json = serde_json::Value::from(value.as_str()).to_string();
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        [json.trim_matches('"').to_owned(), encoded, value]
    };
    values.into_iter().flat_map(spellings).collect()
}

/// The members of a form, or of the JSON object that a hook made of it.
fn members(body: &[u8]) -> Params {
    let Ok(members) = serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(body) else {
        return Params::parse(std::str::from_utf8(body).unwrap_or_default());
    };
    let mut params = Params::new();
    for (name, value) in &members {
        params.push(name.as_str(), value.as_str().unwrap_or_default());
    }
    params
}

/// Whether the server did not accept the client's authentication (RFC 6749 §5.2).
pub(super) fn rejects_client(response: &Response) -> bool {
    matches!(response.status().as_u16(), 400 | 401)
        && serde_json::from_slice::<serde_json::Value>(response.body())
            .is_ok_and(|body| body.get("error").is_some_and(|error| error == "invalid_client"))
}

/// An error response without these secrets. A successful one is unchanged: it may repeat a refresh token.
pub(super) fn redacted(response: Response, secrets: impl FnOnce() -> Vec<String>) -> Response {
    let text = String::from_utf8_lossy(response.body());
    if response.status().is_success() && !text.contains("\"error\"") {
        return response;
    }
    let secrets = secrets();
    if !secrets.iter().any(|secret| text.contains(secret.as_str())) {
        return response;
    }
    let clean =
        secrets.iter().fold(text.into_owned(), |text, secret| text.replace(secret, "[redacted]"));
    response.map(|_| clean.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;

    #[test]
    fn secrets_of_json_requests_are_found() {
        for body in ["code=c0de-1&scope=a", r#"{"code":"c0de-1","scope":"a"}"#] {
            assert_eq!(secrets_of(body.as_bytes(), None), ["c0de-1"; 3], "{body}");
        }
    }

    #[test]
    fn secrets_are_removed_from_errors_only() {
        let secrets = ["s3cr3t\\\"x".to_owned(), "s3cr3t%22x".to_owned(), "s3cr3t\"x".to_owned()];
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"e","error_description":"s3cr3t\"x!"}"#,
                r#"{"error":"e","error_description":"[redacted]!"}"#,
            ),
            (500, "a=s3cr3t%22x", "a=[redacted]"),
            (200, r#"{"error":"s3cr3t\"x"}"#, r#"{"error":"[redacted]"}"#),
            (200, r#"{"refresh_token":"s3cr3t\"x"}"#, r#"{"refresh_token":"s3cr3t\"x"}"#),
        ] {
            let response = test_response(status, "text/plain", body);
            let response = redacted(response, || secrets.to_vec());
            assert_eq!(String::from_utf8_lossy(response.body()), expected);
        }
    }
}
