//! The device authorization request and response, RFC 8628 §3.1 and §3.2, and [`Polling`] (§3.5).

use std::time::{Duration, SystemTime};

use crate::endpoint::Endpoint;
use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::params::Params;
use crate::secret::Secret;

/// The interval if the provider sends none (RFC 8628 §3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval: a provider may send zero or less.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The longest initial interval, and the longest after failures.
const MAX_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Each `slow_down` adds this to the interval (RFC 8628 §3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// The longest lifetime of a device code that is accepted.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The longest user code that is accepted, in characters.
const MAX_USER_CODE: usize = 100;

/// A device authorization response (RFC 8628 §3.2).
///
/// **Show [`user_code`](Self::user_code) together with [`verification_uri`](Self::verification_uri)**, so
/// that users can recognise a link that an attacker sent them (RFC 8628 §5.4).
#[derive(Clone)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// The device code, which is sent to the token endpoint only.
    pub device_code: Secret,
    /// The code that the user types, without control characters. Show it unchanged.
    pub user_code: String,
    /// The page that the user opens: https, or http on a loopback address.
    pub verification_uri: String,
    /// The same page with the user code in its URL, for a QR code (RFC 8628 §3.3.1).
    pub verification_uri_complete: Option<String>,
    /// When both codes expire.
    pub expires_at: SystemTime,
    /// The shortest time between two token requests; 5 seconds if the provider sends none.
    pub interval: Duration,
}

// A reader of the log could approve the user code with another account.
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
    http: &HttpHosts,
    now: SystemTime,
) -> Result<DeviceAuthorization> {
    let mut members = EndpointResponse::parse(Endpoint::DeviceAuthorization, response)?;
    let device_code = Secret::new(members.take_required_text("device_code")?);
    let user_code = members.take_required_text("user_code")?;
    // Terminals interpret control characters.
    if user_code.chars().count() > MAX_USER_CODE || user_code.chars().any(char::is_control) {
        return Err(DeviceError::UserCode.into());
    }
    // Google sends `verification_url`, the name in a draft of the RFC.
    let names = ["verification_uri", "verification_url"];
    let name = names.into_iter().find(|name| members.has(name)).unwrap_or("verification_uri");
    let verification_uri = page(name, &members.take_required_text(name)?, http)?;
    let interval = members.take_optional_seconds("interval").unwrap_or(DEFAULT_INTERVAL);
    let complete = "verification_uri_complete";
    // The user can still type the code (§3.3.1).
    let verification_uri_complete = members.take_optional_text(complete).and_then(|text| {
        let page = page(complete, &text, http);
        page.map_or_else(|error| members.ignored(complete, &error), Some)
    });
    Ok(DeviceAuthorization {
        device_code,
        user_code,
        verification_uri,
        verification_uri_complete,
        expires_at: now + members.take_required_seconds("expires_in")?.min(MAX_LIFETIME),
        interval: interval.clamp(MIN_INTERVAL, MAX_INTERVAL),
    })
}

/// A page to open in a browser: as an endpoint's URL, but a fragment is allowed. Rejects schemes that run
/// in the browser, such as `javascript:`. Returns the URL that was checked, not the text.
fn page(name: &'static str, text: &str, http: &HttpHosts) -> Result<String, DeviceError> {
    let (base, fragment) = text.split_once('#').map_or((text, None), |(base, f)| (base, Some(f)));
    let checked = match fragment {
        Some(text) if text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err(EndpointUrlError::Ambiguous)
        }
        _ => endpoint_url(base, http),
    };
    let mut url = checked.map_err(|cause| DeviceError::VerificationUri { name, cause })?;
    url.set_fragment(fragment);
    Ok(url.into())
}

/// The intervals of polling (RFC 8628 §3.5). The caller waits.
#[derive(Debug)]
pub(crate) struct Polling {
    interval: Duration,
    expires_at: SystemTime,
}

/// The step after a failed token request.
#[derive(Debug)]
pub(crate) enum PollStep {
    /// Send the next request after this time.
    Wait(Duration),
    /// End with this error.
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

    /// The step before the first request, which waits too.
    pub(crate) fn first(&self, now: SystemTime) -> PollStep {
        self.wait(self.interval, now)
    }

    /// The step after a token request that failed with `error`.
    pub(crate) fn after(&mut self, error: &Error, now: SystemTime) -> PollStep {
        let provider_error = error.provider_error();
        // An outage decides nothing, whatever its body says.
        let is_outage = provider_error.is_some_and(ProviderError::is_outage);
        match provider_error.map(|provider_error| provider_error.error.as_str()) {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval = self.interval.saturating_add(SLOW_DOWN),
            Some("access_denied") if !is_outage => {
                let denied = Error::new(ErrorKind::AccessDenied, PollError::Denied);
                return PollStep::Stop(with_provider_error(denied, provider_error));
            }
            Some("expired_token") if !is_outage => {
                return PollStep::Stop(with_provider_error(expired(), provider_error));
            }
            _ if is_temporary(error) => {
                // §3.5 recommends to double the interval.
                let doubled = self.interval.saturating_mul(2).min(MAX_INTERVAL);
                self.interval = self.interval.max(doubled);
            }
            _ => return PollStep::Stop(error.clone()),
        }
        let retry_after = error.retry_after().unwrap_or_default();
        self.wait(self.interval.max(retry_after), now)
    }

    /// A pause that ends before the device code expires.
    fn wait(&self, pause: Duration, now: SystemTime) -> PollStep {
        match now.checked_add(pause) {
            Some(next) if next < self.expires_at => PollStep::Wait(pause),
            _ => PollStep::Stop(expired()),
        }
    }
}

/// Whether the provider could not be reached, is busy or broken (RFC 6585 §4, RFC 9110 §15.6).
fn is_temporary(error: &Error) -> bool {
    error.kind() == ErrorKind::Transport
        || error.provider_error().is_some_and(ProviderError::is_outage)
}

fn expired() -> Error {
    Error::new(ErrorKind::Unauthenticated, PollError::Expired)
        .with_hint("start again with a new device authorization, if the user asks for it")
}

fn with_provider_error(error: Error, provider_error: Option<&ProviderError>) -> Error {
    match provider_error {
        Some(provider_error) => error.with_provider_error(provider_error.clone()),
        None => error,
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
