//! Introspection (RFC 7662 §2, RFC 9701): a client asks about its own tokens.

use std::time::SystemTime;

use authlib_core::message::{Request, Response};
use http::Method;
use serde_json::{Map, Value, json};

use crate::access::Grant;
use crate::authentication::{authenticated, unauthorized};
use crate::discovery::set;
use crate::exchange::{self, Fields, error, field, json_response, respond};
use crate::fault::Fault;
use crate::jws;
use crate::provider::Provider;

/// The `typ` of an answer that is a JWT (RFC 9701 §5).
const TYPE: &str = "token-introspection+jwt";

const MEDIA_TYPE: &str = "application/token-introspection+jwt";

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the introspection endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated(fields) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    // Without a secret anybody could try tokens here (§2.1, §4).
    if provider.client(&client).is_none_or(|client| !client.is_confidential()) {
        return *unauthorized();
    }
    let Some(token) = field(fields, "token") else {
        return error(400, "invalid_request", "`token` is missing");
    };
    let mut about = about(provider, &client, token);
    for quirk in provider.quirks() {
        if let (Fault::Introspection(name, value), Some(members)) = (quirk, about.as_object_mut()) {
            set(members, name, value);
        }
    }
    if asks_for_jwt(request) && !provider.has(&Fault::IntrospectionPlain) {
        return signed(provider, &client, about);
    }
    json_response(200, &about)
}

/// Whether the client wants the answer as a JWT (RFC 9701 §4).
fn asks_for_jwt(request: &Request) -> bool {
    let accepted = exchange::header(request, "accept").unwrap_or_default().split(',');
    let mut types = accepted.map(|range| range.split(';').next().unwrap_or_default().trim());
    types.any(|media_type| media_type.eq_ignore_ascii_case(MEDIA_TYPE))
}

/// The answer as a JWT for this client (RFC 9701 §5).
fn signed(provider: &Provider, client: &str, about: Value) -> Response {
    let jwt = jws::make(provider, client, TYPE, |_| {
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), provider.issuer().into());
        claims.insert("aud".to_owned(), client.into());
        claims.insert("iat".to_owned(), provider.now_seconds().into());
        claims.insert("token_introspection".to_owned(), about);
        claims
    });
    match jwt {
        Some(jwt) => respond(200, MEDIA_TYPE, jwt),
        None => error(500, "server_error", "no answer could be signed"),
    }
}

/// What a client may know of a token: of one that is not its own, is over or was never given, only that
/// it is not active (§2.2).
fn about(provider: &Provider, client: &str, token: &str) -> Value {
    let state = provider.state();
    let now = provider.now();
    if let Some(access) = state.granted.access.get(token)
        && access.grant.client == client
        && access.expires_at > now
    {
        return active(provider, &access.grant, Some(access.expires_at));
    }
    if let Some(refresh) = state.granted.refresh.get(token)
        && refresh.grant.client == client
        && !refresh.used
    {
        return active(provider, &refresh.grant, None);
    }
    json!({ "active": false })
}

fn active(provider: &Provider, grant: &Grant, access_expires_at: Option<SystemTime>) -> Value {
    let mut answer = json!({
        "active": true,
        "client_id": grant.client,
        "sub": grant.sub,
        "aud": if grant.audience.is_empty() { json!(grant.client) } else { json!(grant.audience) },
        "iss": provider.issuer(),
    });
    if let (false, Some(members)) = (grant.scope.is_empty(), answer.as_object_mut()) {
        members.insert("scope".to_owned(), grant.scope.clone().into());
    }
    if let (Some(actor), Some(members)) = (&grant.actor, answer.as_object_mut()) {
        members.insert("act".to_owned(), actor.clone());
    }
    if let (Some(at), Some(members)) = (access_expires_at, answer.as_object_mut()) {
        let exp = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        members.insert("token_type".to_owned(), "Bearer".into());
        members.insert("exp".to_owned(), exp.into());
        let lifetime = provider.inner().lifetime.as_secs();
        members.insert("iat".to_owned(), exp.saturating_sub(lifetime).into());
    }
    answer
}
