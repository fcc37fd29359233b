//! The user's name and password, typed into the client (RFC 6749 §4.3).

use authlib_core::message::Response;

use super::{answer, request};
use crate::exchange::{Fields, error, field};
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let (Some(name), Some(password)) = (field(fields, "username"), field(fields, "password"))
    else {
        return error(400, "invalid_request", "`username` or `password` is missing");
    };
    let known =
        provider.state().users.iter().any(|user| user.sub == name && user.has_password(password));
    if !known {
        return error(400, "invalid_grant", "no user has this name and password");
    }
    match request::grant(provider, client, name, fields) {
        Ok(grant) => answer::login(provider, &grant, false),
        Err(refusal) => *refusal,
    }
}
