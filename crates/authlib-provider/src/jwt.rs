//! JWTs that others signed (RFC 7519, RFC 7523 §3): held against the keys and the clock of this provider.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::provider::Provider;

/// How far, in seconds, the signer's clock may be ahead.
const LEEWAY: u64 = 60;

/// The most `jti` that are remembered. Beyond, none is accepted until some have expired.
const MAX_SEEN: usize = 10_000;

/// What a JWT says of itself, unverified: it chooses the keys that it is held against.
pub(crate) fn unverified(jwt: &str, claim: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    text(&claims, claim).map(ToOwned::to_owned)
}

/// The claims, if one of the keys of this JWK set signed them.
pub(crate) fn signed_by(jwks: &Value, jwt: &str) -> Option<Value> {
    let header = decode_header(jwt).ok()?;
    // A public key is never taken for a secret.
    if is_hmac(header.alg) {
        return None;
    }
    let keys: JwkSet = serde_json::from_value(jwks.clone()).ok()?;
    let named = |kid: Option<&String>| header.kid.is_none() || kid == header.kid.as_ref();
    let mut keys = keys.keys.iter().filter(|key| named(key.common.key_id.as_ref()));
    keys.find_map(|key| claims(jwt, header.alg, &DecodingKey::from_jwk(key).ok()?))
}

/// The claims, if they are signed by an HMAC with this secret.
pub(crate) fn signed_with(secret: &str, jwt: &str) -> Option<Value> {
    let header = decode_header(jwt).ok()?;
    let key = DecodingKey::from_secret(secret.as_bytes());
    is_hmac(header.alg).then(|| claims(jwt, header.alg, &key)).flatten()
}

pub(crate) fn is_hmac(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

fn claims(jwt: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<Value> {
    let mut rules = Validation::new(algorithm);
    // The clock of the provider counts, not that of the JWT crate; so these are checked by hand.
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    decode::<Value>(jwt, key, &rules).ok().map(|token| token.claims)
}

/// A claim that is a text, and not an empty one.
pub(crate) fn text<'a>(claims: &'a Value, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether the audience, or one of them, is the issuer or the token endpoint.
pub(crate) fn is_for_us(provider: &Provider, claims: &Value) -> bool {
    let endpoint = format!("{}{}", provider.issuer().trim_end_matches('/'), provider.path("token"));
    let ours = |value: &Value| {
        value.as_str().is_some_and(|text| text == provider.issuer() || text == endpoint)
    };
    match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    }
}

/// When the claims expire, if they are good now and for at most this many seconds.
pub(crate) fn good_until(provider: &Provider, claims: &Value, max_lifetime: u64) -> Option<u64> {
    let now = provider.now_seconds();
    let expires_at = claims.get("exp")?.as_u64()?;
    let early = |name: &str| match claims.get(name) {
        None => false,
        Some(value) => value.as_u64().is_none_or(|time| time > now.saturating_add(LEEWAY)),
    };
    let in_time = expires_at > now && expires_at <= now.saturating_add(max_lifetime);
    (in_time && !early("iat") && !early("nbf")).then_some(expires_at)
}

/// Whether this `jti` of this signer comes for the first time; it is remembered until it expires.
pub(crate) fn is_fresh(provider: &Provider, signer: &str, jti: &str, expires_at: u64) -> bool {
    let now = provider.now_seconds();
    let seen = &mut provider.state().assertions;
    seen.retain(|_, expires_at| *expires_at > now);
    let id = (signer.to_owned(), jti.to_owned());
    seen.len() < MAX_SEEN && seen.insert(id, expires_at).is_none()
}
