//! Token exchange (RFC 8693 §2).

use authlib_core::message::Response;
use serde_json::{Value, json};

use super::jwt_bearer::trusted;
use super::{scope, token_response};
use crate::protocol::verify;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

pub(crate) fn handle(context: &Context, client: &str, fields: &Fields) -> Response {
    exchanged(context, client, fields).unwrap_or_else(|rejection| *rejection)
}

fn exchanged(context: &Context, client: &str, fields: &Fields) -> Result<Response, Box<Response>> {
    if field(fields, "requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(rejected("only the token type `access_token` is issued"));
    }
    let subject = party(context, fields, "subject_token")?
        .ok_or_else(|| rejected("`subject_token` is missing"))?;
    let actor = party(context, fields, "actor_token")?;
    let mut grant = scope::grant(context, client, &subject.sub, fields)?;
    if grant.scope.is_empty() {
        grant.scope = subject.scope;
    } else if subject.is_ours && !is_within(&grant.scope, &subject.scope) {
        return Err(Box::new(error(
            400,
            "invalid_scope",
            "the subject token does not have this scope",
        )));
    }
    // The current actor is outermost, prior actors are nested (§4.1).
    grant.actor = match (actor, subject.actor) {
        (Some(actor), None) => Some(json!({ "sub": actor.sub })),
        (Some(actor), Some(before)) => Some(json!({ "sub": actor.sub, "act": before })),
        (None, before) => before,
    };
    Ok(token_response::exchanged(context, &grant, ACCESS_TOKEN))
}

/// The party that a token of the request represents.
struct Party {
    sub: String,
    scope: String,
    actor: Option<Value>,
    /// Whether this provider issued the token.
    is_ours: bool,
}

/// The party of the token in this field, whose type is in `NAME_type` (§2.1).
fn party(context: &Context, fields: &Fields, name: &str) -> Result<Option<Party>, Box<Response>> {
    let kind = field(fields, &format!("{name}_type"));
    let Some(token) = field(fields, name) else {
        return match kind {
            Some(_) => Err(rejected("a token type is present without its token")),
            None => Ok(None),
        };
    };
    let party = match kind {
        Some(ACCESS_TOKEN) => issued_here(context, token),
        Some(JWT) => issued_elsewhere(context, token),
        _ => return Err(rejected("a token type is missing or not supported")),
    };
    party.map(Some).ok_or_else(|| rejected("a token of the request is not valid"))
}

fn issued_here(context: &Context, token: &str) -> Option<Party> {
    let grant = context.state().grants.access(token, context.now())?.grant.clone();
    Some(Party { sub: grant.sub, scope: grant.scope, actor: grant.actor, is_ours: true })
}

/// A JWT may be exchanged repeatedly, once for each service that is called.
fn issued_elsewhere(context: &Context, token: &str) -> Option<Party> {
    let trusted = trusted(context, token).ok()?;
    let scope = verify::text(&trusted.claims, "scope").unwrap_or_default().to_owned();
    let actor = trusted.claims.get("act").filter(|actor| actor.is_object()).cloned();
    Some(Party { sub: trusted.sub().to_owned(), scope, actor, is_ours: false })
}

fn is_within(asked: &str, granted: &str) -> bool {
    asked.split(' ').all(|scope| granted.split(' ').any(|known| known == scope))
}

/// A token that is not valid is an `invalid_request` here, not an `invalid_grant` (§2.2.2).
fn rejected(description: &str) -> Box<Response> {
    Box::new(error(400, "invalid_request", description))
}
