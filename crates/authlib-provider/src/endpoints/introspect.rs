//! Introspection (RFC 7662 §2, RFC 9701): for the tokens of the client itself.

use std::time::SystemTime;

use authlib_core::message::{Request, Response};
use http::Method;
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::protocol::client_auth::{authenticate, unauthorized};
use crate::protocol::sign;
use crate::request::{self, Fields, field};
use crate::response::{error, json_response, respond, set_member};
use crate::state::Context;
use crate::state::grants::Grant;

/// The `typ` of a JWT response (RFC 9701 §5).
const TYPE: &str = "token-introspection+jwt";

const MEDIA_TYPE: &str = "application/token-introspection+jwt";

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the introspection endpoint accepts POST only");
    }
    if let Some(name) = request::repeated(fields) {
        return error(400, "invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let client = match authenticate(context, request, fields) {
        Ok(client) => client,
        Err(rejection) => return *rejection,
    };
    // Without client authentication, anyone could test guessed tokens (§2.1, §4).
    if context.client(&client).is_none_or(|client| !client.is_confidential()) {
        return *unauthorized();
    }
    let Some(token) = field(fields, "token") else {
        return error(400, "invalid_request", "`token` is missing");
    };
    let mut token_state = token_state(context, &client, token);
    for fault in context.faults() {
        if let (Fault::Introspection(name, value), Some(members)) =
            (fault, token_state.as_object_mut())
        {
            set_member(members, name, value);
        }
    }
    if accepts_jwt(request) && !context.has(&Fault::IntrospectionPlain) {
        return signed(context, &client, token_state);
    }
    json_response(200, &token_state)
}

/// Whether the client requests a JWT response (RFC 9701 §4).
fn accepts_jwt(request: &Request) -> bool {
    let accepted = request::header(request, "accept").unwrap_or_default().split(',');
    let mut types = accepted.map(|range| range.split(';').next().unwrap_or_default().trim());
    types.any(|media_type| media_type.eq_ignore_ascii_case(MEDIA_TYPE))
}

/// The JWT response for this client (RFC 9701 §5).
fn signed(context: &Context, client: &str, token_state: Value) -> Response {
    let jwt = sign::sign(context, client, TYPE, |_| {
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), context.issuer.as_str().into());
        claims.insert("aud".to_owned(), client.into());
        claims.insert("iat".to_owned(), context.now_seconds().into());
        claims.insert("token_introspection".to_owned(), token_state);
        claims
    });
    match jwt {
        Some(jwt) => respond(200, MEDIA_TYPE, jwt),
        None => error(500, "server_error", "the response could not be signed"),
    }
}

/// The state of a token. A token that is unknown, expired, or belongs to another client is not active (§2.2).
fn token_state(context: &Context, client: &str, token: &str) -> Value {
    let state = context.state();
    if let Some(access) = state.grants.access(token, context.now())
        && access.grant.client == client
    {
        return active(context, &access.grant, Some(access.expires_at));
    }
    if let Some(refresh) = state.grants.refresh_tokens.get(token)
        && refresh.grant.client == client
        && !refresh.used
    {
        return active(context, &refresh.grant, None);
    }
    json!({ "active": false })
}

fn active(context: &Context, grant: &Grant, access_expires_at: Option<SystemTime>) -> Value {
    let mut response = json!({
        "active": true,
        "client_id": grant.client,
        "sub": grant.sub,
        "aud": if grant.audience.is_empty() { json!(grant.client) } else { json!(grant.audience) },
        "iss": context.issuer.as_str(),
    });
    if let (false, Some(members)) = (grant.scope.is_empty(), response.as_object_mut()) {
        members.insert("scope".to_owned(), grant.scope.clone().into());
    }
    if let (Some(actor), Some(members)) = (&grant.actor, response.as_object_mut()) {
        members.insert("act".to_owned(), actor.clone());
    }
    if let (Some(x5t), Some(members)) = (&grant.x5t, response.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({ "x5t#S256": x5t }));
    }
    if let (Some(at), Some(members)) = (access_expires_at, response.as_object_mut()) {
        let exp = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        members.insert("token_type".to_owned(), "Bearer".into());
        members.insert("exp".to_owned(), exp.into());
        let lifetime = context.access_token_lifetime.as_secs();
        members.insert("iat".to_owned(), exp.saturating_sub(lifetime).into());
    }
    response
}
