//! Credentials in answers, RFC 5849 §2.1 and §2.3, and why there are none: the problem reporting
//! extension (OAuth Problem Reporting, 2008), which Flickr and others speak.

use std::fmt;
use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::jose::strict_json;
use crate::message::{self, Response};
use crate::params::{Params, RepeatedParam};
use crate::secret::Secret;

/// The most bytes of a token or a secret.
const MAX_SECRET: usize = 4096;

/// An answer with credentials, and what came beside them.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) token: Secret,
    pub(super) secret: Secret,
    pub(super) extra: Params,
}

/// Which endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Temporary Credential Request (§2.1).
    Temporary,
    /// Token Request (§2.3).
    Token,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the {0} refused the request")]
    Refused(Endpoint),
    #[error("the {endpoint} answered {status} with {content}")]
    Status { endpoint: Endpoint, status: u16, content: String },
    #[error("the {0} answered with {1}, not with a form (RFC 5849 §2.1)")]
    NotForm(Endpoint, String),
    #[error("the {0} answered with {1:?} twice (RFC 5849 §3.1)")]
    Repeated(Endpoint, String),
    #[error("the {0} answered without `{1}` (RFC 5849 §2.1, §2.3)")]
    Missing(Endpoint, &'static str),
    #[error("the {0} answered with a `{1}` of more than {MAX_SECRET} bytes")]
    TooLong(Endpoint, &'static str),
    #[error(
        "the {} did not say `oauth_callback_confirmed=true`, so whoever made the login could end it for \
         another (RFC 5849 §2.1)",
        Endpoint::Temporary
    )]
    NotConfirmed,
}

impl From<AnswerError> for Error {
    fn from(check: AnswerError) -> Self {
        let hint = match &check {
            AnswerError::Refused(_) | AnswerError::Status { status: 401 | 403, .. } => Some(
                "check `client_id`, `client_secret`, `signature_method` and that the clocks agree"
                    .to_owned(),
            ),
            AnswerError::Status { endpoint, status: 300..=399, .. } => Some(format!(
                "redirects are never followed here: set `{}` to the final URL",
                endpoint.setting()
            )),
            AnswerError::Status { endpoint, status: 404 | 405, .. }
            | AnswerError::NotForm(endpoint, _)
            | AnswerError::Missing(endpoint, _) => {
                Some(format!("check that `{}` is the {endpoint}", endpoint.setting()))
            }
            AnswerError::NotConfirmed => Some(
                "the provider speaks OAuth 1.0 and not 1.0a, or does not know the callback"
                    .to_owned(),
            ),
            _ => None,
        };
        let error = Self::new(ErrorKind::InvalidResponse, check);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl Endpoint {
    fn setting(self) -> &'static str {
        match self {
            Self::Temporary => "request_token_url",
            Self::Token => "access_token_url",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Temporary => "temporary credential request endpoint",
            Self::Token => "token request endpoint",
        })
    }
}

impl Answer {
    /// Reads the credentials. They come as a form; some providers send JSON, and many a wrong
    /// `Content-Type` (Twitter says `text/html`), so the text decides.
    pub(super) fn read(response: &Response, endpoint: Endpoint) -> Result<Self> {
        let status = response.status();
        let params = params(response.body());
        if let Some(said) = problem(response, params.as_ref()) {
            return Err(Error::from(AnswerError::Refused(endpoint)).with_provider_error(said));
        }
        let content = || {
            let content = message::media_type(response.headers());
            content.unwrap_or_else(|| "no content type".to_owned())
        };
        if !status.is_success() {
            let (status, content) = (status.as_u16(), content());
            return Err(AnswerError::Status { endpoint, status, content }.into());
        }
        let params = params.ok_or_else(|| AnswerError::NotForm(endpoint, content()))?;
        // What is beside the credentials may say who logged in, so nothing may stand twice.
        if let Some(RepeatedParam { name }) = repeated(&params) {
            let name = name.chars().take(ProviderError::MAX_TEXT).collect();
            return Err(AnswerError::Repeated(endpoint, name).into());
        }
        let secret = |name: &'static str| match params.all(name).next() {
            Some(value) if value.len() > MAX_SECRET => Err(AnswerError::TooLong(endpoint, name)),
            Some(value) => Ok(Secret::new(value)),
            None => Err(AnswerError::Missing(endpoint, name)),
        };
        let token = secret("oauth_token")?;
        if token.is_empty() {
            return Err(AnswerError::Missing(endpoint, "oauth_token").into());
        }
        let secret = secret("oauth_token_secret")?;
        let known = ["oauth_token", "oauth_token_secret"];
        let extra =
            params.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        Ok(Self { token, secret, extra })
    }
}

/// What the provider reports in parameters of the problem reporting extension.
pub(super) fn reported(params: &Params) -> Option<ProviderError> {
    let text = |name| params.all(name).next();
    let advice = text("oauth_problem_advice");
    text("oauth_problem").map(|problem| ProviderError::new(problem, advice, None))
}

/// The body as parameters, whatever the provider calls it; nothing when it is neither form nor JSON.
fn params(body: &[u8]) -> Option<Params> {
    let text = str::from_utf8(body).ok()?.trim();
    if text.starts_with('{') {
        let members = strict_json::object(text.as_bytes()).ok()?;
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return Some(members.into_iter().map(|(name, value)| (name, text(value))).collect());
    }
    // A form has no blank, no markup and at least one value: a sentence or a page is none.
    let is_form = text.contains('=') && !text.contains(|c: char| c.is_whitespace() || c == '<');
    is_form.then(|| Params::parse(text))
}

/// The provider's words, from the body or from the challenge.
fn problem(response: &Response, params: Option<&Params>) -> Option<ProviderError> {
    let mut said = params.and_then(reported).or_else(|| reported(&challenge(response)?))?;
    said.status = Some(response.status().as_u16());
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    said.retry_after = seconds.map(Duration::from_secs);
    Some(said)
}

/// The parameters of an `OAuth` challenge (RFC 5849 §3.5.1).
fn challenge(response: &Response) -> Option<Params> {
    let header = response.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let (scheme, rest) = header.trim().split_once(' ')?;
    let pairs = rest.split(',').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let value = percent_decode_str(value.trim_matches('"')).decode_utf8_lossy();
        Some((name.to_owned(), value.into_owned()))
    });
    scheme.eq_ignore_ascii_case("oauth").then(|| pairs.collect())
}

fn repeated(params: &Params) -> Option<RepeatedParam> {
    params.iter().find_map(|(name, _)| params.only(name).err())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn response(status: u16, content_type: &'static str, body: &str) -> Response {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        let content_type = HeaderValue::from_static(content_type);
        response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
        response
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    /// T132 and T180: forms and JSON are read, whatever the provider calls them.
    #[test]
    fn forms_and_json_are_read_whatever_content_type() {
        for (content_type, body) in [
            (FORM, "oauth_token=t%2B1&oauth_token_secret=s&user_id=7"),
            ("text/html;charset=utf-8", "oauth_token=t%2B1&oauth_token_secret=s&user_id=7"),
            ("text/plain", "oauth_token=t%2B1&oauth_token_secret=s&user_id=7\n"),
            ("application/json", r#"{"oauth_token":"t+1","oauth_token_secret":"s","user_id":7}"#),
            ("text/html", r#" {"oauth_token":"t+1","oauth_token_secret":"s","user_id":"7"}"#),
        ] {
            let answer = Answer::read(&response(200, content_type, body), Endpoint::Token).unwrap();
            assert_eq!(answer.token.expose(), "t+1", "{content_type}");
            assert_eq!(answer.secret.expose(), "s", "{content_type}");
            assert_eq!(answer.extra, Params::new().with("user_id", "7"), "{content_type}");
        }
        let empty = response(200, FORM, "oauth_token=t&oauth_token_secret=");
        assert!(Answer::read(&empty, Endpoint::Token).unwrap().secret.is_empty());
    }

    /// T134 and H19's kin: everything else is a typed error that repeats nothing of the body.
    #[test]
    fn other_responses_are_rejected_unquoted() {
        let long = format!("oauth_token={}&oauth_token_secret=hush", "x".repeat(5000));
        for (status, content_type, body, says) in [
            (200, "text/html", "<!doctype html><h1 title=hush>Log in</h1>", "with text/html"),
            (200, "text/plain", "hush is not = here", "with text/plain"),
            (200, FORM, "hush", "not with a form"),
            (200, FORM, "", "not with a form"),
            (200, "application/json", r#"{"oauth_token":"hush""#, "not with a form"),
            (200, "application/json", r#"["hush"]"#, "not with a form"),
            (
                200,
                "application/json",
                r#"{"oauth_token":"hush","oauth_token":"b","oauth_token_secret":"s"}"#,
                "not with a form",
            ),
            (500, "text/html", "<h1>hush</h1>", "answered 500 with text/html"),
            (400, FORM, "hush=1", "answered 400"),
            (401, "text/plain", "hush", "check `client_id`"),
            (403, FORM, "oauth_token=hush&oauth_token_secret=hush", "answered 403"),
            (404, "text/html", "hush", "`access_token_url`"),
            (302, "text/html", "hush", "never followed"),
            (200, FORM, "oauth_token_secret=hush", "without `oauth_token`"),
            (200, FORM, "oauth_token=&oauth_token_secret=hush", "without `oauth_token`"),
            (200, FORM, "oauth_token=hush", "without `oauth_token_secret`"),
            (200, FORM, "oauth_token=hush&oauth_token_secret=a&oauth_token=hush", "twice"),
            (200, FORM, "oauth_token=hush&oauth_token_secret=a&user_id=1&user_id=2", "twice"),
            (200, FORM, &long, "more than"),
        ] {
            let answer = Answer::read(&response(status, content_type, body), Endpoint::Token);
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
            assert!(!format!("{error:?}").contains("hush"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(
            body in prop_oneof![".{0,80}", "[{\\[\"a-z:,=&%<]{0,40}"],
            header in "[ -~]{0,40}",
            status in 200u16..600,
        ) {
            let mut answer = response(status, "text/plain", &body);
            let challenge = HeaderValue::try_from(format!("OAuth {header}")).unwrap();
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            prop_assert!(
                Answer::read(&answer, Endpoint::Token).is_err() || body.contains("oauth_token")
            );
        }
    }

    #[test]
    fn a_reported_problem_is_the_providers_word() {
        let mut challenged = response(401, "text/plain", "no");
        let challenge =
            r#"OAuth realm="https%3A%2F%2Fphotos.example.net%2F", oauth_problem="nonce_used""#;
        let challenge = HeaderValue::from_static(challenge);
        challenged.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        let form = "oauth_problem=timestamp_refused&oauth_problem_advice=too%20old";
        for (response, problem, advice, status) in [
            (challenged, "nonce_used", None, 401),
            (response(400, "text/plain", form), "timestamp_refused", Some("too old"), 400),
            (response(200, FORM, form), "timestamp_refused", Some("too old"), 200),
        ] {
            let error = Answer::read(&response, Endpoint::Temporary).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            let said = error.provider_error().unwrap();
            assert_eq!(said.error, problem);
            assert_eq!(said.error_description.as_deref(), advice);
            assert_eq!(said.status, Some(status));
        }
    }
}
