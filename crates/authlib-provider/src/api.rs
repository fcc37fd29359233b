//! A small protected API, to call with a token (RFC 6750).

use authlib_core::message::{Request, Response};
use http::{Method, header};
use serde_json::json;

use crate::access::Access;
use crate::bearer::{self, Place};
use crate::exchange::{self, error, field, json_response, respond};
use crate::provider::Provider;

/// The most bytes of a body that is shown as text.
const MAX_SHOWN: usize = 64 * 1024;

/// The most bytes that are streamed: 64 MiB.
const MAX_STREAM: usize = 64 * 1024 * 1024;

pub(crate) fn handle(provider: &Provider, request: &Request) -> Response {
    let (access, place) = match bearer::anywhere(provider, request) {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let path = request.uri().path();
    let mut response = if path.ends_with("/api/teapot") {
        json_response(418, &json!({ "error": "I'm a teapot" }))
    } else if path.ends_with("/api/stream") {
        stream(request)
    } else {
        echo(request, &access, place)
    };
    if request.method() == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

/// Says what was asked, how the token came, and in whose name.
fn echo(request: &Request, access: &Access, place: Place) -> Response {
    let body = std::str::from_utf8(request.body()).ok().filter(|text| text.len() <= MAX_SHOWN);
    json_response(
        200,
        &json!({
            "sub": access.grant.sub,
            "scope": access.grant.scope,
            "token_in": place.name(),
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": exchange::query(request),
            "query_string": request.uri().query(),
            "content_type": exchange::header(request, header::CONTENT_TYPE.as_str()),
            "body": body,
            "body_length": request.body().len(),
        }),
    )
}

/// As many bytes as the query asks for.
fn stream(request: &Request) -> Response {
    let query = exchange::query(request);
    let size = field(&query, "bytes").and_then(|bytes| bytes.parse().ok());
    match size.filter(|size| *size <= MAX_STREAM) {
        Some(size) => respond(200, "application/octet-stream", vec![b'.'; size]),
        None => error(400, "invalid_request", "`bytes` is a number up to 67108864"),
    }
}
