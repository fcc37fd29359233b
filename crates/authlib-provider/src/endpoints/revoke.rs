//! Revocation (RFC 7009 §2): revoking one token revokes all tokens of its login.

use authlib_core::message::{Request, Response};
use http::Method;

use crate::protocol::client_auth::authenticate;
use crate::request::{self, Fields, field};
use crate::response::{error, respond};
use crate::state::Context;

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the revocation endpoint accepts POST only");
    }
    if let Some(name) = request::repeated(fields) {
        return error(400, "invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let client = match authenticate(context, request, fields) {
        Ok(client) => client,
        Err(rejection) => return *rejection,
    };
    let Some(token) = field(fields, "token") else {
        return error(400, "invalid_request", "`token` is missing");
    };
    let grants = &mut context.state().grants;
    match grants.grant(token).cloned() {
        Some(grant) if grant.client != client => {
            error(400, "invalid_grant", "this token was issued to another client")
        }
        Some(grant) => {
            grants.revoke(grant.family);
            respond(200, "text/plain", "")
        }
        // An unknown token needs no revocation (§2.2).
        None => respond(200, "text/plain", ""),
    }
}
