//! Bearer token usage, RFC 6750 §2.1: the token in the `Authorization` header.

use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::error::{Error, ErrorKind, Result};
use crate::message::Request;
use crate::oauth2::Token;

/// Puts the access token on `request`. The header is marked sensitive, so that HTTP libraries keep it
/// out of their logs.
pub(crate) fn place(token: &Token, request: &mut Request) -> Result<()> {
    let text = format!("Bearer {}", token.access_token.expose());
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Error::new(ErrorKind::BadAnswer, "the access token has characters that no header may hold")
            .hint("RFC 6750 §2.1 allows letters, digits and -._~+/=")
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}
