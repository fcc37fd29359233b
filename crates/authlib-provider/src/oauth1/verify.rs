//! Verifying a request (RFC 5849 §3.2), cheap checks first, the nonce last.

use authlib_core::message::Request;

use super::normalise::base_string;
use super::problem::Problem;
use super::protocol::{Protocol, is_form};
use super::signature::{Method, body_hash};
use crate::state::Context;
use crate::state::oauth1::{MAX, OAuth1Store};

/// How far a timestamp may be from the clock, in seconds.
const WINDOW: u64 = 300;

/// A request with a valid signature and a new nonce.
#[derive(Debug)]
pub(super) struct Verified {
    /// The client's identifier.
    pub(super) client: String,
    pub(super) protocol: Protocol,
}

/// Verifies a request. `secret_of` returns the token secret for a client and a token.
pub(super) fn verify(
    context: &Context,
    request: &Request,
    secret_of: impl FnOnce(&OAuth1Store, &str, Option<&str>) -> Option<String>,
) -> Result<Verified, Problem> {
    let protocol = Protocol::read(request)?;
    if protocol.get("oauth_version").is_some_and(|version| version != "1.0") {
        return Err(Problem::malformed("version_rejected", "1.0"));
    }
    let name = protocol.required("oauth_signature_method")?;
    let rejected = || Problem::malformed("signature_method_rejected", name);
    let (method, hash) = Method::named(name).ok_or_else(rejected)?;
    let signature = protocol.required("oauth_signature")?;
    let id = protocol.required("oauth_consumer_key")?;
    let unknown = || Problem::unauthorized("consumer_key_unknown", "");
    let client = context.client(id).filter(|client| client.uses_oauth1()).ok_or_else(unknown)?;
    if client.rsa_public_key.is_some() != matches!(method, Method::Rsa(_)) {
        return Err(rejected());
    }
    let nonce = timestamp_and_nonce(context, &protocol, method)?;
    check_body(request, &protocol, hash)?;
    let token = protocol.get("oauth_token");
    let secret = secret_of(&context.state().oauth1, &client.id, token);
    let secret = secret.ok_or_else(|| Problem::unauthorized("token_rejected", ""))?;
    let text = base_string(&context.issuer, request, &protocol).unwrap_or_default();
    if !client.has_signed(method, &secret, &text, signature) {
        return Err(Problem::unauthorized("signature_invalid", ""));
    }
    // After the signature: otherwise an attacker could use up the nonces of a client.
    if let Some((timestamp, nonce)) = nonce {
        let nonces = &mut context.state().oauth1.nonces;
        let oldest = context.now_seconds().saturating_sub(WINDOW);
        nonces.retain(|_, timestamp| *timestamp >= oldest);
        let key =
            (client.id.clone(), token.unwrap_or_default().to_owned(), timestamp, nonce.to_owned());
        if nonces.len() >= MAX || nonces.insert(key, timestamp).is_some() {
            return Err(Problem::unauthorized("nonce_used", ""));
        }
    }
    let client = client.id.clone();
    Ok(Verified { client, protocol })
}

/// Timestamp and nonce, which are optional with PLAINTEXT (RFC 5849 §3.1).
fn timestamp_and_nonce<'a>(
    context: &Context,
    protocol: &'a Protocol,
    method: Method,
) -> Result<Option<(u64, &'a str)>, Problem> {
    let has = |name| protocol.get(name).is_some();
    if matches!(method, Method::Plaintext) && !has("oauth_timestamp") && !has("oauth_nonce") {
        return Ok(None);
    }
    let timestamp = protocol.required("oauth_timestamp")?;
    let nonce = protocol.required("oauth_nonce")?;
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: Option<u64> = timestamp.parse().ok().filter(|seconds| digits && *seconds > 0);
    let seconds =
        seconds.ok_or_else(|| Problem::malformed("parameter_rejected", "oauth_timestamp"))?;
    if seconds.abs_diff(context.now_seconds()) > WINDOW {
        return Err(Problem::unauthorized("timestamp_refused", "within 300 seconds"));
    }
    Ok(Some((seconds, nonce)))
}

/// Checks the body hash, if there is one. A form must not have one (draft-eaton-oauth-bodyhash).
fn check_body(
    request: &Request,
    protocol: &Protocol,
    hash: &'static aws_lc_rs::digest::Algorithm,
) -> Result<(), Problem> {
    match protocol.get("oauth_body_hash") {
        None => Ok(()),
        Some(_) if is_form(request) => {
            Err(Problem::malformed("parameter_rejected", "oauth_body_hash of a form"))
        }
        Some(sent) if sent == body_hash(hash, request.body()) => Ok(()),
        Some(_) => Err(Problem::unauthorized("body_hash_invalid", "")),
    }
}
