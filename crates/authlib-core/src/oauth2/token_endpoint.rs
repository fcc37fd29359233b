//! The token request and its answer, RFC 6749 §4.1.3, §5.1, §5.2 and §6.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::message::{self, Request, Response};
use crate::oauth2::Token;
use crate::oauth2::client_auth::Credentials;
use crate::oauth2::error_response::{self, Answer};
use crate::params::Params;
use crate::secret::Secret;

/// The longest lifetime that is believed: ten years. More is cut to it, so that no date overflows.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The request for `form` at the token endpoint, with the client's authentication.
pub(crate) fn token_request(
    endpoint: &Url,
    mut form: Params,
    credentials: &Credentials<'_>,
) -> Request {
    let header = credentials.apply(&mut form);
    let mut request = message::form_post(endpoint, &form);
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value);
    }
    request
}

#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("the token endpoint refused the request (RFC 6749 §5.2)")]
    Refused,
    #[error(
        "the token endpoint answered {status} with {content} and no OAuth error (RFC 6749 §5.2)"
    )]
    Status { status: u16, content: String },
    #[error("the token endpoint answered {0}, not `application/json` (RFC 6749 §5.1)")]
    ContentType(String),
    #[error("the token answer is no JSON object")]
    NotJson(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("member `{0}` of the token answer is missing or no text (RFC 6749 §5.1)")]
    Member(&'static str),
    #[error("member `expires_in` of the token answer is no number of seconds (RFC 6749 §5.1)")]
    ExpiresIn,
    #[error("the token type is {0:?}, only Bearer was asked for (RFC 6749 §7.1)")]
    TokenType(String),
}

impl From<AnswerError> for Error {
    fn from(check: AnswerError) -> Self {
        let hint = match &check {
            AnswerError::Status { status: 300..=399, .. } => {
                Some("redirects are never followed here: set `access_token_url` to the final URL")
            }
            AnswerError::ContentType(_) | AnswerError::Status { status: 404 | 405, .. } => {
                Some("check that `access_token_url` is the token endpoint")
            }
            _ => None,
        };
        let error = Self::new(ErrorKind::InvalidResponse, check);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Reads a token answer; `asked_scope` holds where the answer has no `scope`.
///
/// An `error` member wins over everything, whatever the status: some providers send it with 200.
pub(crate) fn parse_token_response(
    response: &Response,
    now: SystemTime,
    asked_scope: Option<&str>,
) -> Result<Token> {
    token(members(response)?, now, asked_scope)
}

/// The members of an answer that is no refusal.
pub(super) fn members(response: &Response) -> Result<Map<String, Value>> {
    let status = response.status();
    let Answer { content, body, said } = Answer::read(response);
    if let Some(said) = said {
        return Err(refused(said));
    }
    if !status.is_success() {
        let check = AnswerError::Status { status: status.as_u16(), content };
        return Err(error_response::of_status(response, check.into()));
    }
    match body {
        None => Err(AnswerError::ContentType(content).into()),
        Some(Err(cause)) => Err(AnswerError::NotJson(cause.into()).into()),
        Some(Ok(body)) => Ok(body.as_map().clone()),
    }
}

fn refused(said: ProviderError) -> Error {
    let code = said.error.clone();
    let error = Error::from(AnswerError::Refused).with_provider_error(said);
    match code.as_str() {
        "invalid_client" | "unauthorized_client" => error
            .with_hint(
                "check `client_id`, `client_secret` or `private_key` with `private_key_id`, and \
                 `token_endpoint_auth_method`",
            ),
        "invalid_grant" => error.with_hint(
            "the code or refresh token has expired or was used before, or `redirect_uri` is not the \
             one of the login's start",
        ),
        "invalid_scope" => error.with_hint("check `scope`"),
        _ => error,
    }
}

/// The token that the members of an answer make.
pub(super) fn token(
    mut body: Map<String, Value>,
    now: SystemTime,
    asked_scope: Option<&str>,
) -> Result<Token> {
    let access_token =
        text(&mut body, "access_token")?.ok_or(AnswerError::Member("access_token"))?;
    let token_type = text(&mut body, "token_type")?.ok_or(AnswerError::Member("token_type"))?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(AnswerError::TokenType(token_type.chars().take(40).collect()).into());
    }
    let expires_at = match body.remove("expires_in") {
        None | Some(Value::Null) => None,
        Some(value) => Some(now + lifetime(&value).ok_or(AnswerError::ExpiresIn)?),
    };
    let refresh_token = text(&mut body, "refresh_token")?.map(Secret::new);
    let id_token = text(&mut body, "id_token")?.map(Secret::new);
    let scope = text(&mut body, "scope")?.or_else(|| asked_scope.map(ToOwned::to_owned));
    Ok(Token {
        token_type: "Bearer".to_owned(),
        access_token: Secret::new(access_token),
        expires_at,
        refresh_token,
        scope,
        id_token,
        token_secret: None,
        claims: None,
        extra: body,
    })
}

/// A text member that is not empty; absent, null and empty are the same, another type is an error.
fn text(body: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, AnswerError> {
    match body.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(AnswerError::Member(name)),
    }
}

/// Seconds as a number, or as text as `PayPal` sends them; fractions are cut off. Zero and less is a
/// token that has expired already, never one that doesn't expire.
pub(super) fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if seconds.is_nan() {
        return None;
    }
    let seconds = seconds.trunc().clamp(0.0, MAX_LIFETIME.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_TYPE, RETRY_AFTER};

    use super::*;
    use crate::numeric_date::from_unix_seconds;

    fn answer(status: u16, content_type: &str, body: &str) -> Result<Token> {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        response.headers_mut().insert(RETRY_AFTER, "7".parse().unwrap());
        parse_token_response(&response, from_unix_seconds(1_000), Some("a b"))
    }

    fn json(body: &str) -> Result<Token> {
        answer(200, "application/json;charset=UTF-8", body)
    }

    #[test]
    fn a_full_answer_is_read_and_the_rest_is_kept() {
        let token = json(
            r#"{"access_token":"at","token_type":"bEARER","expires_in":3600,"refresh_token":"rt",
                "scope":"a","id_token":"x.y.z","instance_url":"https://i.example"}"#,
        )
        .unwrap();
        assert_eq!(token.access_token.expose(), "at");
        assert_eq!(token.token_type, "Bearer");
        assert_eq!(token.expires_at, Some(from_unix_seconds(4_600)));
        assert_eq!(token.scope.as_deref(), Some("a"));
        assert_eq!(token.extra::<String>("instance_url").unwrap().unwrap(), "https://i.example");
        assert!(token.extra::<u8>("instance_url").is_err());
        assert!(!format!("{token:?}").contains("at\""));
    }

    #[test]
    fn an_answer_without_scope_and_expiry_has_the_asked_scope_and_never_expires() {
        let token = json(r#"{"access_token":"at","token_type":"Bearer"}"#).unwrap();
        assert_eq!(token.scope.as_deref(), Some("a b"));
        assert!(!token.is_expired(from_unix_seconds(u64::MAX), Duration::ZERO));
    }

    /// H08: zero, fractional, text, negative and overflowing lifetimes.
    #[test]
    fn every_expires_in_format_has_defined_result() {
        let table = [
            ("0", Some(1_000)),
            ("-5", Some(1_000)),
            ("3600.9", Some(4_600)),
            ("\"3600\"", Some(4_600)),
            ("\"3600.0\"", Some(4_600)),
            ("1e300", Some(1_000 + MAX_LIFETIME.as_secs())),
            ("\"inf\"", Some(1_000 + MAX_LIFETIME.as_secs())),
            ("\"abc\"", None),
            ("\"NaN\"", None),
            ("true", None),
            ("[1]", None),
        ];
        for (text, expected) in table {
            let body =
                format!(r#"{{"access_token":"at","token_type":"Bearer","expires_in":{text}}}"#);
            let got = json(&body).ok().map(|token| token.expires_at.unwrap());
            assert_eq!(got, expected.map(from_unix_seconds), "{text}");
        }
        let body = r#"{"access_token":"at","token_type":"Bearer","expires_in":0}"#;
        assert!(json(body).unwrap().is_expired(from_unix_seconds(1_000), Duration::ZERO));
    }

    /// H06, H07: what is no token answer is never taken for one.
    #[test]
    fn invalid_token_responses_are_rejected_with_reason() {
        let html = "text/html";
        let js = "application/json";
        let table = [
            (200, html, r#"{"access_token":"at","token_type":"Bearer"}"#, "text/html"),
            (200, js, "<html>", "no JSON object"),
            (200, js, "[]", "no JSON object"),
            (200, js, r#"{"token_type":"Bearer"}"#, "`access_token`"),
            (200, js, r#"{"access_token":null,"token_type":"Bearer"}"#, "`access_token`"),
            (200, js, r#"{"access_token":["a"],"token_type":"Bearer"}"#, "`access_token`"),
            (200, js, r#"{"access_token":1,"token_type":"Bearer"}"#, "`access_token`"),
            (200, js, r#"{"access_token":"","token_type":"Bearer"}"#, "`access_token`"),
            (200, js, r#"{"access_token":"at"}"#, "`token_type`"),
            (200, js, r#"{"access_token":"at","token_type":"mac"}"#, "only Bearer"),
            (
                200,
                js,
                r#"{"access_token":"at","access_token":"b","token_type":"Bearer"}"#,
                "no JSON",
            ),
            (200, js, r#"{"access_token":"at","token_type":"Bearer","error":"nope"}"#, "nope"),
            (404, js, r#"{"message":"not found"}"#, "404"),
            (429, "text/plain", "slow down", "429"),
            (302, html, "", "never followed"),
            (400, js, r#"{"error":"invalid_client","error_description":"d"}"#, "client_secret"),
            (500, html, "<h1>oops", "500"),
        ];
        for (status, content_type, body, says) in table {
            let error = answer(status, content_type, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
    }

    #[test]
    fn an_oauth_error_keeps_the_providers_words_status_and_retry_after() {
        let error =
            answer(429, "application/json", r#"{"error":"e","error_uri":"u"}"#).unwrap_err();
        let said = error.provider_error().unwrap();
        assert_eq!(said.error, "e");
        assert_eq!(said.error_uri.as_deref(), Some("u"));
        assert_eq!((said.status, said.retry_after), (Some(429), Some(Duration::from_secs(7))));
    }
}
