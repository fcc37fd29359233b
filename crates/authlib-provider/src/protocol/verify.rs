//! Verification of JWTs signed by others (RFC 7519, RFC 7523 §3), with the clock of this provider.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::state::Context;

/// How far the signer's clock may be ahead, in seconds.
const LEEWAY: u64 = 60;

/// The most `jti` values that are stored. Beyond, no assertion is accepted until some have expired.
const MAX_JTI: usize = 10_000;

/// An unverified claim, which selects the keys to verify the JWT with.
pub(crate) fn unverified(jwt: &str, claim: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    text(&claims, claim).map(ToOwned::to_owned)
}

/// The claims, if one of the keys of this JWK set signed them.
pub(crate) fn signed_by(jwks: &Value, jwt: &str) -> Option<Value> {
    let header = decode_header(jwt).ok()?;
    // A public key is never used as an HMAC secret.
    if is_hmac(header.alg) {
        return None;
    }
    let keys: JwkSet = serde_json::from_value(jwks.clone()).ok()?;
    let named = |kid: Option<&String>| header.kid.is_none() || kid == header.kid.as_ref();
    let mut keys = keys.keys.iter().filter(|key| named(key.common.key_id.as_ref()));
    keys.find_map(|key| claims(jwt, header.alg, &DecodingKey::from_jwk(key).ok()?))
}

/// The claims, if they are signed with HMAC and this secret.
pub(crate) fn signed_with(secret: &str, jwt: &str) -> Option<Value> {
    let header = decode_header(jwt).ok()?;
    let key = DecodingKey::from_secret(secret.as_bytes());
    is_hmac(header.alg).then(|| claims(jwt, header.alg, &key)).flatten()
}

pub(crate) fn is_hmac(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

pub(crate) fn claims(jwt: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<Value> {
    let mut validation = Validation::new(algorithm);
    // The JWT crate would use the system clock: the times are checked here with the provider's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    decode::<Value>(jwt, key, &validation).ok().map(|token| token.claims)
}

/// A claim that is a non-empty string.
pub(crate) fn text<'a>(claims: &'a Value, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether the audience, or one of them, is the issuer or the token endpoint.
pub(crate) fn has_our_audience(context: &Context, claims: &Value) -> bool {
    // RFC 9126 §2 accepts each of them for a pushed request.
    let endpoints = [context.issuer.clone(), context.url("token"), context.url("par")];
    let ours = |value: &Value| {
        value.as_str().is_some_and(|text| endpoints.iter().any(|endpoint| endpoint == text))
    };
    match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    }
}

/// The expiry of the claims, if they are valid now and for at most this many seconds.
pub(crate) fn valid_until(context: &Context, claims: &Value, max_lifetime: u64) -> Option<u64> {
    let now = context.now_seconds();
    let expires_at = claims.get("exp")?.as_u64()?;
    let early = |name: &str| match claims.get(name) {
        None => false,
        Some(value) => value.as_u64().is_none_or(|time| time > now.saturating_add(LEEWAY)),
    };
    let in_time = expires_at > now && expires_at <= now.saturating_add(max_lifetime);
    (in_time && !early("iat") && !early("nbf")).then_some(expires_at)
}

/// Whether this `jti` of this signer is used for the first time; it is stored until it expires.
pub(crate) fn is_first_use(context: &Context, signer: &str, jti: &str, expires_at: u64) -> bool {
    let now = context.now_seconds();
    let seen = &mut context.state().assertions;
    seen.retain(|_, expires_at| *expires_at > now);
    let id = (signer.to_owned(), jti.to_owned());
    seen.len() < MAX_JTI && seen.insert(id, expires_at).is_none()
}
