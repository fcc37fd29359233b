//! The token endpoint (RFC 6749 §3.2 and §5).

use authlib_core::message::{Request, Response};
use http::Method;

use crate::grants::scope::REPEATABLE;
use crate::grants::{
    authorization_code, backchannel, client_credentials, device_code, jwt_bearer, password,
    refresh_token, sender_constraint, token_exchange,
};
use crate::protocol::client_auth::{authenticate, is_present};
use crate::request::{self, Fields, field};
use crate::response::error;
use crate::state::Context;

/// `grant_types_supported` of the discovery document.
pub(crate) const GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "client_credentials",
    device_code::GRANT_TYPE,
    jwt_bearer::GRANT_TYPE,
    "password",
    "refresh_token",
    token_exchange::GRANT_TYPE,
    backchannel::GRANT_TYPE,
];

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the token endpoint accepts POST only");
    }
    if let Some(name) = request::repeated_except(fields, REPEATABLE) {
        return error(400, "invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let grant_type = field(fields, "grant_type");
    // With an assertion, client authentication is optional (RFC 7521 §4.1).
    if grant_type == Some(jwt_bearer::GRANT_TYPE) && !is_present(request, fields) {
        return jwt_bearer::handle(context, None, fields);
    }
    let client = match authenticate(context, request, fields) {
        Ok(client) => client,
        Err(rejection) => return *rejection,
    };
    let constraint = match sender_constraint::check(context, request, &client, fields) {
        Ok(constraint) => constraint,
        Err(rejection) => return *rejection,
    };
    let response = match grant_type {
        Some("authorization_code") => authorization_code::handle(context, &client, fields),
        Some("client_credentials") => client_credentials::handle(context, &client, fields),
        Some(backchannel::GRANT_TYPE) => backchannel::handle(context, &client, fields),
        Some(device_code::GRANT_TYPE) => device_code::handle(context, &client, fields),
        Some(jwt_bearer::GRANT_TYPE) => jwt_bearer::handle(context, Some(&client), fields),
        Some("password") => password::handle(context, &client, fields),
        Some("refresh_token") => refresh_token::handle(context, &client, fields),
        Some(token_exchange::GRANT_TYPE) => token_exchange::handle(context, &client, fields),
        Some(_) => error(400, "unsupported_grant_type", "this grant type is not supported"),
        None => error(400, "invalid_request", "`grant_type` is missing"),
    };
    sender_constraint::bind(context, response, constraint)
}
