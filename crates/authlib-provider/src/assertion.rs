//! Client assertions: `client_secret_jwt` and `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9).

use jsonwebtoken::decode_header;

use crate::exchange::{Fields, field};
use crate::jwt;
use crate::provider::Provider;

/// The one type of assertion (RFC 7523 §2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest time, in seconds, that an assertion may be good for.
const MAX_LIFETIME: u64 = 300;

/// The algorithms that are accepted.
pub(crate) const ALGORITHMS: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "EdDSA",
];

/// Whether the request has an assertion, or half of one.
pub(crate) fn is_there(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| name.starts_with("client_assertion"))
}

/// The method and the id of the client that signed the assertion for us, just now and for this once.
pub(crate) fn verified(provider: &Provider, fields: &Fields) -> Option<(&'static str, String)> {
    if field(fields, "client_assertion_type") != Some(TYPE) {
        return None;
    }
    let assertion = field(fields, "client_assertion")?;
    let id = jwt::unverified(assertion, "sub")?;
    if field(fields, "client_id").is_some_and(|other| other != id) {
        return None;
    }
    let client = provider.client(&id)?;
    // The secret is for HMAC alone and the public keys are for the rest.
    let (method, claims) = if jwt::is_hmac(decode_header(assertion).ok()?.alg) {
        ("client_secret_jwt", jwt::signed_with(client.secret.as_ref()?, assertion)?)
    } else {
        ("private_key_jwt", jwt::signed_by(client.jwks.as_ref()?, assertion)?)
    };
    let by_itself =
        jwt::text(&claims, "iss") == Some(&id) && jwt::text(&claims, "sub") == Some(&id);
    if !by_itself || !jwt::is_for_us(provider, &claims) {
        return None;
    }
    let expires_at = jwt::good_until(provider, &claims, MAX_LIFETIME)?;
    let jti = jwt::text(&claims, "jti")?;
    jwt::is_fresh(provider, &id, jti, expires_at).then_some((method, id))
}
