//! The device authorization request and its answer, RFC 8628 §3.1 and §3.2, and [`Polling`], how often
//! the token is asked for then (§3.5).

use std::time::{Duration, SystemTime};

use crate::endpoint::Endpoint;
use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
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

// Who reads the user code in a log could allow this device with an account of their own.
debug_fields!(DeviceAuthorization { verification_uri, expires_at, interval });

/// The form of the request, without client authentication (RFC 8628 §3.1).
pub(crate) fn device_authorization_form(scope: Option<&str>) -> Params {
    match scope {
        Some(scope) if !scope.is_empty() => Params::new().with("scope", scope),
        _ => Params::new(),
    }
}

#[derive(Debug, thiserror::Error)]
enum DeviceError {
    #[error(
        "`user_code` in the device authorization response is longer than {MAX_USER_CODE} characters or has control characters: it can't be typed (RFC 8628 §6.1)"
    )]
    UserCode,
    #[error("`{name}` in the device authorization response is not allowed (RFC 8628 §3.2)")]
    VerificationUri {
        name: &'static str,
        #[source]
        cause: EndpointUrlError,
    },
}

impl From<DeviceError> for Error {
    fn from(check: DeviceError) -> Self {
        Self::new(ErrorKind::InvalidResponse, check)
    }
}

/// Parses the response.
pub(crate) fn parse_device_authorization_response(
    response: &Response,
    now: SystemTime,
) -> Result<DeviceAuthorization> {
    let mut members = EndpointResponse::parse(Endpoint::DeviceAuthorization, response)?;
    let device_code = Secret::new(members.take_required_text("device_code")?);
    let user_code = members.take_required_text("user_code")?;
    // It is printed on terminals, which interpret control characters.
    if user_code.chars().count() > MAX_USER_CODE || user_code.chars().any(char::is_control) {
        return Err(DeviceError::UserCode.into());
    }
    // Google sends `verification_url`, the name in a draft of the RFC.
    let google = if members.has("verification_uri") { None } else { Some("verification_url") };
    let name = google.filter(|name| members.has(name)).unwrap_or("verification_uri");
    let verification_uri = page(name, members.take_required_text(name)?)?;
    let complete = "verification_uri_complete";
    let interval = members.take_seconds("interval")?.unwrap_or(DEFAULT_INTERVAL);
    Ok(DeviceAuthorization {
        device_code,
        user_code,
        verification_uri,
        verification_uri_complete: members
            .take_text(complete)?
            .map(|text| page(complete, text))
            .transpose()?,
        expires_at: now + members.take_required_seconds("expires_in")?.min(MAX_LIFETIME),
        interval: interval.clamp(MIN_INTERVAL, MAX_INTERVAL),
    })
}

/// A page to open in a browser: an endpoint's URL but for a fragment, which a page may have. Nothing
/// that runs in the browser, such as `javascript:`, gets through.
fn page(name: &'static str, text: String) -> Result<String, DeviceError> {
    let (base, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let checked = match fragment.contains(|c: char| c.is_whitespace() || c.is_control()) {
        true => Err(EndpointUrlError::Ambiguous),
        false => endpoint_url(base),
    };
    match checked {
        Ok(_) => Ok(text),
        Err(cause) => Err(DeviceError::VerificationUri { name, cause }),
    }
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
    #[error("the user denied the device authorization request (RFC 8628 §3.5)")]
    Denied,
    #[error("the device code expired before the user approved the request (RFC 8628 §3.5)")]
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
