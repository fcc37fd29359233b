//! Token exchange (RFC 8693 §2).

use authlib_core::message::Response;
use serde_json::{Value, json};

use super::jwt_bearer::trusted;
use super::{answer, request};
use crate::exchange::{Fields, error, field};
use crate::jwt;
use crate::provider::Provider;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

pub(crate) fn handle(provider: &Provider, client: &str, fields: &Fields) -> Response {
    exchanged(provider, client, fields).unwrap_or_else(|refusal| *refusal)
}

fn exchanged(
    provider: &Provider,
    client: &str,
    fields: &Fields,
) -> Result<Response, Box<Response>> {
    if field(fields, "requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(refused("only access tokens are issued"));
    }
    let subject = party(provider, fields, "subject_token")?
        .ok_or_else(|| refused("`subject_token` is missing"))?;
    let actor = party(provider, fields, "actor_token")?;
    let mut grant = request::grant(provider, client, &subject.sub, fields)?;
    if grant.scope.is_empty() {
        grant.scope = subject.scope;
    } else if subject.is_ours && !is_within(&grant.scope, &subject.scope) {
        return Err(Box::new(error(400, "invalid_scope", "the subject token has not this scope")));
    }
    // The current actor is the outermost, those before it are inside (§4.1).
    grant.actor = match (actor, subject.actor) {
        (Some(actor), None) => Some(json!({ "sub": actor.sub })),
        (Some(actor), Some(before)) => Some(json!({ "sub": actor.sub, "act": before })),
        (None, before) => before,
    };
    Ok(answer::exchanged(provider, &grant, ACCESS_TOKEN))
}

/// Whom a token of the request stands for.
struct Party {
    sub: String,
    scope: String,
    actor: Option<Value>,
    /// Whether this provider issued the token.
    is_ours: bool,
}

/// The party of the token in this field, whose type stands in a field beside it (§2.1).
fn party(provider: &Provider, fields: &Fields, name: &str) -> Result<Option<Party>, Box<Response>> {
    let kind = field(fields, &format!("{name}_type"));
    let Some(token) = field(fields, name) else {
        return match kind {
            Some(_) => Err(refused("there is the type of a token, but not the token")),
            None => Ok(None),
        };
    };
    let party = match kind {
        Some(ACCESS_TOKEN) => issued_here(provider, token),
        Some(JWT) => issued_elsewhere(provider, token),
        _ => return Err(refused("a token's type is missing or not known")),
    };
    party.map(Some).ok_or_else(|| refused("a token of the request is not good"))
}

fn issued_here(provider: &Provider, token: &str) -> Option<Party> {
    let known = provider.state().granted.access.get(token).cloned();
    let grant = known.filter(|access| access.expires_at > provider.now())?.grant;
    Some(Party { sub: grant.sub, scope: grant.scope, actor: grant.actor, is_ours: true })
}

/// A JWT may be exchanged several times: for each service that is called.
fn issued_elsewhere(provider: &Provider, token: &str) -> Option<Party> {
    let trusted = trusted(provider, token).ok()?;
    let scope = jwt::text(&trusted.claims, "scope").unwrap_or_default().to_owned();
    let actor = trusted.claims.get("act").filter(|actor| actor.is_object()).cloned();
    Some(Party { sub: trusted.sub().to_owned(), scope, actor, is_ours: false })
}

fn is_within(asked: &str, granted: &str) -> bool {
    asked.split(' ').all(|scope| granted.split(' ').any(|known| known == scope))
}

/// Tokens that are not good are an `invalid_request` here, and not an `invalid_grant` (§2.2.2).
fn refused(why: &str) -> Box<Response> {
    Box::new(error(400, "invalid_request", why))
}
