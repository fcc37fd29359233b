//! A small protected API, for requests with a bearer token (RFC 6750).

use authlib_core::message::{Request, Response};
use http::{Method, header};
use serde_json::json;

use crate::protocol::bearer::{self, TokenLocation};
use crate::protocol::step_up;
use crate::request::{self, field};
use crate::response::{error, json_response, respond};
use crate::state::Context;
use crate::state::grants::AccessToken;

/// The largest body that is echoed as text, in bytes.
const MAX_SHOWN: usize = 64 * 1024;

/// The largest streamed response: 64 MiB.
const MAX_STREAM: usize = 64 * 1024 * 1024;

pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let (access, location) = match bearer::anywhere(context, request) {
        Ok(found) => found,
        Err(rejection) => return *rejection,
    };
    if let Some(challenge) = step_up::challenge(context, &access) {
        return challenge;
    }
    let path = request.uri().path();
    let mut response = if path.ends_with("/api/teapot") {
        json_response(418, &json!({ "error": "I'm a teapot" }))
    } else if path.ends_with("/api/stream") {
        stream(request)
    } else {
        echo(request, &access, location)
    };
    if request.method() == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

/// Echoes the request, with the user and the location of the token.
fn echo(request: &Request, access: &AccessToken, location: TokenLocation) -> Response {
    let body = std::str::from_utf8(request.body()).ok().filter(|text| text.len() <= MAX_SHOWN);
    json_response(
        200,
        &json!({
            "sub": access.grant.sub,
            "scope": access.grant.scope,
            "resource": access.grant.audience,
            "token_in": location.name(),
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request::query(request),
            "query_string": request.uri().query(),
            "content_type": request::header(request, header::CONTENT_TYPE.as_str()),
            "body": body,
            "body_length": request.body().len(),
        }),
    )
}

/// Streams as many bytes as the query requests.
fn stream(request: &Request) -> Response {
    let query = request::query(request);
    let size = field(&query, "bytes").and_then(|bytes| bytes.parse().ok());
    match size.filter(|size| *size <= MAX_STREAM) {
        Some(size) => respond(200, "application/octet-stream", vec![b'.'; size]),
        None => error(400, "invalid_request", "`bytes` must be a number up to 67108864"),
    }
}
