//! JSON Web Signatures in compact form, RFC 7515, with the rules of RFC 8725.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::jwk::Jwk;
use super::{Algorithm, JwkSet, SigningKey, strict_json};
use crate::crypto::{self, CryptoError};

/// The longest accepted token, in bytes.
const MAX_TOKEN: usize = 128 * 1024;

/// The longest header, in base64url.
const MAX_HEADER: usize = 16 * 1024;

/// The most keys that are tried for a token without `kid`.
const MAX_TRIES: usize = 32;

/// A token's header. Unknown members are ignored (RFC 7515 §4), as are `jwk`, `jku`, `x5u` and `x5c`: keys
/// come from the provider's set only.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    /// `x5t#S256`, the thumbprint of the key's certificate; for signing only.
    pub(crate) x5t_s256: Option<String>,
    /// Other members, which the ones above override; for signing only.
    pub(crate) others: Map<String, Value>,
}

/// A token with a valid signature.
#[derive(Debug)]
pub(crate) struct VerifiedJws {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    /// The issuer that the key is for, if the key names one.
    pub(crate) key_issuer: Option<String>,
}

/// Why a token was rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JwsError {
    #[error("{0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
    #[error("not a compact JWS: expected three parts separated by dots (RFC 7515 §7.1)")]
    Parts,
    #[error("the {0} is not valid base64url without padding (RFC 7515 §2)")]
    Base64(&'static str),
    #[error("the header is malformed (RFC 7515 §4)")]
    Header(#[source] serde_json::Error),
    #[error("`{0}` of the header is missing or not a string")]
    Member(&'static str),
    #[error("the header has `{0}`, which requires an unsupported extension (RFC 7515 §4.1.11)")]
    Critical(&'static str),
    #[error("the algorithm {alg:?} is not allowed, expected {accepted} (RFC 8725 §3.1)")]
    Algorithm { alg: String, accepted: String },
    #[error("the provider has no key for {alg} with `kid` {kid}")]
    UnknownKey { kid: String, alg: Algorithm },
    #[error("the signature is wrong")]
    BadSignature,
}

impl JwsError {
    /// Whether newly fetched keys may have the key.
    pub(crate) fn is_unknown_key(&self) -> bool {
        matches!(self, Self::UnknownKey { .. })
    }

    /// Whether the key is known and the signature is not valid.
    pub(crate) fn is_bad_signature(&self) -> bool {
        matches!(self, Self::BadSignature)
    }
}

/// Verifies a compact JWS by one of the `allowed` algorithms.
pub(crate) fn verify(
    token: &str,
    allowed: &[Algorithm],
    keys: &JwkSet,
) -> Result<VerifiedJws, JwsError> {
    if token.len() > MAX_TOKEN {
        return Err(JwsError::TooLong("the token", MAX_TOKEN));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Parts)?;
    let (head, payload) = signed.split_once('.').ok_or(JwsError::Parts)?;
    if payload.contains('.') || signature.is_empty() {
        return Err(JwsError::Parts);
    }
    if head.len() > MAX_HEADER {
        return Err(JwsError::TooLong("the header", MAX_HEADER));
    }
    let mut buffer = Vec::with_capacity(head.len().max(signature.len()));
    let header = header(decoded(head, "header", &mut buffer)?, allowed)?;
    let mut content = Vec::new();
    decoded(payload, "payload", &mut content)?;
    let signature = decoded(signature, "signature", &mut buffer)?;
    let (alg, kid) = (header.alg, header.kid.as_deref());
    let candidates = || keys.candidates(alg, kid).take(MAX_TRIES);
    let is_signer = |key: &&Jwk| key.verify(alg, signed.as_bytes(), signature).is_ok();
    let signer = candidates().find(is_signer).map(|key| key.issuer().map(ToOwned::to_owned));
    if signer.is_none() && candidates().next().is_some() {
        return Err(JwsError::BadSignature);
    }
    if let Some(key_issuer) = signer {
        return Ok(VerifiedJws { header, payload: content, key_issuer });
    }
    let kid = header.kid.map_or_else(|| "(none)".to_owned(), |kid| format!("{:?}", clipped(&kid)));
    Err(JwsError::UnknownKey { kid, alg: header.alg })
}

/// Signs `payload` as a compact JWS (RFC 7515 §7.1). A key that doesn't fit the header's algorithm fails.
pub(crate) fn sign(
    header: &Header,
    payload: &[u8],
    key: &SigningKey,
) -> Result<String, CryptoError> {
    let input = signing_input(header, payload);
    let signature = key.sign(header.alg, input.as_bytes())?;
    Ok(with_signature(input, &signature))
}

/// What is signed: header and payload in base64url (RFC 7515 §5.1).
pub(crate) fn signing_input(header: &Header, payload: &[u8]) -> String {
    let given = [("kid", &header.kid), ("typ", &header.typ), ("x5t#S256", &header.x5t_s256)];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let given = [("alg", header.alg.name())].into_iter().chain(given);
    // In both cases the members are in alphabetical order.
    let head = if header.others.is_empty() {
        members_text(given)
    } else {
        let mut members = header.others.clone();
        members.extend(given.map(|(name, value)| (name.to_owned(), value.into())));
        Value::Object(members).to_string()
    };
    let length = (head.len() + payload.len()) * 4 / 3 + SIGNATURE_ROOM;
    let mut input = String::with_capacity(length);
    URL_SAFE_NO_PAD.encode_string(head, &mut input);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    input
}

/// Room for the signature of most keys.
const SIGNATURE_ROOM: usize = 100;

/// The members as a JSON object.
fn members_text<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::with_capacity(128);
    let mut before = '{';
    for (name, value) in members {
        text.push(before);
        before = ',';
        push_json(&mut text, name);
        text.push(':');
        push_json(&mut text, value);
    }
    text.push('}');
    text
}

/// Appends a JSON string.
fn push_json(text: &mut String, value: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if value.bytes().all(is_plain) {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Value::from(value).to_string());
    }
}

/// The JWS of a signed input.
pub(crate) fn with_signature(mut input: String, signature: &[u8]) -> String {
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut input);
    input
}

/// The unverified `kid` of a token, to decide whether keys are fetched again.
pub(crate) fn peek_kid(token: &str) -> Option<String> {
    let (head, _) = token.split_once('.').filter(|(head, _)| head.len() <= MAX_HEADER)?;
    let header = strict_json::object(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    header.get("kid").and_then(Value::as_str).map(ToOwned::to_owned)
}

/// The unverified claims of a token, to find out what it belongs to before it is verified.
pub(crate) fn peek_claims(token: &str) -> Option<Map<String, Value>> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let payload = token.split('.').nth(1)?;
    strict_json::object(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The left half of the hash of `value` in base64url: `at_hash`, `c_hash` and `s_hash`
/// (OpenID Connect Core §3.1.3.6).
pub(crate) fn half_hash(alg: Algorithm, value: &str) -> String {
    let digest = crypto::hash(alg.hash(), value.as_bytes());
    let half = digest.get(..digest.len() / 2).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(half)
}

fn header(bytes: &[u8], allowed: &[Algorithm]) -> Result<Header, JwsError> {
    let [alg, kid, typ, crit, b64] =
        strict_json::members(bytes, ["alg", "kid", "typ", "crit", "b64"])
            .map_err(JwsError::Header)?;
    if crit.is_some() {
        return Err(JwsError::Critical("crit"));
    }
    if b64.is_some() {
        return Err(JwsError::Critical("b64"));
    }
    let name = text(alg, "alg")?.ok_or(JwsError::Member("alg"))?;
    let alg = Algorithm::from_name(&name).filter(|alg| allowed.contains(alg)).ok_or_else(|| {
        let accepted: Vec<_> = allowed.iter().map(|alg| alg.name()).collect();
        JwsError::Algorithm { alg: clipped(&name), accepted: accepted.join(", ") }
    })?;
    let (kid, typ) = (text(kid, "kid")?, text(typ, "typ")?);
    Ok(Header { alg, kid, typ, x5t_s256: None, others: Map::new() })
}

fn text(value: Option<Value>, name: &'static str) -> Result<Option<String>, JwsError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwsError::Member(name)),
    }
}

/// Decodes a part into `buffer`, in the place of what it holds.
fn decoded<'a>(
    part: &str,
    what: &'static str,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], JwsError> {
    buffer.clear();
    URL_SAFE_NO_PAD.decode_vec(part, buffer).map_err(|_| JwsError::Base64(what))?;
    Ok(buffer)
}

fn clipped(text: &str) -> String {
    text.chars().take(60).collect()
}
