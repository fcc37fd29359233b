//! Resource owner password credentials (RFC 6749 §4.3).

use authlib_core::message::Response;

use super::{scope, token_response};
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    let (Some(name), Some(password)) = (field(fields, "username"), field(fields, "password"))
    else {
        return error(400, "invalid_request", "`username` or `password` is missing");
    };
    let known =
        context.state().users.iter().any(|user| user.sub == name && user.has_password(password));
    if !known {
        return error(400, "invalid_grant", "no user has this name and password");
    }
    match scope::grant(context, client, name, fields) {
        Ok(grant) => token_response::login(context, &grant),
        Err(rejection) => *rejection,
    }
}
