//! Responses of the provider's endpoints, as far as all of them are alike: JSON objects (RFC 6749 §5.1)
//! and error responses (§5.2).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, ProviderError, Result, clipped, is_outage};
use crate::jose::claims::{ClaimError, Claims};
use crate::message::{self, Response};
use crate::oauth2::json_response::{self, NoJson};

/// The longest lifetime that is accepted: ten years. A longer one is cut to it, so that no date overflows.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A response whose status is a success and which has no `error` member.
#[derive(Debug)]
pub(crate) struct EndpointResponse {
    endpoint: Endpoint,
    /// The media type, or `no content type`.
    content_type: String,
    /// The members if the response is JSON.
    members: Option<Result<Claims, ClaimError>>,
}

impl EndpointResponse {
    /// The members of a successful response.
    pub(crate) fn parse(endpoint: Endpoint, response: &Response) -> Result<Members> {
        Self::accept(endpoint, response)?.into_members()
    }

    /// Rejects error responses. An `error` member is an error with any status: some providers send it
    /// with 200.
    pub(crate) fn accept(endpoint: Endpoint, response: &Response) -> Result<Self> {
        let this = Self::read(endpoint, response);
        let success = is_success(endpoint, response.status());
        // `error` is not reserved among the claims of a user.
        let may_have_error = !(success && endpoint == Endpoint::UserInfo);
        match this.rejection(response).filter(|_| may_have_error) {
            Some(error) => Err(error),
            None if success => Ok(this),
            None => Err(this.status_error(response)),
        }
    }

    /// The error of a response that is not a success to the caller.
    pub(crate) fn error(endpoint: Endpoint, response: &Response) -> Error {
        let this = Self::read(endpoint, response);
        this.rejection(response).unwrap_or_else(|| this.status_error(response))
    }

    fn read(endpoint: Endpoint, response: &Response) -> Self {
        let (content_type, members) = match json_response::members(response) {
            Ok(members) => ("application/json".to_owned(), Some(Ok(members))),
            Err(NoJson::Malformed(cause)) => ("application/json".to_owned(), Some(Err(cause))),
            Err(NoJson::ContentType(found)) => (found, None),
        };
        Self { endpoint, content_type, members }
    }

    fn rejection(&self, response: &Response) -> Option<Error> {
        let members = self.members.as_ref()?.as_ref().ok()?;
        provider_error(response, members.as_map()).map(|error| rejected(self.endpoint, error))
    }

    fn status_error(&self, response: &Response) -> Error {
        let error = Error::from(ResponseError::Status {
            endpoint: self.endpoint,
            status: response.status().as_u16(),
            content_type: self.content_type.clone(),
        });
        if is_outage(response.status().as_u16()) {
            // The caller needs the status and `Retry-After` (RFC 9110 §10.2.3).
            return error.with_provider_error(status_only(response));
        }
        error
    }

    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    pub(crate) fn is_json(&self) -> bool {
        self.members.is_some()
    }

    fn into_members(self) -> Result<Members> {
        let Self { endpoint, content_type, members } = self;
        match members {
            None => Err(ResponseError::ContentType { endpoint, content_type }.into()),
            Some(Err(cause)) => Err(ResponseError::NotJson { endpoint, cause }.into()),
            Some(Ok(members)) => Ok(Members::new(endpoint, members.into_map())),
        }
    }
}

/// The members of an endpoint's response. Each is removed when it is read.
#[derive(Debug)]
pub(crate) struct Members {
    endpoint: Endpoint,
    members: Map<String, Value>,
}

impl Members {
    pub(crate) fn new(endpoint: Endpoint, members: Map<String, Value>) -> Self {
        Self { endpoint, members }
    }

    /// Whether the member is present, neither null nor empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null() && value != "")
    }

    /// A string. Absent, null and empty are `None`; any other type is an error.
    pub(crate) fn take_text(&mut self, name: &'static str) -> Result<Option<String>> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(self.invalid(name, "a string")),
        }
    }

    /// A string that the response can do without. One of another type is logged and counts as absent.
    pub(crate) fn take_optional_text(&mut self, name: &'static str) -> Option<String> {
        self.take_text(name).unwrap_or_else(|error| self.ignored(name, &error))
    }

    /// A scope: a string with spaces, also a list of strings, which Twitch sends (RFC 6749 §3.3). Anything else
    /// is logged and counts as absent.
    pub(crate) fn take_scope(&mut self) -> Option<String> {
        if let Some(scope) = self.members.get("scope").and_then(scope_of_list) {
            self.members.remove("scope");
            return Some(scope).filter(|scope| !scope.is_empty());
        }
        self.take_optional_text("scope")
    }

    /// A lifetime that the response can do without. One that is no number is logged and counts as absent.
    pub(crate) fn take_optional_seconds(&mut self, name: &'static str) -> Option<Duration> {
        self.take_seconds(name).unwrap_or_else(|error| self.ignored(name, &error))
    }

    /// Logs a member that the response can do without.
    pub(super) fn ignored<T>(&self, name: &str, error: &dyn std::error::Error) -> Option<T> {
        let request = self.endpoint.request_name();
        tracing::warn!(request, member = name, %error, "response member ignored");
        None
    }

    pub(crate) fn take_required_text(&mut self, name: &'static str) -> Result<String> {
        self.take_text(name)?.ok_or_else(|| self.invalid(name, "a string"))
    }

    /// A lifetime in seconds, also as a string, which `PayPal` sends; fractions are cut off. Zero or less
    /// means that it has expired already.
    pub(crate) fn take_seconds(&mut self, name: &'static str) -> Result<Option<Duration>> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => lifetime(&value).map(Some).ok_or_else(|| self.seconds(name)),
        }
    }

    pub(crate) fn take_required_seconds(&mut self, name: &'static str) -> Result<Duration> {
        self.take_seconds(name)?.ok_or_else(|| self.seconds(name))
    }

    /// The remaining members, of which those that are null count as absent.
    pub(crate) fn into_claims(mut self) -> Claims {
        self.members.retain(|_, value| !value.is_null());
        Claims::from_map(self.members)
    }

    /// The remaining members, as they were sent.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.members
    }

    fn seconds(&self, name: &'static str) -> Error {
        self.invalid(name, "a number of seconds")
    }

    fn invalid(&self, name: &'static str, expected: &'static str) -> Error {
        ResponseError::Member { endpoint: self.endpoint, name, expected }.into()
    }
}

/// Why the response of an endpoint is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResponseError {
    #[error("{} was rejected by the provider ({})", .0.request_name(), error_section(*.0))]
    Rejected(Endpoint),
    #[error(
        "the response to {} has status {status} and {content_type}, without an OAuth error ({})",
        .endpoint.request_name(), error_section(*.endpoint)
    )]
    Status { endpoint: Endpoint, status: u16, content_type: String },
    #[error(
        "the response to {} has {content_type}, not application/json ({})",
        .endpoint.request_name(), section(*.endpoint)
    )]
    ContentType { endpoint: Endpoint, content_type: String },
    #[error("the response to {} is not a JSON object", .endpoint.request_name())]
    NotJson {
        endpoint: Endpoint,
        #[source]
        cause: ClaimError,
    },
    #[error(
        "`{name}` in the response to {} is missing or not {expected} ({})",
        .endpoint.request_name(), section(*.endpoint)
    )]
    Member { endpoint: Endpoint, name: &'static str, expected: &'static str },
    #[error(
        "a member of the response to {} is invalid ({})",
        .endpoint.request_name(), section(*.endpoint)
    )]
    Claim {
        endpoint: Endpoint,
        #[source]
        cause: ClaimError,
    },
}

impl From<ResponseError> for Error {
    fn from(check: ResponseError) -> Self {
        let hint = match &check {
            ResponseError::Status { endpoint, status: 300..=399, .. } => Some(format!(
                "redirects are never followed: set `{}` to the final URL",
                endpoint.setting()
            )),
            ResponseError::Status { endpoint: Endpoint::UserInfo, status: 401 | 403, .. } => {
                let hint = "the provider rejected the access token; if the ID token has all claims that you need, \
                            set `fetch_userinfo` to false";
                Some(hint.to_owned())
            }
            ResponseError::Status { endpoint: Endpoint::Revocation, status: 429 | 503, .. } => {
                Some("the token is still valid: try again later".to_owned())
            }
            ResponseError::Status {
                endpoint: Endpoint::Registration, status: 404 | 405, ..
            }
            | ResponseError::ContentType { endpoint: Endpoint::Registration, .. } => {
                Some("check `registration_endpoint` and `registration_client_uri`".to_owned())
            }
            ResponseError::Status { endpoint, status: 404 | 405, .. }
            | ResponseError::ContentType { endpoint, .. } => {
                Some(format!("check `{}`", endpoint.setting()))
            }
            ResponseError::Member { name: "token_type", .. } => {
                let hint = "for a provider that leaves it out, enable the hook `default_token_type_bearer`";
                Some(hint.to_owned())
            }
            _ => None,
        };
        Self::new(ErrorKind::InvalidResponse, check).maybe_hint(hint)
    }
}

/// The provider's error response, if `members` have an `error`. A code that is not a string is one too.
pub(crate) fn provider_error(
    response: &Response,
    members: &Map<String, Value>,
) -> Option<ProviderError> {
    let error = members.get("error")?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let code = error.as_str().unwrap_or("(not a string)");
    let mut error = ProviderError::new(code, text("error_description"), text("error_uri"));
    error.suberror = text("suberror").map(clipped);
    Some(with_status(response, error))
}

/// Stands in for the error response if the provider sent none: status and `Retry-After`.
pub(crate) fn status_only(response: &Response) -> ProviderError {
    with_status(response, ProviderError::new("(no OAuth error)", None, None))
}

fn with_status(response: &Response, mut error: ProviderError) -> ProviderError {
    error.status = Some(response.status().as_u16());
    error.retry_after = message::retry_after(response);
    error
}

fn is_success(endpoint: Endpoint, status: StatusCode) -> bool {
    match endpoint {
        Endpoint::Introspection | Endpoint::Revocation => status == StatusCode::OK,
        // RFC 7591 §3.2.1 demands 201; older servers send 200.
        Endpoint::Registration => matches!(status, StatusCode::OK | StatusCode::CREATED),
        _ => status.is_success(),
    }
}

fn rejected(endpoint: Endpoint, provider: ProviderError) -> Error {
    let code = provider.error.as_str();
    let kind = match (endpoint, code) {
        (Endpoint::Introspection | Endpoint::Revocation, "unsupported_token_type") => {
            ErrorKind::Unsupported
        }
        (Endpoint::BackchannelAuthentication, "access_denied") => ErrorKind::AccessDenied,
        (
            Endpoint::BackchannelAuthentication,
            "expired_login_hint_token"
            | "invalid_binding_message"
            | "invalid_user_code"
            | "missing_user_code"
            | "unknown_user_id",
        ) => ErrorKind::InvalidRequest,
        (Endpoint::Token, _) if provider.needs_user() => ErrorKind::Unauthenticated,
        _ => ErrorKind::InvalidResponse,
    };
    let hint = match kind {
        ErrorKind::Unauthenticated => Some("the user must log in again"),
        _ => hint(endpoint, code),
    };
    Error::new(kind, ResponseError::Rejected(endpoint))
        .with_provider_error(provider)
        .maybe_hint(hint)
}

/// What to change after an error code (RFC 6749 §5.2, RFC 7591 §3.2.2, RFC 8628 §3.2, OpenID Connect CIBA Core §13).
fn hint(endpoint: Endpoint, code: &str) -> Option<&'static str> {
    Some(match (endpoint, code) {
        (Endpoint::DeviceAuthorization, "unauthorized_client" | "unsupported_grant_type") => {
            "enable the device flow for this client at the provider"
        }
        (Endpoint::BackchannelAuthentication, "unauthorized_client") => {
            "enable CIBA for this client at the provider, with the token delivery mode `poll` or `ping`"
        }
        (Endpoint::BackchannelAuthentication, "unknown_user_id") => {
            "the provider knows no user by this hint"
        }
        (Endpoint::BackchannelAuthentication, "expired_login_hint_token") => {
            "get a new `login_hint_token`"
        }
        (Endpoint::BackchannelAuthentication, "missing_user_code") => {
            "ask the user for the secret code, and set `user_code`"
        }
        (Endpoint::BackchannelAuthentication, "invalid_user_code") => {
            "the user's secret code is wrong: ask for it again"
        }
        (Endpoint::BackchannelAuthentication, "invalid_binding_message") => {
            "use a short `binding_message` of letters and digits"
        }
        (Endpoint::Token, "transaction_failed") => {
            "the provider could not ask the user: start again, if the user still wants to"
        }
        (_, "invalid_client" | "unauthorized_client") => {
            "check `client_id`, `client_secret` or `private_key` with `private_key_id`, and \
             `token_endpoint_auth_method`"
        }
        (Endpoint::Token, "invalid_grant") => {
            "the code or refresh token has expired or was already used, or `redirect_uri` differs \
             from that of the authorization request"
        }
        (_, "invalid_scope") => "check `scope`",
        (_, "invalid_redirect_uri") => "check `redirect_uris`",
        (_, "invalid_client_metadata") => "the provider does not accept a member of the metadata",
        (_, "invalid_software_statement") => "check `software_statement`",
        (_, "unapproved_software_statement") => {
            "the provider does not trust the issuer of `software_statement`"
        }
        (_, "unsupported_token_type") => "the provider does not support tokens of this type there",
        _ => return None,
    })
}

/// Where a successful response is specified.
fn section(endpoint: Endpoint) -> &'static str {
    sections(endpoint).0
}

/// Where an error response is specified.
fn error_section(endpoint: Endpoint) -> &'static str {
    sections(endpoint).1
}

fn sections(endpoint: Endpoint) -> (&'static str, &'static str) {
    match endpoint {
        Endpoint::BackchannelAuthentication => {
            ("OpenID Connect CIBA Core §7.3", "OpenID Connect CIBA Core §13")
        }
        Endpoint::DeviceAuthorization => ("RFC 8628 §3.2", "RFC 8628 §3.2"),
        Endpoint::Introspection => ("RFC 7662 §2.2", "RFC 7662 §2.3"),
        Endpoint::PushedAuthorization => ("RFC 9126 §2.2", "RFC 9126 §2.3"),
        Endpoint::Registration => ("RFC 7591 §3.2.1", "RFC 7591 §3.2.2"),
        Endpoint::Revocation => ("RFC 7009 §2.2", "RFC 7009 §2.2.1"),
        Endpoint::UserInfo => ("OpenID Connect Core §5.3.2", "OpenID Connect Core §5.3.3"),
        _ => ("RFC 6749 §5.1", "RFC 6749 §5.2"),
    }
}

/// The scope that a list of strings stands for.
pub(crate) fn scope_of_list(value: &Value) -> Option<String> {
    let words: Option<Vec<_>> = value.as_array()?.iter().map(Value::as_str).collect();
    words.map(|words| words.join(" "))
}

fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        // Digits and a fraction: no sign, exponent or name of a number.
        Value::String(text) if text.bytes().all(|c| c.is_ascii_digit() || c == b'.') => {
            text.parse().ok()?
        }
        _ => return None,
    };
    let seconds = seconds.trunc().clamp(0.0, MAX_LIFETIME.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[path = "endpoint_response_tests.rs"]
mod tests;
