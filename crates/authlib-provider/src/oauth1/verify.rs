//! Verifying a request (RFC 5849 §3.2), from what costs nothing to what leaves a trace.

use authlib_core::message::Request;

use super::normalise::base_string;
use super::problem::Problem;
use super::protocol::{Protocol, is_form};
use super::signature::{Method, body_hash};
use super::{MAX, State};
use crate::provider::Provider;

/// How far, in seconds, a timestamp may be from our clock.
const WINDOW: u64 = 300;

/// A request whose signature holds, which is seen for the first time.
#[derive(Debug)]
pub(super) struct Verified {
    /// The client's identifier.
    pub(super) client: String,
    pub(super) protocol: Protocol,
}

/// Verifies a request whose token, where it has one, has the secret that `secret_of` finds for a client.
pub(super) fn verify(
    provider: &Provider,
    request: &Request,
    secret_of: impl FnOnce(&State, &str, Option<&str>) -> Option<String>,
) -> Result<Verified, Problem> {
    let protocol = Protocol::read(request)?;
    if protocol.get("oauth_version").is_some_and(|version| version != "1.0") {
        return Err(Problem::bad("version_rejected", "1.0"));
    }
    let name = protocol.required("oauth_signature_method")?;
    let rejected = || Problem::bad("signature_method_rejected", name);
    let (method, hash) = Method::named(name).ok_or_else(rejected)?;
    let signature = protocol.required("oauth_signature")?;
    let id = protocol.required("oauth_consumer_key")?;
    let unknown = || Problem::unknown("consumer_key_unknown", "");
    let client = provider.client(id).filter(|client| client.speaks_oauth1()).ok_or_else(unknown)?;
    if client.rsa_public_key.is_some() != matches!(method, Method::Rsa(_)) {
        return Err(rejected());
    }
    let once = once(provider, &protocol, method)?;
    check_body(request, &protocol, hash)?;
    let token = protocol.get("oauth_token");
    let secret = secret_of(&provider.state().oauth1, &client.id, token);
    let secret = secret.ok_or_else(|| Problem::unknown("token_rejected", ""))?;
    let text = base_string(provider.issuer(), request, &protocol).unwrap_or_default();
    if !client.has_signed(method, &secret, &text, signature) {
        return Err(Problem::unknown("signature_invalid", ""));
    }
    // Only now: a nonce that a stranger could use up would be a way to lock the client out.
    if let Some((timestamp, nonce)) = once {
        let nonces = &mut provider.state().oauth1.nonces;
        let oldest = provider.now_seconds().saturating_sub(WINDOW);
        nonces.retain(|_, timestamp| *timestamp >= oldest);
        let key =
            (client.id.clone(), token.unwrap_or_default().to_owned(), timestamp, nonce.to_owned());
        if nonces.len() >= MAX || nonces.insert(key, timestamp).is_some() {
            return Err(Problem::unknown("nonce_used", ""));
        }
    }
    let client = client.id.clone();
    Ok(Verified { client, protocol })
}

/// The timestamp and the nonce, which PLAINTEXT may do without (RFC 5849 §3.1).
fn once<'a>(
    provider: &Provider,
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
    let seconds = seconds.ok_or_else(|| Problem::bad("parameter_rejected", "oauth_timestamp"))?;
    if seconds.abs_diff(provider.now_seconds()) > WINDOW {
        return Err(Problem::unknown("timestamp_refused", "within 300 seconds"));
    }
    Ok(Some((seconds, nonce)))
}

/// The body hash, if there is one, and a form must have none (draft-eaton-oauth-bodyhash).
fn check_body(
    request: &Request,
    protocol: &Protocol,
    hash: &'static aws_lc_rs::digest::Algorithm,
) -> Result<(), Problem> {
    match protocol.get("oauth_body_hash") {
        None => Ok(()),
        Some(_) if is_form(request) => {
            Err(Problem::bad("parameter_rejected", "oauth_body_hash of a form"))
        }
        Some(said) if said == body_hash(hash, request.body()) => Ok(()),
        Some(_) => Err(Problem::unknown("body_hash_invalid", "")),
    }
}
