//! Refresh, with rotation (RFC 6749 §6, RFC 9700 §4.14.2).

use authlib_core::message::Response;

use super::{scope, token_response};
use crate::fault::Fault;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let rejected = |why| error(400, "invalid_grant", why);
    if context.has(&Fault::RefreshRefused) {
        return rejected("injected fault: refresh rejected");
    }
    let keep = context.has(&Fault::NoRotation);
    let Some(token) = field(fields, "refresh_token") else {
        return error(400, "invalid_request", "`refresh_token` is missing");
    };
    let targets = match scope::targets(fields) {
        Ok(targets) => targets,
        Err(rejection) => return *rejection,
    };
    let mut state = context.state();
    let Some(record) = state.grants.refresh_tokens.get_mut(token) else {
        return rejected("this refresh token is unknown or revoked");
    };
    let grant = record.grant.clone();
    if grant.client != client {
        return rejected("this refresh token was issued to another client");
    }
    if std::mem::replace(&mut record.used, !keep) {
        state.grants.revoke(grant.family);
        return rejected(
            "this refresh token was used before; all tokens of its login were revoked",
        );
    }
    drop(state);
    let mut access = grant.clone();
    if !targets.is_empty() {
        // The refresh token is for all resources, the access token for the requested ones (RFC 8707 §2.2).
        access.audience = targets;
    }
    token_response::refreshed(context, &grant, &access)
}
