//! The refresh token, which rotates (RFC 6749 §6, RFC 9700 §4.14.2).

use authlib_core::message::Response;

use super::answer;
use crate::exchange::{Fields, error, field};
use crate::fault::Fault;
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let refused = |why| error(400, "invalid_grant", why);
    if provider.has(&Fault::RefreshRefused) {
        return refused("this refresh token is of no more use");
    }
    let keep = provider.has(&Fault::NoRotation);
    let Some(token) = field(fields, "refresh_token") else {
        return error(400, "invalid_request", "`refresh_token` is missing");
    };
    let mut state = provider.state();
    let Some(record) = state.granted.refresh.get_mut(token) else {
        return refused("this refresh token was never given or is revoked");
    };
    let grant = record.grant.clone();
    if grant.client != client {
        return refused("this refresh token was given to another client");
    }
    if std::mem::replace(&mut record.used, !keep) {
        state.granted.revoke(grant.family);
        return refused("this refresh token was used before; all of its family are revoked");
    }
    drop(state);
    answer::login(provider, &grant, true)
}
