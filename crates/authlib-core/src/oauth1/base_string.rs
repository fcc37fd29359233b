//! The signature base string, RFC 5849 §3.4.1: what both sides sign, whatever the way in which the
//! request was written.

use http::header::HOST;
use http::uri::Authority;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::message::{self, Request};
use crate::params::Params;
use crate::secret::Secret;

/// Why a request has no base string.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaseStringError {
    #[error("the URL of the request is not absolute (RFC 5849 §3.4.1.2)")]
    Relative,
    #[error("the `Host` header of the request is no host (RFC 5849 §3.4.1.2)")]
    Host,
}

/// The one media type whose body is signed (RFC 5849 §3.4.1.3.1).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The base string of `request`, to which the protocol parameters `oauth` will be added: in which
/// place makes no difference here (RFC 5849 §3.4.1.3.1).
pub(super) fn base_string(request: &Request, oauth: &Params) -> Result<Secret, BaseStringError> {
    let method = request.method().as_str().to_ascii_uppercase();
    let uri = base_uri(request)?;
    let protocol = oauth.iter().map(|(name, value)| (name.into(), value.into()));
    let mut pairs: Vec<(String, String)> = sent(request)
        .chain(protocol)
        .filter(|(name, _)| name != b"oauth_signature")
        .map(|(name, value)| (escaped(&name), escaped(&value)))
        .collect();
    // RFC 5849 §3.4.1.3.2 sorts after the encoding, which puts `%` before letters and digits.
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let parts = [method, uri, pairs.join("&")];
    Ok(Secret::new(parts.map(|part| escaped(part.as_bytes())).join("&")))
}

/// Names and values of the query and of a form body, decoded once. They stay bytes, so that a value
/// which is no UTF-8 is signed as it is sent.
pub(super) fn sent(request: &Request) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let query = request.uri().query().unwrap_or_default();
    let form = if is_form(request) { request.body().as_slice() } else { &[] };
    [query.as_bytes(), form].into_iter().flat_map(pairs)
}

/// Whether the body of the request is a form.
pub(super) fn is_form(request: &Request) -> bool {
    message::media_type(request.headers()).as_deref() == Some(FORM)
}

/// Percent-encoding, RFC 5849 §3.6: everything but letters, digits and `-._~`.
pub(super) fn escaped(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// The base string URI (RFC 5849 §3.4.1.2). The host is that of the `Host` header where there is one:
/// a server sees no other.
fn base_uri(request: &Request) -> Result<String, BaseStringError> {
    let uri = request.uri();
    let scheme = uri.scheme_str().ok_or(BaseStringError::Relative)?.to_ascii_lowercase();
    let authority = match request.headers().get(HOST) {
        Some(host) => Authority::try_from(host.as_bytes()).map_err(|_| BaseStringError::Host)?,
        None => uri.authority().cloned().ok_or(BaseStringError::Relative)?,
    };
    let host = authority.host().to_ascii_lowercase();
    let default_port = if scheme == "http" { 80 } else { 443 };
    let path = if uri.path().is_empty() { "/" } else { uri.path() };
    Ok(match authority.port_u16().filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    })
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=').map(decoded);
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    })
}

/// A name or a value without its form encoding: `+` is a blank, in a query as in a body.
fn decoded(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&text).collect()
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
#[path = "base_string_tests.rs"]
mod tests;
