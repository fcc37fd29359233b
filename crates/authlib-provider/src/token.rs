//! The token endpoint (RFC 6749 §3.2 and §5).

use authlib_core::message::{Request, Response};
use http::Method;

use crate::authentication::{authenticated, is_there};
use crate::exchange::{self, Fields, error, field};
use crate::grant::request::REPEATABLE;
use crate::grant::{
    authorization_code, client_credentials, device_code, jwt_bearer, password, refresh_token,
    token_exchange,
};
use crate::provider::Provider;

/// What is told in the discovery document.
pub(crate) const GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "client_credentials",
    device_code::GRANT_TYPE,
    jwt_bearer::GRANT_TYPE,
    "password",
    "refresh_token",
    token_exchange::GRANT_TYPE,
];

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the token endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated_but(fields, REPEATABLE) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let grant_type = field(fields, "grant_type");
    // The assertion is proof enough (RFC 7521 §4.1).
    if grant_type == Some(jwt_bearer::GRANT_TYPE) && !is_there(request, fields) {
        return jwt_bearer::handle(provider, None, fields);
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    match grant_type {
        Some("authorization_code") => authorization_code::handle(provider, &client, fields),
        Some("client_credentials") => client_credentials::handle(provider, &client, fields),
        Some(device_code::GRANT_TYPE) => device_code::handle(provider, &client, fields),
        Some(jwt_bearer::GRANT_TYPE) => jwt_bearer::handle(provider, Some(&client), fields),
        Some("password") => password::handle(provider, &client, fields),
        Some("refresh_token") => refresh_token::handle(provider, &client, fields),
        Some(token_exchange::GRANT_TYPE) => token_exchange::handle(provider, &client, fields),
        Some(_) => error(400, "unsupported_grant_type", "this grant is not offered"),
        None => error(400, "invalid_request", "`grant_type` is missing"),
    }
}
