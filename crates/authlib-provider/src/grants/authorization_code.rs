//! The authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6).

use authlib_core::message::Response;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::token_response;
use crate::fault::Fault;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let rejected = |why| error(400, "invalid_grant", why);
    let Some(code) = field(fields, "code") else {
        return error(400, "invalid_request", "`code` is missing");
    };
    let mut state = context.state();
    let Some(record) = state.grants.codes.get_mut(code) else {
        return rejected("this code is unknown");
    };
    if record.grant.client != client {
        return rejected("this code was issued to another client");
    }
    if std::mem::replace(&mut record.used, true) {
        let family = record.grant.family;
        state.grants.revoke(family);
        return rejected("this code was used before");
    }
    let record = record.clone();
    drop(state);
    if record.expires_at <= context.now() {
        return rejected("this code has expired");
    }
    if field(fields, "redirect_uri") != Some(record.redirect_uri.as_str()) {
        return rejected("`redirect_uri` differs from the authorization request");
    }
    let verified = match (&record.code_challenge, field(fields, "code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let hash = digest(&SHA256, verifier.as_bytes());
            URL_SAFE_NO_PAD.encode(hash) == *challenge
        }
        _ => false,
    };
    if !verified && !context.has(&Fault::PkceIgnored) {
        return rejected("`code_verifier` does not match the code challenge");
    }
    token_response::login(context, &record.grant)
}
