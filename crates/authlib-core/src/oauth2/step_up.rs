//! [`StepUp`]: what an API requires beyond a valid token (RFC 9470, RFC 6750 §3.1).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::Token;
use super::dpop::DPOP;
use super::token_endpoint::BEARER;
use crate::challenge::Challenge;
use crate::crypto;
use crate::error::{Error, ErrorKind};

/// The most values of `acr_values` and of `scope`.
const MAX_VALUES: usize = 16;

/// The longest list of values, in bytes.
const MAX_LIST: usize = 512;

/// The longest `max_age`, in seconds: one year.
const MAX_AGE: u64 = 366 * 24 * 3600;

/// What an API requires beyond a valid token: a stronger or a newer authentication (RFC 9470 §3), or more scope
/// (RFC 6750 §3.1). A refresh does not help; a login that requests exactly this does:
/// [`AuthorizeOptions::step_up`](crate::AuthorizeOptions::step_up).
///
/// In a handler, the error of [`ApiResponse::error_for_status`](crate::ApiResponse::error_for_status) has it, and its
/// response redirects the browser to that login.
///
/// ```
/// use authlib_core::{ApiResponse, ErrorKind, Result};
///
/// fn check(response: ApiResponse) -> Result<ApiResponse> {
///     let checked = response.error_for_status();
///     if let Err(error) = &checked
///         && error.kind() == ErrorKind::InsufficientAuthentication
///         && let Some(required) = error.step_up()
///     {
///         println!("log in with one of {:?}", required.acr_values().collect::<Vec<_>>());
///     }
///     checked
/// }
/// # let _ = check;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUp {
    /// Space-separated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    acr_values: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    /// Space-separated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    /// Whether the API requires scope (`insufficient_scope`), and not another authentication.
    is_scope: bool,
    /// The name of the client whose token was sent.
    client: String,
    /// The path of the client's login route; `None` if users do not log in with the client.
    #[serde(skip)]
    login_path: Option<String>,
}

impl StepUp {
    /// The requirement of a response to a request with `token`. `None` if there is none, or one that is too large or has
    /// characters that a request can't have.
    pub(crate) fn of(
        client: &str,
        token: &Token,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Self> {
        let (error, is_scope) = match status {
            StatusCode::UNAUTHORIZED => ("insufficient_user_authentication", false),
            StatusCode::FORBIDDEN => ("insufficient_scope", true),
            _ => return None,
        };
        let is_dpop = token.token_type.eq_ignore_ascii_case(DPOP);
        let challenges = Challenge::all(headers);
        let challenge = challenges.iter().find(|challenge| {
            (challenge.is(BEARER) || (is_dpop && challenge.is(DPOP)))
                && challenge.param("error") == Some(error)
        })?;
        let list = |name: &str| list(challenge.param(name).unwrap_or_default());
        let required = Self {
            acr_values: if is_scope { String::new() } else { list("acr_values")? },
            max_age: match challenge.param("max_age").filter(|_| !is_scope) {
                Some(seconds) => Some(seconds.parse().ok().filter(|age| *age <= MAX_AGE)?),
                None => None,
            },
            // RFC 9470 §3 allows it in both.
            scope: list("scope")?,
            is_scope,
            client: client.to_owned(),
            login_path: None,
        };
        Some(required)
    }

    /// Sets the login route of the client, which need not be a registered one.
    pub(crate) fn with_login_path(self, login_path: Option<&str>) -> Self {
        Self { login_path: login_path.map(ToOwned::to_owned), ..self }
    }

    pub(crate) fn login_path(&self) -> Option<&str> {
        self.login_path.as_deref()
    }

    /// The authentication context classes of which the login must have one, the preferred one first.
    pub fn acr_values(&self) -> impl Iterator<Item = &str> {
        self.acr_values.split_ascii_whitespace()
    }

    /// How long ago the user may have authenticated.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age.map(Duration::from_secs)
    }

    /// The scope that the API requires.
    pub fn scope(&self) -> impl Iterator<Item = &str> {
        self.scope.split_ascii_whitespace()
    }

    /// The name of the client whose token was sent.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The kind of its error.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self.is_scope {
            true => ErrorKind::InsufficientScope,
            false => ErrorKind::InsufficientAuthentication,
        }
    }

    /// Whether it says what a login must request.
    pub(crate) fn is_named(&self) -> bool {
        !self.acr_values.is_empty() || self.max_age.is_some() || !self.scope.is_empty()
    }

    /// By which the same requirement is recognised after the login.
    pub(crate) fn digest(&self) -> String {
        let text = format!("{}\n{:?}\n{}", self.acr_values, self.max_age, self.scope);
        let hash = crypto::sha256(text.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.get(..6).unwrap_or_default())
    }
}

impl fmt::Display for StepUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_scope {
            true => write!(f, "the API requires more scope than the token has (RFC 6750 §3.1)")?,
            false => write!(f, "the API requires another authentication of the user (RFC 9470)")?,
        }
        if !self.acr_values.is_empty() {
            write!(f, ", `acr_values` {:?}", self.acr_values)?;
        }
        if let Some(max_age) = self.max_age {
            write!(f, ", `max_age` {max_age}")?;
        }
        if !self.scope.is_empty() {
            write!(f, ", `scope` {:?}", self.scope)?;
        }
        Ok(())
    }
}

impl std::error::Error for StepUp {}

impl From<StepUp> for Error {
    fn from(required: StepUp) -> Self {
        let client = required.client.clone();
        Self::new(required.kind(), required)
            .with_client(&client)
            .with_hint("start a login with `AuthorizeOptions::step_up`: a refresh does not help")
    }
}

impl Error {
    /// What an API requires of the login, if the kind is [`ErrorKind::InsufficientAuthentication`] or
    /// [`ErrorKind::InsufficientScope`].
    #[must_use]
    pub fn step_up(&self) -> Option<&StepUp> {
        self.get_ref().downcast_ref()
    }
}

/// A list of values that are separated by one space; `None` if it is too large, or has other characters than a scope
/// (RFC 6749 §3.3).
fn list(text: &str) -> Option<String> {
    let valid = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let values: Vec<&str> = text.split(' ').filter(|value| !value.is_empty()).collect();
    let fits = text.len() <= MAX_LIST && values.len() <= MAX_VALUES && text.chars().all(valid);
    fits.then(|| values.join(" "))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;

    use super::*;

    fn of(status: u16, token_type: &str, challenge: &str) -> Option<StepUp> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap());
        let mut token = Token::bearer("t");
        token_type.clone_into(&mut token.token_type);
        StepUp::of("op", &token, StatusCode::from_u16(status).unwrap(), &headers)
    }

    fn shown(required: &StepUp) -> (String, Option<u64>, String) {
        let join = |values: Vec<&str>| values.join(" ");
        let age = required.max_age().map(|age| age.as_secs());
        (join(required.acr_values().collect()), age, join(required.scope().collect()))
    }

    /// The examples of RFC 9470 §3 and RFC 6750 §3.
    #[test]
    fn requirement_is_read_from_the_challenge() {
        for (status, challenge, expected) in [
            (
                401,
                r#"Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR""#,
                ("myACR", None, ""),
            ),
            (
                401,
                r#"Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5""#,
                ("", Some(5), ""),
            ),
            (
                401,
                r#"Bearer error="insufficient_user_authentication", acr_values="a  b", max_age=0, scope="s""#,
                ("a b", Some(0), "s"),
            ),
            (
                403,
                r#"Basic realm="x", Bearer error="insufficient_scope", scope="urn:a b", max_age="1""#,
                ("", None, "urn:a b"),
            ),
            (403, r#"Bearer error="insufficient_scope""#, ("", None, "")),
        ] {
            let (acr, age, scope) = expected;
            let found = shown(&of(status, "Bearer", challenge).unwrap());
            assert_eq!(found, (acr.to_owned(), age, scope.to_owned()), "{challenge}");
        }
    }

    #[test]
    fn scheme_is_that_of_the_token() {
        let dpop = r#"DPoP error="insufficient_user_authentication", acr_values="x""#;
        assert!(of(401, "DPoP", dpop).is_some());
        assert_eq!(of(401, "Bearer", dpop), None);
        let basic = r#"Basic error="insufficient_user_authentication", acr_values="x""#;
        assert_eq!(of(401, "DPoP", basic), None);
    }

    #[test]
    fn other_statuses_and_unusable_values_are_no_requirement() {
        let error = r#"Bearer error="insufficient_user_authentication""#;
        let many = vec!["x"; MAX_VALUES + 1].join(" ");
        let long = "x".repeat(MAX_LIST + 1);
        for (status, challenge) in [
            (403, format!("{error}, acr_values=\"x\"")),
            (200, format!("{error}, acr_values=\"x\"")),
            (401, r#"Bearer error="insufficient_scope", scope="x""#.to_owned()),
            (401, r#"Bearer error="invalid_token""#.to_owned()),
            (401, format!("{error}, acr_values=\"{many}\"")),
            (401, format!("{error}, acr_values=\"{long}\"")),
            (401, format!("{error}, acr_values=\"a\\\\b\"")),
            (401, format!("{error}, max_age=\"-1\"")),
            (401, format!("{error}, max_age=\"99999999999\"")),
            (401, format!("{error}, max_age=\"soon\"")),
        ] {
            assert_eq!(of(status, "Bearer", &challenge), None, "{status} {challenge}");
        }
    }

    #[test]
    fn same_requirement_has_the_same_digest() {
        let of = |values: &str| {
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{values}\"");
            of(403, "Bearer", &challenge).unwrap().digest()
        };
        assert_eq!(of("a b"), of("a  b"));
        assert_ne!(of("a b"), of("a"));
    }
}
