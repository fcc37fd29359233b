//! A small protected API, to call with a token.

use authlib_core::message::{Request, Response};
use serde_json::json;

use crate::exchange::{json_response, parse};
use crate::provider::Provider;
use crate::userinfo::bearer;

/// Says what was asked and in whose name: method, path, query and body.
pub(crate) fn handle(provider: &Provider, request: &Request) -> Response {
    let access = match bearer(provider, request) {
        Ok(access) => access,
        Err(refusal) => return *refusal,
    };
    let path = request.uri().path();
    if path.ends_with("/api/teapot") {
        return json_response(418, &json!({ "error": "I'm a teapot" }));
    }
    json_response(
        200,
        &json!({
            "sub": access.grant.sub,
            "scope": access.grant.scope,
            "method": request.method().as_str(),
            "path": path,
            "query": parse(request.uri().query().unwrap_or_default()),
            "body": String::from_utf8_lossy(request.body()),
        }),
    )
}
