//! Client assertions: `client_secret_jwt` and `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9).

use jsonwebtoken::decode_header;

use super::verify;
use crate::request::{Fields, field};
use crate::state::Context;

/// The supported assertion type (RFC 7523 §2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest accepted lifetime of an assertion, in seconds.
const MAX_LIFETIME: u64 = 300;

/// The accepted algorithms.
pub(crate) const ALGORITHMS: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "EdDSA",
];

/// Whether the request has a `client_assertion` or a `client_assertion_type`.
pub(crate) fn is_present(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| name.starts_with("client_assertion"))
}

/// The authentication method and the id of the client whose assertion is valid and used for the first time.
pub(crate) fn verify(context: &Context, fields: &Fields) -> Option<(&'static str, String)> {
    if field(fields, "client_assertion_type") != Some(TYPE) {
        return None;
    }
    let assertion = field(fields, "client_assertion")?;
    let id = verify::unverified(assertion, "sub")?;
    if field(fields, "client_id").is_some_and(|other| other != id) {
        return None;
    }
    let client = context.client(&id)?;
    // The secret verifies HMAC only, public keys verify all other algorithms.
    let (method, claims) = if verify::is_hmac(decode_header(assertion).ok()?.alg) {
        ("client_secret_jwt", verify::signed_with(client.secret.as_ref()?, assertion)?)
    } else {
        ("private_key_jwt", verify::signed_by(client.jwks.as_ref()?, assertion)?)
    };
    let is_self_issued =
        verify::text(&claims, "iss") == Some(&id) && verify::text(&claims, "sub") == Some(&id);
    if !is_self_issued || !verify::has_our_audience(context, &claims) {
        return None;
    }
    let expires_at = verify::valid_until(context, &claims, MAX_LIFETIME)?;
    let jti = verify::text(&claims, "jti")?;
    verify::is_first_use(context, &id, jti, expires_at).then_some((method, id))
}
