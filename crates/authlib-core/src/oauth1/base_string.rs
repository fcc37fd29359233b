//! The signature base string, RFC 5849 §3.4.1.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use http::header::HOST;
use http::uri::Authority;
use zeroize::Zeroize as _;

use super::escape::{escape, escape_twice};
use super::sent_pairs::SentPairs;
use crate::message::Request;

/// Why a request has no base string.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaseStringError {
    #[error("the URL of the request is not absolute (RFC 5849 §3.4.1.2)")]
    Relative,
    #[error("the `Host` header of the request is not a host (RFC 5849 §3.4.1.2)")]
    Host,
    #[error(
        "the request already has `oauth_` parameters, and each is allowed once (RFC 5849 §3.1)"
    )]
    Taken,
}

/// The names of all protocol parameters begin with it, and no others may (RFC 5849 §3.1).
const PREFIX: &[u8] = b"oauth_";

/// A signature base string, which is ASCII. The protocol parameters in it are wiped when it is dropped: one of them is
/// the token. All other parts of it are in the request too.
pub(crate) struct BaseString {
    text: Vec<u8>,
    protocol: Range<usize>,
}

impl BaseString {
    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The bytes that are signed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Debug for BaseString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BaseString(..)")
    }
}

impl Drop for BaseString {
    fn drop(&mut self) {
        if let Some(protocol) = self.text.get_mut(self.protocol.clone()) {
            protocol.zeroize();
        }
    }
}

/// The base string of `request` with the protocol parameters `oauth`, which are in the order of their names, and whose
/// location does not matter (RFC 5849 §3.4.1.3.1).
pub(super) fn base_string<'a>(
    request: &Request,
    is_form: bool,
    oauth: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<BaseString, BaseStringError> {
    let mut sent = SentPairs::read(request, is_form);
    sent.sort();
    // All protocol parameters are in one place, because no other name begins like theirs.
    let (before, after) = sent.split_at_name(PREFIX);
    if after.clone().next().is_some_and(|(name, _)| name.starts_with(PREFIX)) {
        return Err(BaseStringError::Taken);
    }
    let oauth_room: usize =
        oauth.clone().map(|(name, value)| name.len() + 5 * value.len() + 6).sum();
    let room = sent.room() + oauth_room;
    let mut base = Vec::with_capacity(room + request.uri().path().len() + 128);
    escape(&mut base, upper_case(request.method().as_str()).as_bytes());
    base.push(b'&');
    push_base_uri(&mut base, request)?;
    // From here on it is never reallocated, so that no copy of the protocol parameters is left that is not wiped.
    base.reserve(room);
    let mut between: &[u8] = b"&";
    let mut push_name = |base: &mut Vec<u8>, name: &[u8]| {
        base.extend_from_slice(between);
        base.extend_from_slice(name);
        base.extend_from_slice(b"%3D");
        between = b"%26";
    };
    for (name, value) in before {
        push_name(&mut base, name);
        base.extend_from_slice(value);
    }
    let start = base.len();
    for (name, value) in oauth {
        push_name(&mut base, name.as_bytes());
        escape_twice(&mut base, value.as_bytes());
    }
    let protocol = start..base.len();
    for (name, value) in after {
        push_name(&mut base, name);
        base.extend_from_slice(value);
    }
    if between == b"&" {
        base.push(b'&');
    }
    Ok(BaseString { text: base, protocol })
}

/// The base string with protocol parameters in any order, without a signature among them.
#[cfg(test)]
pub(super) fn base_string_with(
    request: &Request,
    oauth: &crate::params::Params,
) -> Result<BaseString, BaseStringError> {
    let mut sorted: Vec<_> = oauth.iter().filter(|(name, _)| *name != "oauth_signature").collect();
    sorted.sort_by_key(|(name, value)| (*name, super::escape::escaped(value.as_bytes())));
    base_string(request, super::sent_pairs::is_form(request), sorted.into_iter())
}

/// Appends the base string URI (RFC 5849 §3.4.1.2), with the host of the `Host` header if there is one.
fn push_base_uri(base: &mut Vec<u8>, request: &Request) -> Result<(), BaseStringError> {
    let uri = request.uri();
    let scheme = lower_case(uri.scheme_str().ok_or(BaseStringError::Relative)?);
    let header;
    let authority = match request.headers().get(HOST) {
        Some(host) => {
            header = Authority::try_from(host.as_bytes()).map_err(|_| BaseStringError::Host)?;
            &header
        }
        None => uri.authority().ok_or(BaseStringError::Relative)?,
    };
    escape(base, scheme.as_bytes());
    escape(base, b"://");
    escape(base, lower_case(authority.host()).as_bytes());
    let default_port = if scheme == "http" { 80 } else { 443 };
    if let Some(port) = authority.port_u16().filter(|port| *port != default_port) {
        escape(base, format!(":{port}").as_bytes());
    }
    escape(base, if uri.path().is_empty() { b"/" } else { uri.path().as_bytes() });
    Ok(())
}

fn upper_case(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        true => text.to_ascii_uppercase().into(),
        false => text.into(),
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => text.to_ascii_lowercase().into(),
        false => text.into(),
    }
}

#[cfg(test)]
#[path = "base_string_tests.rs"]
mod tests;
