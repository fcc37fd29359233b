//! The pushed authorization request endpoint (RFC 9126 §2).

use std::time::Duration;

use authlib_core::message::{Request, Response};
use http::Method;
use serde_json::json;

use super::authorize;
use crate::fault::Fault;
use crate::protocol::client_auth::authenticate;
use crate::protocol::{dpop, request_object};
use crate::random;
use crate::request::{self, Fields, field};
use crate::response::{error, json_response, set_member};
use crate::state::Context;
use crate::state::grants::PushedRequest;

/// What every `request_uri` begins with (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

const LIFETIME: Duration = Duration::from_secs(60);

/// The most requests that wait for their browser. Beyond, all are dropped.
const MAX: usize = 10_000;

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "this endpoint accepts POST only");
    }
    if let Some(name) = request::repeated_except(fields, &["resource"]) {
        return error(400, "invalid_request", &format!("parameter `{name}` is repeated"));
    }
    let client = match authenticate(context, request, fields) {
        Ok(client) => client,
        Err(rejection) => return *rejection,
    };
    if field(fields, "request_uri").is_some() {
        return error(400, "invalid_request", "`request_uri` must not be pushed");
    }
    if field(fields, "client_id") != Some(client.as_str()) {
        return error(400, "invalid_request", "`client_id` is not the authenticated client");
    }
    let secrets = ["client_secret", "client_assertion", "client_assertion_type"];
    let mut kept = fields.clone();
    kept.retain(|(name, _)| !secrets.contains(&name.as_str()));
    let mut kept = match request_object::resolve(context, &kept) {
        Ok(kept) => kept,
        Err(problem) => return error(400, "invalid_request_object", &problem),
    };
    match dpop::thumbprint(context, request, None) {
        Err(rejection) => return *rejection,
        Ok(None) => {}
        // The proof binds the code (RFC 9449 §10.1).
        Ok(Some(jkt)) => match field(&kept, "dpop_jkt") {
            Some(named) if named != jkt => {
                return error(
                    400,
                    "invalid_request",
                    "the proof is of another key than `dpop_jkt`",
                );
            }
            Some(_) => {}
            None => kept.push(("dpop_jkt".to_owned(), jkt)),
        },
    }
    if let Err((code, description)) = authorize::validate(context, &kept) {
        return error(400, code, &description);
    }
    let request_uri = format!("{PREFIX}{}", random::token());
    let pushed = PushedRequest { fields: kept, expires_at: context.now() + LIFETIME };
    let mut state = context.state();
    if state.pushed_requests.len() >= MAX {
        state.pushed_requests.clear();
    }
    state.pushed_requests.insert(request_uri.clone(), pushed);
    drop(state);
    let mut response = json!({ "request_uri": request_uri, "expires_in": LIFETIME.as_secs() });
    for fault in context.faults() {
        if let (Fault::PushedAuthorization(name, value), Some(members)) =
            (fault, response.as_object_mut())
        {
            set_member(members, name, value);
        }
    }
    json_response(201, &response)
}

/// The request that the browser stands for: the pushed one, which can be used once (RFC 9126 §4), or the request
/// itself.
pub(crate) fn resolve(context: &Context, fields: &Fields) -> Result<Fields, String> {
    let Some(request_uri) = field(fields, "request_uri").filter(|uri| uri.starts_with(PREFIX))
    else {
        return match context.pushed_authorization {
            Some(true) => Err("The authorization request must be pushed (RFC 9126).".to_owned()),
            _ => request_object::resolve(context, fields),
        };
    };
    let pushed = context.state().pushed_requests.remove(request_uri);
    let pushed = pushed.filter(|pushed| pushed.expires_at > context.now());
    let pushed = pushed.ok_or("`request_uri` is unknown, was used, or has expired.")?;
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    if names != ["client_id", "request_uri"] {
        return Err("The browser must send `client_id` and `request_uri` only.".to_owned());
    }
    if field(fields, "client_id") != field(&pushed.fields, "client_id") {
        return Err("`request_uri` belongs to another client.".to_owned());
    }
    Ok(pushed.fields)
}
