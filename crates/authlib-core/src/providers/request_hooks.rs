//! What presets change in requests: another media type, other headers.

use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::message::Request;
use crate::params::Params;

/// Sends a form as a JSON object of texts.
pub(super) fn json_body(request: &mut Request) -> Result<()> {
    let form = Params::parse(std::str::from_utf8(request.body()).unwrap_or_default());
    let members: Map<_, _> =
        form.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    *request.body_mut() = Value::Object(members).to_string().into_bytes().into();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(())
}

/// Sets a header.
pub(super) fn set_header(
    name: &'static str,
    value: &'static str,
) -> impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static {
    move |request| {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        Ok(())
    }
}

/// Sends the token with another scheme than `Bearer`.
pub(super) fn set_scheme(
    scheme: &'static str,
) -> impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static {
    move |request| {
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let Some((_, token)) = header.and_then(|header| header.split_once(' ')) else {
            return Ok(());
        };
        let value = HeaderValue::try_from(format!("{scheme} {token}"));
        let mut value = value.map_err(|cause| Error::new(ErrorKind::InvalidRequest, cause))?;
        // Libraries show the headers that are not sensitive in their logs.
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
}
