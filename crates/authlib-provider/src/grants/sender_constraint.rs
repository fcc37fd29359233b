//! Tokens that are bound to a DPoP key (RFC 9449 §5).

use authlib_core::message::{Request, Response};
use serde_json::Value;

use crate::fault::Fault;
use crate::protocol::dpop;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

/// Checks the proof of a token request: the thumbprint of its key, if there is one.
///
/// # Errors
///
/// The error response.
pub(crate) fn check(
    context: &Context,
    request: &Request,
    client: &str,
    fields: &Fields,
) -> Result<Option<String>, Box<Response>> {
    let jkt = dpop::thumbprint(context, request, None)?;
    let rejected = |code, why| Err(Box::new(error(400, code, why)));
    let client = context.client(client);
    if jkt.is_none() && client.as_ref().is_some_and(|client| client.dpop_bound) {
        return rejected("invalid_dpop_proof", "this client must send a DPoP proof");
    }
    let state = context.state();
    let code = field(fields, "code").and_then(|code| state.grants.codes.get(code));
    // A code is bound by `dpop_jkt` (§10), the refresh token of a public client by its first proof (§5).
    let is_public = client.is_some_and(|client| client.secret.is_none() && client.jwks.is_none());
    let refresh = field(fields, "refresh_token")
        .and_then(|token| state.grants.refresh_tokens.get(token))
        .filter(|_| is_public);
    let bound = code.map(|code| &code.grant).or_else(|| refresh.map(|refresh| &refresh.grant));
    if bound.is_some_and(|grant| grant.jkt.is_some() && grant.jkt != jkt) {
        return rejected("invalid_grant", "the proof is of another key than the grant");
    }
    Ok(jkt)
}

/// Binds the tokens of a response to the key.
pub(crate) fn bind(context: &Context, mut response: Response, jkt: Option<String>) -> Response {
    let Some(jkt) = jkt else { return response };
    let set = context.faults().into_iter().find_map(|fault| match fault {
        Fault::Token(name, value) if name == "token_type" => Some(value),
        _ => None,
    });
    let jkt = Some(jkt).filter(|_| set.as_ref().is_none_or(|set| set != "Bearer"));
    let Ok(Value::Object(mut members)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let mut state = context.state();
    if let Some(access) =
        text("access_token").and_then(|token| state.grants.access_tokens.get_mut(token))
    {
        access.grant.jkt.clone_from(&jkt);
    }
    if let Some(refresh) =
        text("refresh_token").and_then(|token| state.grants.refresh_tokens.get_mut(token))
    {
        refresh.grant.jkt = jkt;
    }
    drop(state);
    if members.contains_key("access_token") && set.is_none() {
        members.insert("token_type".to_owned(), "DPoP".into());
        *response.body_mut() = Value::Object(members).to_string().into_bytes();
    }
    response
}
