//! The endpoint of clients that register themselves (RFC 7591 §3), and of each that did (RFC 7592 §2).

use authlib_core::message::{self, Request, Response};
use http::Method;
use serde_json::{Value, json};

use super::metadata::Metadata;
use super::{Registered, Registration};
use crate::bearer;
use crate::exchange::{error, json_response, respond};
use crate::provider::{Provider, unguessable};

/// The most clients that are kept. Beyond, none can register.
const MAX: usize = 10_000;

/// The most bytes of metadata.
const MAX_BODY: usize = 64 * 1024;

/// What only the provider says (RFC 7592 §2.2).
const ISSUED: &[&str] = &[
    "client_id",
    "client_id_issued_at",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// Whether this path, below the issuer, is the endpoint or one of a client.
pub(crate) fn is_at(path: &str) -> bool {
    path == "/register" || path.starts_with("/register/")
}

pub(crate) fn handle(provider: &Provider, request: &Request) -> Response {
    let path = request.uri().path();
    match path.rsplit_once("/register/") {
        Some((_, id)) => manage(provider, request, id),
        None if request.method() == Method::POST => register(provider, request),
        None => error(405, "invalid_request", "a registration is a POST"),
    }
}

fn register(provider: &Provider, request: &Request) -> Response {
    if let Registration::ByToken(token) = &provider.inner().registration
        && bearer::in_header(request) != Some(token)
    {
        return unauthorized();
    }
    let metadata = match body(request).and_then(|body| Metadata::checked(&body)) {
        Ok(metadata) => metadata,
        Err((code, why)) => return error(400, code, why),
    };
    let id = unguessable();
    let secret = metadata.needs_secret().then(unguessable);
    let registered = Registered {
        client: metadata.client(&id, secret),
        metadata: metadata.into_members(),
        access_token: unguessable(),
        issued_at: provider.now_seconds(),
    };
    let endpoint = endpoint(provider);
    let answer = information(&endpoint, &registered);
    let mut state = provider.state();
    if state.registered.len() >= MAX {
        return error(503, "temporarily_unavailable", "there are too many clients");
    }
    state.registered.insert(id, registered);
    json_response(201, &answer)
}

/// Reads, changes or deletes a registration (RFC 7592 §2.1 to §2.3).
fn manage(provider: &Provider, request: &Request, id: &str) -> Response {
    let token = bearer::in_header(request);
    // A client that is gone is no other than one whose token is wrong (§2).
    let known = |registered: &Registered| Some(registered.access_token.as_str()) == token;
    if !provider.state().registered.get(id).is_some_and(known) {
        return unauthorized();
    }
    if request.method() == Method::DELETE {
        let mut state = provider.state();
        state.registered.remove(id);
        state.granted.revoke_all_of(id);
        return respond(204, "application/json", "");
    }
    if request.method() == Method::PUT {
        return change(provider, request, id);
    }
    if request.method() != Method::GET {
        return error(405, "invalid_request", "GET, PUT and DELETE only");
    }
    let endpoint = endpoint(provider);
    match provider.state().registered.get(id) {
        Some(registered) => json_response(200, &information(&endpoint, registered)),
        None => unauthorized(),
    }
}

/// What is not in the new metadata is gone (RFC 7592 §2.2).
fn change(provider: &Provider, request: &Request, id: &str) -> Response {
    let body = match body(request) {
        Ok(body) => body,
        Err((code, why)) => return error(400, code, why),
    };
    if body.get("client_id").and_then(Value::as_str) != Some(id) {
        return error(400, "invalid_request", "`client_id` is not the client's");
    }
    let spare = ISSUED.iter().filter(|name| !matches!(**name, "client_id" | "client_secret"));
    if spare.into_iter().any(|name| body.get(name).is_some()) {
        return error(400, "invalid_request", "the request has what only the answer has");
    }
    let metadata = match Metadata::checked(&body) {
        Ok(metadata) => metadata,
        Err((code, why)) => return error(400, code, why),
    };
    let endpoint = endpoint(provider);
    let mut state = provider.state();
    let Some(registered) = state.registered.get_mut(id) else { return unauthorized() };
    let secret = registered.client.secret.clone();
    // A client can't choose its secret.
    if body.get("client_secret").is_some_and(|other| other.as_str() != secret.as_deref()) {
        return error(400, "invalid_request", "`client_secret` is not the client's");
    }
    let secret = metadata.needs_secret().then(|| secret.unwrap_or_else(unguessable));
    registered.client = metadata.client(id, secret);
    registered.metadata = metadata.into_members();
    json_response(200, &information(&endpoint, registered))
}

/// The URL of the endpoint. It is asked for before the state is locked.
fn endpoint(provider: &Provider) -> String {
    format!("{}{}", provider.issuer().trim_end_matches('/'), provider.path("register"))
}

/// The client information response (RFC 7591 §3.2.1).
fn information(endpoint: &str, registered: &Registered) -> Value {
    let mut answer = registered.metadata.clone();
    answer.retain(|name, _| !ISSUED.contains(&name.as_str()));
    let id = &registered.client.id;
    let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    put("client_id", json!(id));
    put("client_id_issued_at", json!(registered.issued_at));
    put("registration_access_token", json!(registered.access_token));
    put("registration_client_uri", json!(format!("{endpoint}/{id}")));
    if let Some(secret) = &registered.client.secret {
        put("client_secret", json!(secret));
        put("client_secret_expires_at", json!(0));
    }
    answer.into()
}

fn body(request: &Request) -> Result<Value, super::metadata::Refusal> {
    let media_type = message::media_type(request.headers());
    let is_json = media_type.as_deref() == Some("application/json");
    let body = request.body();
    let parsed = serde_json::from_slice(body).ok();
    parsed
        .filter(|_| is_json && body.len() <= MAX_BODY)
        .ok_or(("invalid_client_metadata", "the body is `application/json`"))
}

fn unauthorized() -> Response {
    *bearer::refused(401, "invalid_token", "the token is not the one for this")
}
