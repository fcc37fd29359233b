//! Client authentication (RFC 6749 §2.3).

use authlib_core::message::{Request, Response};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;

use super::client_assertion;
use crate::peer_certificate::PeerCertificate;
use crate::request::{self, Fields, field};
use crate::response::{self, error};
use crate::state::Context;

/// Whether the request has any client credentials or a client id.
pub(crate) fn is_present(request: &Request, fields: &Fields) -> bool {
    let named = |(name, _): &(String, String)| name == "client_id" || name == "client_secret";
    request::header(request, "authorization").is_some()
        || client_assertion::is_present(fields)
        || fields.iter().any(named)
}

/// The id of the client, authenticated with exactly one method (RFC 6749 §2.3).
pub(crate) fn authenticate(
    context: &Context,
    request: &Request,
    fields: &Fields,
) -> Result<String, Box<Response>> {
    let basic = request::header(request, "authorization").map(basic_credentials);
    let post = field(fields, "client_secret");
    if client_assertion::is_present(fields) {
        if basic.is_some() || post.is_some() {
            return Err(two_methods());
        }
        let (method, id) = client_assertion::verify(context, fields).ok_or_else(unauthorized)?;
        let registered = context.client(&id).and_then(|client| client.auth_method);
        return if registered.is_none_or(|registered| registered == method) {
            Ok(id)
        } else {
            Err(unauthorized())
        };
    }
    let (method, id, secret) = match (basic, post) {
        (Some(_), Some(_)) => return Err(two_methods()),
        (Some(Some((id, secret))), None) => ("client_secret_basic", id, Some(secret)),
        (Some(None), None) => return Err(unauthorized()),
        (None, secret) => {
            let id = field(fields, "client_id").unwrap_or_default().to_owned();
            let method = if secret.is_some() { "client_secret_post" } else { "none" };
            (method, id, secret.map(ToOwned::to_owned))
        }
    };
    let client = context.client(&id).ok_or_else(unauthorized)?;
    let registered = client.auth_method.as_deref();
    if let Some(known @ ("tls_client_auth" | "self_signed_tls_client_auth")) = registered {
        let presented = request.extensions().get::<PeerCertificate>();
        let is_known = presented.zip(client.certificate.as_ref()).is_some_and(
            |(one, registered)| match known {
                "tls_client_auth" => one.has_trusted_subject_of(registered),
                _ => one.is_same(registered),
            },
        );
        return if method == "none" && is_known { Ok(id) } else { Err(unauthorized()) };
    }
    let matches = match (&client.secret, &secret) {
        (Some(known), Some(secret)) => {
            verify_slices_are_equal(known.as_bytes(), secret.as_bytes()).is_ok()
        }
        (known, secret) => known == secret,
    };
    // A client with registered keys is not a public client.
    let authenticated = matches && (secret.is_some() || !client.is_confidential());
    if !authenticated || registered.is_some_and(|registered| registered != method) {
        return Err(unauthorized());
    }
    Ok(id)
}

pub(crate) fn unauthorized() -> Box<Response> {
    let mut response = error(401, "invalid_client", "client authentication failed");
    response::set(&mut response, header::WWW_AUTHENTICATE, "Basic realm=\"token\"");
    Box::new(response)
}

fn two_methods() -> Box<Response> {
    Box::new(error(400, "invalid_request", "more than one client authentication method"))
}

/// Client id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let encoded = request::credentials(header, "basic")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        request::parse(&format!("x={part}")).into_iter().next().map(|(_, value)| value)
    };
    Some((decoded(id)?, decoded(secret)?))
}
