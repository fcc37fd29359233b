//! Credentials in responses, RFC 5849 §2.1 and §2.3, and their errors: the problem reporting extension
//! (OAuth Problem Reporting, 2008), which Flickr and others use.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::challenge::Challenge;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::jose::exact_integers::name_of;
use crate::jose::strict_json;
use crate::message::{self, Response};
use crate::params::Params;
use crate::secret::Secret;

/// The most bytes of a token or a secret.
const MAX_SECRET: usize = 4096;

/// Credentials, with the other parameters of their response.
#[derive(Debug)]
pub(super) struct CredentialsResponse {
    pub(super) token: Secret,
    pub(super) secret: Secret,
    pub(super) extra: Params,
    /// The names of numbers with a fraction or an exponent, which can't identify a user.
    pub(super) inexact: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialsError {
    #[error("{} was rejected by the provider", .0.request_name())]
    Rejected(Endpoint),
    #[error("the response to {} has status {status} and {content_type}", .endpoint.request_name())]
    Status { endpoint: Endpoint, status: u16, content_type: String },
    #[error("the response to {} is {content_type}, not a form (RFC 5849 §2.1)", .endpoint.request_name())]
    NotForm { endpoint: Endpoint, content_type: String },
    #[error("the response to {} repeats {name:?} (RFC 5849 §3.1)", .endpoint.request_name())]
    Repeated { endpoint: Endpoint, name: String },
    #[error(
        "`{name}` in the response to {} is a number with a fraction or an exponent: only a string or an \
         integer identifies a user",
        .endpoint.request_name()
    )]
    InexactSubject { endpoint: Endpoint, name: String },
    #[error("the response to {} has no `{name}` (RFC 5849 §2.1, §2.3)", .endpoint.request_name())]
    Missing { endpoint: Endpoint, name: &'static str },
    #[error("`{name}` in the response to {} has more than {MAX_SECRET} bytes", .endpoint.request_name())]
    TooLong { endpoint: Endpoint, name: &'static str },
    #[error(
        "the response to {} does not have `oauth_callback_confirmed=true`: an attacker could complete \
         their login in the user's browser (RFC 5849 §2.1)",
        Endpoint::RequestToken.request_name()
    )]
    NotConfirmed,
}

impl From<CredentialsError> for Error {
    fn from(check: CredentialsError) -> Self {
        let hint = match &check {
            CredentialsError::Rejected(_) | CredentialsError::Status { status: 401 | 403, .. } => {
                Some(
                    "check `client_id`, `client_secret`, `signature_method` and the clock of this \
                     machine"
                        .to_owned(),
                )
            }
            CredentialsError::Status { endpoint, status: 300..=399, .. } => Some(format!(
                "redirects are never followed: set `{}` to the final URL",
                endpoint.setting()
            )),
            CredentialsError::Status { endpoint, status: 404 | 405, .. }
            | CredentialsError::NotForm { endpoint, .. }
            | CredentialsError::Missing { endpoint, .. } => {
                Some(format!("check `{}`", endpoint.setting()))
            }
            CredentialsError::NotConfirmed => Some(
                "the provider supports OAuth 1.0 only, not 1.0a, or does not know the callback"
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

impl CredentialsResponse {
    /// Parses the credentials. The text tells whether it is a form or JSON, which some providers send:
    /// many have a wrong `Content-Type` (Twitter's is `text/html`).
    pub(super) fn parse(endpoint: Endpoint, response: &Response) -> Result<Self> {
        let mut inexact = Vec::new();
        let params = params(response.body(), &mut inexact);
        if let Some(problem) = problem(response, params.as_ref()) {
            let error = Error::from(CredentialsError::Rejected(endpoint));
            return Err(error.with_provider_error(problem));
        }
        let content_type = message::media_type(response.headers());
        let content_type = content_type.unwrap_or_else(|| "no content type".to_owned());
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(CredentialsError::Status { endpoint, status, content_type }.into());
        }
        let Some(params) = params else {
            return Err(CredentialsError::NotForm { endpoint, content_type }.into());
        };
        Ok(Self::from_params(endpoint, params, inexact)?)
    }

    fn from_params(
        endpoint: Endpoint,
        params: Params,
        inexact: Vec<String>,
    ) -> Result<Self, CredentialsError> {
        // The extra parameters may identify the user, so they must not be ambiguous.
        if let Some(name) = repeated(&params) {
            let name = name.chars().take(ProviderError::MAX_TEXT).collect();
            return Err(CredentialsError::Repeated { endpoint, name });
        }
        let secret = |name: &'static str| match params.all(name).next() {
            Some(value) if value.len() > MAX_SECRET => {
                Err(CredentialsError::TooLong { endpoint, name })
            }
            Some(value) => Ok(Secret::new(value)),
            None => Err(CredentialsError::Missing { endpoint, name }),
        };
        let token = secret("oauth_token")?;
        if token.is_empty() {
            return Err(CredentialsError::Missing { endpoint, name: "oauth_token" });
        }
        let secret = secret("oauth_token_secret")?;
        let known = ["oauth_token", "oauth_token_secret"];
        let extra =
            params.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        Ok(Self { token, secret, extra, inexact })
    }
}

/// The error that parameters of the problem reporting extension report.
pub(super) fn reported(params: &Params) -> Option<ProviderError> {
    let text = |name| params.all(name).next();
    let advice = text("oauth_problem_advice");
    text("oauth_problem").map(|problem| ProviderError::new(problem, advice, None))
}

/// The body as parameters; `None` if it is neither a form nor a JSON object. The names of numbers with a
/// fraction or an exponent are added to `inexact`.
fn params(body: &[u8], inexact: &mut Vec<String>) -> Option<Params> {
    let text = str::from_utf8(body).ok()?.trim();
    if text.starts_with('{') {
        let members = strict_json::object(text.as_bytes()).ok()?;
        let numbers = members.iter().filter(|(_, value)| value.is_number());
        let inexact_numbers = numbers.filter(|(_, value)| name_of(value).is_none());
        inexact.extend(inexact_numbers.map(|(name, _)| name.clone()));
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return Some(members.into_iter().map(|(name, value)| (name, text(value))).collect());
    }
    // A form has no blanks and no markup, unlike a sentence or a page.
    let is_form = text.contains('=') && !text.contains(|c: char| c.is_whitespace() || c == '<');
    is_form.then(|| Params::parse(text))
}

/// The provider's error, in the body or in an `OAuth` challenge (RFC 5849 §3.5.1).
fn problem(response: &Response, params: Option<&Params>) -> Option<ProviderError> {
    let challenged = || {
        let challenges = Challenge::all(response.headers());
        let decoded = |value| percent_decode_str(value).decode_utf8_lossy().into_owned();
        challenges.iter().filter(|challenge| challenge.is("OAuth")).find_map(|challenge| {
            let params = challenge.params();
            reported(&params.map(|(name, value)| (name.to_owned(), decoded(value))).collect())
        })
    };
    let mut problem = params.and_then(reported).or_else(challenged)?;
    problem.status = Some(response.status().as_u16());
    problem.retry_after = message::retry_after(response);
    Some(problem)
}

/// A name that occurs twice. A response of 1 MiB can have 260,000 names, so each is looked at once.
fn repeated(params: &Params) -> Option<&str> {
    let mut seen = HashSet::new();
    params.iter().map(|(name, _)| name).find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;
    use proptest::prelude::*;

    use super::*;
    use crate::message::test_response as response;

    fn parse(response: &Response) -> Result<CredentialsResponse> {
        CredentialsResponse::parse(Endpoint::Token, response)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    /// T132, T180.
    #[test]
    fn forms_and_json_are_read_whatever_content_type() {
        for (content_type, body) in [
            (FORM, "oauth_token=t%2B1&oauth_token_secret=s&user_id=7"),
            ("text/html;charset=utf-8", "oauth_token=t%2B1&oauth_token_secret=s&user_id=7"),
            ("text/plain", "oauth_token=t%2B1&oauth_token_secret=s&user_id=7\n"),
            ("application/json", r#"{"oauth_token":"t+1","oauth_token_secret":"s","user_id":7}"#),
            ("text/html", r#" {"oauth_token":"t+1","oauth_token_secret":"s","user_id":"7"}"#),
        ] {
            let answer = parse(&response(200, content_type, body)).unwrap();
            assert_eq!(answer.token.expose(), "t+1", "{content_type}");
            assert_eq!(answer.secret.expose(), "s", "{content_type}");
            assert_eq!(answer.extra, Params::new().with("user_id", "7"), "{content_type}");
        }
        let empty = response(200, FORM, "oauth_token=t&oauth_token_secret=");
        assert!(parse(&empty).unwrap().secret.is_empty());
    }

    /// T134, H19: errors contain nothing of the body.
    #[test]
    fn other_responses_are_rejected_unquoted() {
        let long = format!("oauth_token={}&oauth_token_secret=hush", "x".repeat(5000));
        for (status, content_type, body, says) in [
            (200, "text/html", "<!doctype html><h1 title=hush>Log in</h1>", "is text/html"),
            (200, "text/plain", "hush is not = here", "is text/plain"),
            (200, FORM, "hush", "not a form"),
            (200, FORM, "", "not a form"),
            (200, "application/json", r#"{"oauth_token":"hush""#, "not a form"),
            (200, "application/json", r#"["hush"]"#, "not a form"),
            (
                200,
                "application/json",
                r#"{"oauth_token":"hush","oauth_token":"b","oauth_token_secret":"s"}"#,
                "not a form",
            ),
            (500, "text/html", "<h1>hush</h1>", "status 500 and text/html"),
            (400, FORM, "hush=1", "status 400"),
            (401, "text/plain", "hush", "check `client_id`"),
            (403, FORM, "oauth_token=hush&oauth_token_secret=hush", "status 403"),
            (404, "text/html", "hush", "`token_endpoint`"),
            (302, "text/html", "hush", "never followed"),
            (200, FORM, "oauth_token_secret=hush", "no `oauth_token`"),
            (200, FORM, "oauth_token=&oauth_token_secret=hush", "no `oauth_token`"),
            (200, FORM, "oauth_token=hush", "no `oauth_token_secret`"),
            (200, FORM, "oauth_token=hush&oauth_token_secret=a&oauth_token=hush", "repeats"),
            (200, FORM, "oauth_token=hush&oauth_token_secret=a&user_id=1&user_id=2", "repeats"),
            (200, FORM, &long, "more than"),
        ] {
            let error = parse(&response(status, content_type, body)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
            assert!(!format!("{error:?}").contains("hush"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn parse_never_panics(
            body in prop_oneof![".{0,80}", "[{\\[\"a-z:,=&%<]{0,40}"],
            header in "[ -~]{0,40}",
            status in 200u16..600,
        ) {
            let mut answer = response(status, "text/plain", &body);
            let challenge = HeaderValue::try_from(format!("OAuth {header}")).unwrap();
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            prop_assert!(
                parse(&answer).is_err() || body.contains("oauth_token")
            );
        }
    }

    /// RFC 9110 §11.6.1: other challenges, empty elements, blanks, quoted pairs and commas in quotes.
    #[test]
    fn problem_is_found_in_any_oauth_challenge() {
        for (header, problem) in [
            (r#"Basic realm="x", OAuth oauth_problem="y""#, Some("y")),
            (r#",OAuth oauth_problem="x""#, Some("x")),
            (r#"OAuth oauth_problem = "x""#, Some("x")),
            (r#"OAuth realm="p, oauth_problem=fake""#, None),
            (r#"OAuth realm="p, oauth_problem=fake",, oauth_problem="t\rue""#, Some("true")),
            (r#"OAuth realm="a", OAuth oauth_problem=nonce_used"#, Some("nonce_used")),
            (r#"Bearer oauth_problem="x""#, None),
        ] {
            let mut response = response(401, "text/plain", "no");
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(header));
            let error = parse(&response).unwrap_err();
            let found = error.provider_error().map(|said| said.error.as_str());
            assert_eq!(found, problem, "{header}");
        }
    }

    #[test]
    fn reported_problem_is_the_provider_error() {
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
            let error = parse(&response).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            let said = error.provider_error().unwrap();
            assert_eq!(said.error, problem);
            assert_eq!(said.error_description.as_deref(), advice);
            assert_eq!(said.status, Some(status));
        }
    }
}
