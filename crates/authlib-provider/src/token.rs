//! The token endpoint (RFC 6749 §3.2 and §5).

use authlib_core::message::{Request, Response};
use http::Method;

use crate::authentication::authenticated;
use crate::exchange::{self, Fields, error, field};
use crate::grant::{authorization_code, refresh_token};
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the token endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated(fields) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    match field(fields, "grant_type") {
        Some("authorization_code") => authorization_code::handle(provider, &client, fields),
        Some("refresh_token") => refresh_token::handle(provider, &client, fields),
        Some(_) => error(400, "unsupported_grant_type", "codes and refresh tokens only"),
        None => error(400, "invalid_request", "`grant_type` is missing"),
    }
}
