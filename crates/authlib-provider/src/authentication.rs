//! Client authentication (RFC 6749 §2.3).

use authlib_core::message::{Request, Response};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;

use crate::assertion;
use crate::exchange::{self, Fields, error, field};
use crate::provider::Provider;

/// Whether the request says anything of its client.
pub(crate) fn is_there(request: &Request, fields: &Fields) -> bool {
    let named = |(name, _): &(String, String)| name == "client_id" || name == "client_secret";
    exchange::header(request, "authorization").is_some()
        || assertion::is_there(fields)
        || fields.iter().any(named)
}

/// The client's id, once it has proven itself in exactly one way (RFC 6749 §2.3).
pub(crate) fn authenticated(
    provider: &Provider,
    request: &Request,
    fields: &Fields,
) -> Result<String, Box<Response>> {
    let basic = exchange::header(request, "authorization").map(basic_credentials);
    let post = field(fields, "client_secret");
    if assertion::is_there(fields) {
        if basic.is_some() || post.is_some() {
            return Err(Box::new(error(400, "invalid_request", "two ways of authentication")));
        }
        let (method, id) = assertion::verified(provider, fields).ok_or_else(unauthorized)?;
        let wanted = provider.client(&id).and_then(|client| client.auth_method);
        return if wanted.is_none_or(|wanted| wanted == method) {
            Ok(id)
        } else {
            Err(unauthorized())
        };
    }
    let (method, id, secret) = match (basic, post) {
        (Some(_), Some(_)) => {
            return Err(Box::new(error(400, "invalid_request", "two ways of authentication")));
        }
        (Some(Some((id, secret))), None) => ("client_secret_basic", id, Some(secret)),
        (Some(None), None) => return Err(unauthorized()),
        (None, secret) => {
            let id = field(fields, "client_id").unwrap_or_default().to_owned();
            let method = if secret.is_some() { "client_secret_post" } else { "none" };
            (method, id, secret.map(ToOwned::to_owned))
        }
    };
    let client = provider.client(&id).ok_or_else(unauthorized)?;
    let wanted = client.auth_method.as_deref();
    let proven = match (&client.secret, &secret) {
        (Some(known), Some(secret)) => {
            verify_slices_are_equal(known.as_bytes(), secret.as_bytes()).is_ok()
        }
        (known, secret) => known == secret,
    };
    // Who has registered keys is no public client.
    let proven = proven && (secret.is_some() || client.jwks.is_none());
    if !proven || wanted.is_some_and(|wanted| wanted != method) {
        return Err(unauthorized());
    }
    Ok(id)
}

pub(crate) fn unauthorized() -> Box<Response> {
    let mut response = error(401, "invalid_client", "the client did not authenticate rightly");
    exchange::set(&mut response, header::WWW_AUTHENTICATE, "Basic realm=\"token\"");
    Box::new(response)
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let encoded = exchange::credentials(header, "basic")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        exchange::parse(&format!("x={part}")).into_iter().next().map(|(_, value)| value)
    };
    Some((decoded(id)?, decoded(secret)?))
}
