//! The signature base string, RFC 5849 §3.4.1.

use http::header::HOST;
use http::uri::Authority;
use percent_encoding::percent_encode_byte;

use crate::message::{self, Request};
use crate::secret::Secret;

/// Why a request has no base string.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaseStringError {
    #[error("the URL of the request is not absolute (RFC 5849 §3.4.1.2)")]
    Relative,
    #[error("the `Host` header of the request is not a host (RFC 5849 §3.4.1.2)")]
    Host,
}

/// The one media type whose body is signed (RFC 5849 §3.4.1.3.1).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Separates an encoded name from its value; less than any encoded byte, so that pairs are sorted by name
/// and then by value.
const SEPARATOR: u8 = 0;

/// The base string of `request` with the protocol parameters `oauth`, whose location does not matter
/// (RFC 5849 §3.4.1.3.1).
pub(super) fn base_string<'a>(
    request: &Request,
    oauth: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Secret, BaseStringError> {
    let uri = base_uri(request)?;
    let mut pairs = Pairs::with_room_for(request);
    for (name, value) in sent(request) {
        pairs.push(escape_form, name, value);
    }
    for (name, value) in oauth {
        pairs.push(escape, name.as_bytes(), value.as_bytes());
    }
    let mut base = Vec::with_capacity(uri.len() * 2 + pairs.text.len() * 2);
    escape(&mut base, request.method().as_str().to_ascii_uppercase().as_bytes());
    base.push(b'&');
    escape(&mut base, uri.as_bytes());
    let mut between: &[u8] = b"&";
    for pair in pairs.sorted() {
        base.extend_from_slice(between);
        between = b"%26";
        let mut halves = pair.splitn(2, |byte| *byte == SEPARATOR);
        escape_again(&mut base, halves.next().unwrap_or_default());
        base.extend_from_slice(b"%3D");
        escape_again(&mut base, halves.next().unwrap_or_default());
    }
    if between == b"&" {
        base.push(b'&');
    }
    Ok(Secret::new(ascii(base)))
}

/// Encoded pairs in one buffer, which avoids an allocation for each.
struct Pairs {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Pairs {
    /// Room for the parameters of the request and of the protocol.
    fn with_room_for(request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let text = Vec::with_capacity(query.len() + request.body().len() + 512);
        Self { text, ends: Vec::with_capacity(32) }
    }

    fn push(&mut self, write: fn(&mut Vec<u8>, &[u8]), name: &[u8], value: &[u8]) {
        let start = self.text.len();
        write(&mut self.text, name);
        if self.text.get(start..) == Some(b"oauth_signature") {
            self.text.truncate(start);
            return;
        }
        self.text.push(SEPARATOR);
        write(&mut self.text, value);
        self.ends.push(self.text.len());
    }

    /// RFC 5849 §3.4.1.3.2 sorts after the encoding, which puts `%` before letters and digits.
    fn sorted(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut pairs: Vec<_> =
            starts.zip(&self.ends).filter_map(|(start, end)| self.text.get(start..*end)).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// The encoded names and values of the query and of a form body, as bytes: they need not be UTF-8.
pub(super) fn sent(request: &Request) -> impl Iterator<Item = (&[u8], &[u8])> {
    let query = request.uri().query().unwrap_or_default();
    let form = if is_form(request) { request.body().as_ref() } else { &[] };
    [query.as_bytes(), form].into_iter().flat_map(pairs)
}

/// Whether the body of the request is a form.
pub(super) fn is_form(request: &Request) -> bool {
    message::has_media_type(request.headers(), FORM)
}

/// As [`escape`], alone.
#[cfg(test)]
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    escape(&mut text, bytes);
    ascii(text)
}

/// Encodes text that is encoded already: only its percent signs are reserved.
fn escape_again(to: &mut Vec<u8>, text: &[u8]) {
    let mut parts = text.split(|byte| *byte == b'%');
    to.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        to.extend_from_slice(b"%25");
        to.extend_from_slice(part);
    }
}

/// Appends in percent-encoding, RFC 5849 §3.6: everything but letters, digits and `-._~`.
pub(super) fn escape(to: &mut Vec<u8>, text: &[u8]) {
    rewrite(to, text, |byte, rest| (byte, rest));
}

/// As [`escape`], for form-encoded text, which is decoded first: `+` is a space, and an invalid escape
/// stays as it is.
pub(super) fn escape_form(to: &mut Vec<u8>, text: &[u8]) {
    rewrite(to, text, |byte, rest| match (byte, rest) {
        (b'+', _) => (b' ', rest),
        (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, after),
            _ => (byte, rest),
        },
        _ => (byte, rest),
    });
}

/// Copies unreserved bytes, and encodes what `read` returns for the others.
fn rewrite(to: &mut Vec<u8>, text: &[u8], read: impl Fn(u8, &[u8]) -> (u8, &[u8])) {
    let mut rest = text;
    loop {
        let length = rest.iter().position(|byte| !is_unreserved(*byte)).unwrap_or(rest.len());
        let (plain, more) = rest.split_at(length);
        to.extend_from_slice(plain);
        let Some((byte, more)) = more.split_first() else { return };
        let (byte, more) = read(*byte, more);
        if is_unreserved(byte) {
            to.push(byte);
        } else {
            to.extend_from_slice(percent_encode_byte(byte).as_bytes());
        }
        rest = more;
    }
}

/// The text that [`escape`] and literals have written.
#[expect(clippy::expect_used, reason = "all other bytes were percent-encoded")]
pub(super) fn ascii(text: Vec<u8>) -> String {
    String::from_utf8(text).expect("ASCII")
}

fn is_unreserved(byte: u8) -> bool {
    UNRESERVED.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The unreserved characters of RFC 5849 §3.6, by byte.
#[expect(clippy::indexing_slicing, reason = "by a byte, when this is compiled")]
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The base string URI (RFC 5849 §3.4.1.2), with the host of the `Host` header if there is one.
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

fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    })
}

#[cfg(test)]
#[path = "base_string_tests.rs"]
mod tests;
