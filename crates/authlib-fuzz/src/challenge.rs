//! The `WWW-Authenticate` header of a 401.

use authlib_core::config::Refresh;
use http::{HeaderValue, Response};

use crate::peer::{Peer, config, done};

/// The header of a 401 (RFC 9110 §11.6.1): the request is sent again if a second reader of the grammar finds a
/// Bearer challenge with `error="invalid_token"`, and not if it finds none.
pub(crate) fn challenge(data: &[u8]) -> bool {
    let Ok(header) = HeaderValue::from_bytes(data) else { return false };
    // The token response is 401 too: the refresh fails, and its request shows that it was tried.
    let mut response = Response::new(Vec::new());
    *response.status_mut() = http::StatusCode::UNAUTHORIZED;
    response.headers_mut().insert("www-authenticate", header);
    let peer = Peer::new(response);
    let client = peer.with_token(config().refresh_with(Refresh::ClientCredentials));
    let _ = done(client.get("x").send());
    let refreshed = peer.seen().iter().any(|request| request.uri().path() == "/token");
    if let Some(expected) = std::str::from_utf8(data).ok().and_then(has_invalid_token) {
        assert_eq!(refreshed, expected);
    }
    refreshed
}

/// What a header that keeps to the grammar says; `None` if it does not, or names `error` twice in one challenge.
fn has_invalid_token(header: &str) -> Option<bool> {
    let mut rest = header;
    let (mut is_bearer, mut errors, mut found) = (None, 0, false);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(found);
        }
        let name = token(&mut rest)?;
        let after = rest.trim_start_matches([' ', '\t']);
        if let Some(value) = after.strip_prefix('=').filter(|_| is_bearer.is_some()) {
            rest = value.trim_start_matches([' ', '\t']);
            let value = if rest.starts_with('"') {
                quoted(&mut rest)?
            } else {
                token(&mut rest)?.to_owned()
            };
            if is_bearer == Some(true) && name.eq_ignore_ascii_case("error") {
                errors += 1;
                found |= value == "invalid_token";
            }
        } else {
            is_bearer = Some(name.eq_ignore_ascii_case("bearer"));
            errors = 0;
            if !rest.is_empty() && !rest.starts_with([' ', '\t', ',']) {
                return None;
            }
            // The first parameter follows the scheme without a comma.
            if !after.is_empty() && !after.starts_with(',') {
                rest = after;
                let mut ahead = after;
                token(&mut ahead)?;
                let value = ahead.trim_start_matches([' ', '\t']).strip_prefix('=')?;
                let value = value.trim_start_matches([' ', '\t']);
                // Not a token68.
                if value.is_empty() || value.starts_with(['=', ',']) {
                    return None;
                }
                continue;
            }
        }
        if errors > 1 {
            return None;
        }
        rest = rest.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

fn token<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    Some(token).filter(|token| !token.is_empty())
}

fn quoted(rest: &mut &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &rest[at + 1..];
                return Some(text);
            }
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}
