//! JSON responses (RFC 6749 §5.1, RFC 8414 §3.2), whatever their `Content-Type` says: some providers send none,
//! or `text/plain`.

use crate::jose::claims::{ClaimError, Claims};
use crate::message::{self, Response};

/// Why a response has no members.
#[derive(Debug)]
pub(crate) enum NoJson {
    /// It is no JSON object, and does not say that it is one. The media type, or `no content type`.
    ContentType(String),
    /// It says that it is JSON, and is not a valid object.
    Malformed(ClaimError),
}

/// The members of a JSON object. One with another content type than JSON is accepted and logged.
pub(crate) fn members(response: &Response) -> Result<Claims, NoJson> {
    let content_type = message::media_type(response.headers());
    if content_type.as_deref().is_some_and(message::is_json) {
        return Claims::parse(response.body()).map_err(NoJson::Malformed);
    }
    let content_type = content_type.unwrap_or_else(|| "no content type".to_owned());
    if !response.body().trim_ascii_start().starts_with(b"{") {
        return Err(NoJson::ContentType(content_type));
    }
    let Ok(members) = Claims::parse(response.body()) else {
        return Err(NoJson::ContentType(content_type));
    };
    tracing::warn!(content_type, "JSON response accepted although it has another `Content-Type`");
    Ok(members)
}
