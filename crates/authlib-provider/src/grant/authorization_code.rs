//! The authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6).

use authlib_core::message::Response;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::answer;
use crate::exchange::{Fields, error, field};
use crate::fault::Fault;
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let refused = |why| error(400, "invalid_grant", why);
    let Some(code) = field(fields, "code") else {
        return error(400, "invalid_request", "`code` is missing");
    };
    let mut state = provider.state();
    let Some(record) = state.granted.codes.get_mut(code) else {
        return refused("this code was never given");
    };
    if record.grant.client != client {
        return refused("this code was given to another client");
    }
    if std::mem::replace(&mut record.used, true) {
        let family = record.grant.family;
        state.granted.revoke(family);
        return refused("this code was used before");
    }
    let record = record.clone();
    drop(state);
    if record.expires_at <= provider.now() {
        return refused("this code has expired");
    }
    if field(fields, "redirect_uri") != Some(record.redirect_uri.as_str()) {
        return refused("the redirect URI is not the one of the authorization request");
    }
    let verified = match (&record.code_challenge, field(fields, "code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let hash = digest(&SHA256, verifier.as_bytes());
            URL_SAFE_NO_PAD.encode(hash) == *challenge
        }
        _ => false,
    };
    if !verified && !provider.has(&Fault::PkceIgnored) {
        return refused("the code verifier does not fit the challenge");
    }
    answer::login(provider, &record.grant, false)
}
