//! The device authorization request and its answer, RFC 8628 §3.1 and §3.2, and [`Polling`], how often
//! the token is asked for then (§3.5).

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::jose::claims::ClaimError;
use crate::message::Response;
use crate::oauth2::error_response::{self, Answer};
use crate::oauth2::token_endpoint;
use crate::params::Params;
use crate::secret::Secret;

/// The pause between two requests where the provider names none (RFC 8628 §3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest pause: a provider that says zero or less doesn't mean a loop without end.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The longest pause that a provider may start with, and the longest that failures lead to.
const MAX_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// How much longer each `slow_down` makes the pause (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// The longest lifetime of a device code that is believed: a day.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The most characters of a code that somebody is to type.
const MAX_USER_CODE: usize = 100;

/// What a device shows its user, and what it then asks for the token with (RFC 8628 §3.2).
///
/// Show [`user_code`](Self::user_code) and [`verification_uri`](Self::verification_uri) together: who is
/// sent a link by somebody else can compare both (RFC 8628 §5.4).
#[derive(Clone)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// The device's own code. It never leaves the device but for the token endpoint.
    pub device_code: Secret,
    /// The code that the user types at [`verification_uri`](Self::verification_uri). It has no control
    /// characters; keep its case and dashes.
    pub user_code: String,
    /// The page that the user opens: https, or http on this machine.
    pub verification_uri: String,
    /// The same page with the code in it, for a QR code (RFC 8628 §3.3.1). It spares the typing;
    /// [`user_code`](Self::user_code) should still be shown.
    pub verification_uri_complete: Option<String>,
    /// When both codes expire.
    pub expires_at: SystemTime,
    /// The least pause between two requests for the token: 5 seconds where the provider names none.
    pub interval: Duration,
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who reads the user code in a log could allow this device with an account of their own.
        f.debug_struct("DeviceAuthorization")
            .field("verification_uri", &self.verification_uri)
            .field("expires_at", &self.expires_at)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// The form of the request, without client authentication (RFC 8628 §3.1).
pub(crate) fn device_authorization_form(scope: Option<&str>) -> Params {
    match scope {
        Some(scope) if !scope.is_empty() => Params::new().with("scope", scope),
        _ => Params::new(),
    }
}

#[derive(Debug, thiserror::Error)]
enum DeviceError {
    #[error("the device authorization endpoint refused the request (RFC 8628 §3.2)")]
    Refused,
    #[error(
        "the device authorization endpoint answered {status} with {content} and no OAuth error (RFC 8628 §3.2)"
    )]
    Status { status: u16, content: String },
    #[error(
        "the device authorization endpoint answered {0}, not `application/json` (RFC 8628 §3.2)"
    )]
    ContentType(String),
    #[error("the device authorization answer is no JSON object")]
    NotJson(#[source] ClaimError),
    #[error(
        "member `{0}` of the device authorization answer is missing or no text (RFC 8628 §3.2)"
    )]
    Member(&'static str),
    #[error(
        "member `{0}` of the device authorization answer is missing or no number of seconds (RFC 8628 §3.2)"
    )]
    Seconds(&'static str),
    #[error(
        "member `user_code` of the device authorization answer can't be typed: it is longer than {MAX_USER_CODE} characters or has control characters (RFC 8628 §6.1)"
    )]
    UserCode,
    #[error("member `{name}` of the device authorization answer is refused (RFC 8628 §3.2)")]
    VerificationUri {
        name: &'static str,
        #[source]
        cause: EndpointUrlError,
    },
}

impl From<DeviceError> for Error {
    fn from(check: DeviceError) -> Self {
        let hint = match &check {
            DeviceError::Status { status: 300..=399, .. } => Some(
                "redirects are never followed here: set `device_authorization_endpoint` to the final URL",
            ),
            DeviceError::ContentType(_) | DeviceError::Status { status: 404 | 405, .. } => {
                Some("check `device_authorization_endpoint`")
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

/// Reads the answer. An `error` member wins over everything, whatever the status: GitHub sends it with
/// 200.
pub(crate) fn parse_device_authorization_response(
    response: &Response,
    now: SystemTime,
) -> Result<DeviceAuthorization> {
    let status = response.status();
    let Answer { content, body, said } = Answer::read(response);
    if let Some(said) = said {
        return Err(refused(said));
    }
    if !status.is_success() {
        let check = DeviceError::Status { status: status.as_u16(), content };
        return Err(error_response::of_status(response, check.into()));
    }
    match body {
        None => Err(DeviceError::ContentType(content).into()),
        Some(Err(cause)) => Err(DeviceError::NotJson(cause).into()),
        Some(Ok(body)) => Ok(read(body.as_map(), now)?),
    }
}

fn refused(said: ProviderError) -> Error {
    let hint = match said.error.as_str() {
        "invalid_client" => {
            Some("check `client_id`, `client_secret` and `token_endpoint_auth_method`")
        }
        "invalid_scope" => Some("check `scope`"),
        "unauthorized_client" | "unsupported_grant_type" => {
            Some("allow the device flow for this client in its registration at the provider")
        }
        _ => None,
    };
    let error = Error::from(DeviceError::Refused).with_provider_error(said);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn read(body: &Map<String, Value>, now: SystemTime) -> Result<DeviceAuthorization, DeviceError> {
    let device_code = text(body, "device_code")?.ok_or(DeviceError::Member("device_code"))?;
    let user_code = text(body, "user_code")?.ok_or(DeviceError::Member("user_code"))?;
    // It is printed on terminals, which obey control characters.
    if user_code.chars().count() > MAX_USER_CODE || user_code.chars().any(char::is_control) {
        return Err(DeviceError::UserCode);
    }
    // Google's spelling, from a draft of the RFC, stands in for the final one.
    let verification_uri = match page(body, "verification_uri")? {
        Some(page) => page,
        None => page(body, "verification_url")?.ok_or(DeviceError::Member("verification_uri"))?,
    };
    let expires_in =
        seconds(body, "expires_in")?.ok_or(DeviceError::Seconds("expires_in"))?.min(MAX_LIFETIME);
    let interval = seconds(body, "interval")?.unwrap_or(DEFAULT_INTERVAL);
    Ok(DeviceAuthorization {
        device_code: Secret::new(device_code),
        user_code: user_code.to_owned(),
        verification_uri: verification_uri.to_owned(),
        verification_uri_complete: page(body, "verification_uri_complete")?.map(ToOwned::to_owned),
        expires_at: now + expires_in,
        interval: interval.clamp(MIN_INTERVAL, MAX_INTERVAL),
    })
}

/// A text member that is not empty; absent, null and empty are the same, another type is an error.
fn text<'a>(
    body: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, DeviceError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(DeviceError::Member(name)),
    }
}

fn seconds(body: &Map<String, Value>, name: &'static str) -> Result<Option<Duration>, DeviceError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => token_endpoint::lifetime(value).map(Some).ok_or(DeviceError::Seconds(name)),
    }
}

/// A page to open in a browser: an endpoint's URL but for a fragment, which a page may have. Nothing
/// that runs in the browser, such as `javascript:`, gets through.
fn page<'a>(
    body: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, DeviceError> {
    let Some(text) = text(body, name)? else {
        return Ok(None);
    };
    let refused = |cause| DeviceError::VerificationUri { name, cause };
    let (base, fragment) = text.split_once('#').unwrap_or((text, ""));
    if fragment.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(refused(EndpointUrlError::Ambiguous));
    }
    endpoint_url(base).map_err(refused)?;
    Ok(Some(text))
}

/// When to ask for the token again (RFC 8628 §3.5). It holds no clock: the caller waits.
#[derive(Debug)]
pub(crate) struct Polling {
    interval: Duration,
    expires_at: SystemTime,
}

/// What comes after a refused request for the token.
#[derive(Debug)]
pub(crate) enum PollStep {
    /// Ask again after this time.
    Wait(Duration),
    /// Don't ask again.
    Stop(Error),
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("the user refused to let this device in (RFC 8628 §3.5)")]
    Denied,
    #[error("the device code expired before the user let this device in (RFC 8628 §3.5)")]
    Expired,
}

impl Polling {
    pub(crate) fn new(device: &DeviceAuthorization) -> Self {
        Self { interval: device.interval, expires_at: device.expires_at }
    }

    /// The step before the first request: a pause too, for nobody types that fast.
    pub(crate) fn first(&self, now: SystemTime) -> PollStep {
        self.wait(self.interval, now)
    }

    /// The step after a request for the token that failed with `error`.
    pub(crate) fn after(&mut self, error: &Error, now: SystemTime) -> PollStep {
        let said = error.provider_error();
        match said.map(|said| said.error.as_str()) {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval = self.interval.saturating_add(SLOW_DOWN),
            Some("access_denied") => {
                return PollStep::Stop(with_words(
                    Error::new(ErrorKind::AccessDenied, PollError::Denied),
                    said,
                ));
            }
            Some("expired_token") => return PollStep::Stop(with_words(expired(), said)),
            _ if passing(error) => {
                // §3.5 demands fewer requests then and recommends to double the pause.
                let doubled = self.interval.saturating_mul(2).min(MAX_INTERVAL);
                self.interval = self.interval.max(doubled);
            }
            _ => return PollStep::Stop(error.clone()),
        }
        let asked = said.and_then(|said| said.retry_after);
        self.wait(self.interval.max(asked.unwrap_or_default()), now)
    }

    /// A pause, but none that the device code doesn't outlive.
    fn wait(&self, pause: Duration, now: SystemTime) -> PollStep {
        match now.checked_add(pause) {
            Some(next) if next < self.expires_at => PollStep::Wait(pause),
            _ => PollStep::Stop(expired()),
        }
    }
}

/// Whether the next request may do better: nobody answered, or somebody who is busy (RFC 9110 §15.6.4,
/// RFC 6585 §4).
fn passing(error: &Error) -> bool {
    let busy = error.provider_error().is_some_and(|said| matches!(said.status, Some(429 | 503)));
    error.kind() == ErrorKind::Transport || busy
}

fn expired() -> Error {
    Error::new(ErrorKind::Unauthenticated, PollError::Expired)
        .with_hint("start again with a new device authorization, when the user asks for it")
}

fn with_words(error: Error, said: Option<&ProviderError>) -> Error {
    match said {
        Some(said) => error.with_provider_error(said.clone()),
        None => error,
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
