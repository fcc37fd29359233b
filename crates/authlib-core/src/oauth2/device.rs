//! The device authorization request and response, RFC 8628 §3.1 and §3.2.

use std::time::{Duration, SystemTime};

use crate::endpoint::Endpoint;
use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::polling::{interval, lifetime};
use crate::params::Params;
use crate::secret::Secret;

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
    let interval = interval(members.take_optional_seconds("interval"));
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
        expires_at: now + lifetime(members.take_required_seconds("expires_in")?),
        interval,
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

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
