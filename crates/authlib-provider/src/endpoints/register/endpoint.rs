//! The registration endpoint (RFC 7591 §3) and the client configuration endpoints (RFC 7592 §2).

use authlib_core::message::{self, Request, Response};
use http::Method;
use serde_json::{Value, json};

use super::metadata::{Metadata, Rejection};
use crate::protocol::bearer;
use crate::random;
use crate::response::{error, json_response, respond};
use crate::state::Context;
use crate::state::registration::{Registered, Registration};

/// The most registered clients. Beyond, registration fails.
const MAX: usize = 10_000;

/// The largest metadata, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Members that only the provider may set (RFC 7592 §2.2).
const ISSUED: &[&str] = &[
    "client_id",
    "client_id_issued_at",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// Whether this path is the registration endpoint or a client configuration endpoint.
pub(crate) fn is_at(path: &str) -> bool {
    path == "/register" || path.starts_with("/register/")
}

pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let path = request.uri().path();
    match path.rsplit_once("/register/") {
        Some((_, id)) => manage(context, request, id),
        None if request.method() == Method::POST => register(context, request),
        None => error(405, "invalid_request", "the registration endpoint accepts POST only"),
    }
}

fn register(context: &Context, request: &Request) -> Response {
    if let Registration::ByToken(token) = &context.registration
        && bearer::in_header(request) != Some(token)
    {
        return unauthorized();
    }
    let metadata = match body(request).and_then(|body| Metadata::parse(&body)) {
        Ok(metadata) => metadata,
        Err((code, description)) => return error(400, code, description),
    };
    let id = random::token();
    let secret = metadata.needs_secret().then(random::token);
    let registered = Registered {
        client: metadata.client(&id, secret),
        metadata: metadata.into_members(),
        access_token: random::token(),
        issued_at: context.now_seconds(),
    };
    let endpoint = context.url("register");
    let response = information(&endpoint, &registered);
    let mut state = context.state();
    if state.registered.len() >= MAX {
        return error(503, "temporarily_unavailable", "too many clients are registered");
    }
    state.registered.insert(id, registered);
    json_response(201, &response)
}

/// Reads, changes or deletes a registration (RFC 7592 §2.1 to §2.3).
fn manage(context: &Context, request: &Request, id: &str) -> Response {
    let token = bearer::in_header(request);
    // A deleted client and a wrong token are indistinguishable (§2).
    let known = |registered: &Registered| Some(registered.access_token.as_str()) == token;
    if !context.state().registered.get(id).is_some_and(known) {
        return unauthorized();
    }
    if request.method() == Method::DELETE {
        let mut state = context.state();
        state.registered.remove(id);
        state.grants.revoke_client(id);
        return respond(204, "application/json", "");
    }
    if request.method() == Method::PUT {
        return change(context, request, id);
    }
    if request.method() != Method::GET {
        return error(
            405,
            "invalid_request",
            "the client configuration endpoint accepts GET, PUT and DELETE only",
        );
    }
    let endpoint = context.url("register");
    match context.state().registered.get(id) {
        Some(registered) => json_response(200, &information(&endpoint, registered)),
        None => unauthorized(),
    }
}

/// Replaces the metadata: members that are absent are removed (RFC 7592 §2.2).
fn change(context: &Context, request: &Request, id: &str) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err((code, description)) => return error(400, code, description),
    };
    if body.get("client_id").and_then(Value::as_str) != Some(id) {
        return error(400, "invalid_request", "`client_id` belongs to another client");
    }
    let forbidden = ISSUED.iter().filter(|name| !matches!(**name, "client_id" | "client_secret"));
    if forbidden.into_iter().any(|name| body.get(name).is_some()) {
        return error(
            400,
            "invalid_request",
            "the request contains a member that only the response may have",
        );
    }
    let metadata = match Metadata::parse(&body) {
        Ok(metadata) => metadata,
        Err((code, description)) => return error(400, code, description),
    };
    let endpoint = context.url("register");
    let mut state = context.state();
    let Some(registered) = state.registered.get_mut(id) else { return unauthorized() };
    let secret = registered.client.secret.clone();
    // A client cannot choose its secret.
    if body.get("client_secret").is_some_and(|other| other.as_str() != secret.as_deref()) {
        return error(400, "invalid_request", "`client_secret` is not the current secret");
    }
    let secret = metadata.needs_secret().then(|| secret.unwrap_or_else(random::token));
    registered.client = metadata.client(id, secret);
    registered.metadata = metadata.into_members();
    json_response(200, &information(&endpoint, registered))
}

/// The client information response (RFC 7591 §3.2.1).
fn information(endpoint: &str, registered: &Registered) -> Value {
    let mut response = registered.metadata.clone();
    response.retain(|name, _| !ISSUED.contains(&name.as_str()));
    let id = &registered.client.id;
    let mut put = |name: &str, value: Value| response.insert(name.to_owned(), value);
    put("client_id", json!(id));
    put("client_id_issued_at", json!(registered.issued_at));
    put("registration_access_token", json!(registered.access_token));
    put("registration_client_uri", json!(format!("{endpoint}/{id}")));
    if let Some(secret) = &registered.client.secret {
        put("client_secret", json!(secret));
        put("client_secret_expires_at", json!(0));
    }
    response.into()
}

fn body(request: &Request) -> Result<Value, Rejection> {
    let media_type = message::media_type(request.headers());
    let is_json = media_type.as_deref() == Some("application/json");
    let body = request.body();
    let parsed = serde_json::from_slice(body).ok();
    parsed
        .filter(|_| is_json && body.len() <= MAX_BODY)
        .ok_or(("invalid_client_metadata", "the body must be `application/json`"))
}

fn unauthorized() -> Response {
    *bearer::rejected(401, "invalid_token", "wrong access token for this endpoint")
}
