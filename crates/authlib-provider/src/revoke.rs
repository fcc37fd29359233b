//! Revocation (RFC 7009 §2): what is revoked takes its whole login along.

use authlib_core::message::{Request, Response};
use http::Method;

use crate::authentication::authenticated;
use crate::exchange::{self, Fields, error, field, respond};
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the revocation endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated(fields) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(token) = field(fields, "token") else {
        return error(400, "invalid_request", "`token` is missing");
    };
    let granted = &mut provider.state().granted;
    match granted.grant(token).cloned() {
        Some(grant) if grant.client != client => {
            error(400, "invalid_grant", "this token was given to another client")
        }
        Some(grant) => {
            granted.revoke(grant.family);
            respond(200, "text/plain", "")
        }
        // A token that is unknown is as good as revoked (§2.2).
        None => respond(200, "text/plain", ""),
    }
}
