//! Client assertions: `client_secret_jwt` and `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::client::Client;
use crate::exchange::{Fields, field};
use crate::provider::Provider;

/// The one type of assertion (RFC 7523 §2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest time, in seconds, that an assertion may be good for.
const MAX_LIFETIME: u64 = 300;

/// How far, in seconds, the client's clock may be ahead.
const LEEWAY: u64 = 60;

/// The most assertions that are remembered. Beyond, none is accepted until some have expired.
const MAX_SEEN: usize = 10_000;

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
    let id = claimed_client(assertion)?;
    if field(fields, "client_id").is_some_and(|other| other != id) {
        return None;
    }
    let client = provider.client(&id)?;
    let (method, claims) = signed_claims(client, assertion)?;
    let text =
        |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("iss") != Some(&id)
        || text("sub") != Some(&id)
        || !is_for_us(provider, claims.get("aud")?)
    {
        return None;
    }
    let now = provider.now_seconds();
    let expires_at = claims.get("exp")?.as_u64()?;
    let early = |name: &str| match claims.get(name) {
        None => false,
        Some(value) => value.as_u64().is_none_or(|time| time > now.saturating_add(LEEWAY)),
    };
    let in_time = expires_at > now && expires_at <= now.saturating_add(MAX_LIFETIME);
    if !in_time || early("iat") || early("nbf") {
        return None;
    }
    let jti = text("jti")?.to_owned();
    let seen = &mut provider.state().assertions;
    seen.retain(|_, expires_at| *expires_at > now);
    let fresh = seen.len() < MAX_SEEN && seen.insert((id.clone(), jti), expires_at).is_none();
    fresh.then_some((method, id))
}

/// Who the assertion says that it is of, unverified: it chooses the keys that it is held against.
fn claimed_client(assertion: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("sub")?.as_str().map(ToOwned::to_owned)
}

/// The claims, if a key of the client signed them. The secret is for HMAC alone and the public keys are
/// for the rest: a public key is never taken for a secret.
fn signed_claims(client: &Client, assertion: &str) -> Option<(&'static str, Value)> {
    let header = decode_header(assertion).ok()?;
    let mut rules = Validation::new(header.alg);
    // The clock of the provider counts, not that of the JWT crate; so these are checked by hand.
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let claims = |key: &DecodingKey| decode::<Value>(assertion, key, &rules).ok();
    if matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        let key = DecodingKey::from_secret(client.secret.as_ref()?.as_bytes());
        return Some(("client_secret_jwt", claims(&key)?.claims));
    }
    let keys: JwkSet = serde_json::from_value(client.jwks.clone()?).ok()?;
    let named = |kid: Option<&String>| header.kid.is_none() || kid == header.kid.as_ref();
    let mut keys = keys.keys.iter().filter(|key| named(key.common.key_id.as_ref()));
    let token = keys.find_map(|key| claims(&DecodingKey::from_jwk(key).ok()?))?;
    Some(("private_key_jwt", token.claims))
}

/// Whether the audience, or one of them, is the issuer or the token endpoint.
fn is_for_us(provider: &Provider, audience: &Value) -> bool {
    let endpoint = format!("{}{}", provider.issuer().trim_end_matches('/'), provider.path("token"));
    let ours = |value: &Value| {
        value.as_str().is_some_and(|text| text == provider.issuer() || text == endpoint)
    };
    audience.as_array().map_or_else(|| ours(audience), |list| list.iter().any(ours))
}
