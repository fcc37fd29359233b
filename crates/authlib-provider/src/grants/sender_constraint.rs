//! Tokens that are bound to a DPoP key (RFC 9449 §5) or to a certificate (RFC 8705 §3).

use authlib_core::message::{Request, Response};
use serde_json::Value;

use crate::fault::Fault;
use crate::peer_certificate::PeerCertificate;
use crate::protocol::dpop;
use crate::request::{Fields, field};
use crate::response::error;
use crate::state::Context;

/// What the tokens of a response are bound to.
#[derive(Debug)]
pub(crate) struct Constraint {
    /// The thumbprint of the DPoP key.
    jkt: Option<String>,
    /// The thumbprint of the certificate.
    x5t: Option<String>,
}

/// Checks the proof and the certificate of a token request.
///
/// # Errors
///
/// The error response.
pub(crate) fn check(
    context: &Context,
    request: &Request,
    client: &str,
    fields: &Fields,
) -> Result<Constraint, Box<Response>> {
    let jkt = dpop::thumbprint(context, request, None)?;
    let rejected = |code, why| Err(Box::new(error(400, code, why)));
    let client = context.client(client);
    if jkt.is_none() && client.as_ref().is_some_and(|client| client.dpop_bound) {
        return rejected("invalid_dpop_proof", "this client must send a DPoP proof");
    }
    let binds = client.as_ref().is_some_and(|client| client.certificate_bound);
    let presented = request.extensions().get().map(PeerCertificate::thumbprint);
    if binds && presented.is_none() {
        return rejected("invalid_request", "this client must use mutual TLS (RFC 8705 §3)");
    }
    let state = context.state();
    let code = field(fields, "code").and_then(|code| state.grants.codes.get(code));
    // A code is bound by `dpop_jkt` (§10), the refresh token of a public client by its first proof (§5).
    let is_public = client.is_some_and(|client| !client.is_confidential());
    let refresh = field(fields, "refresh_token")
        .and_then(|token| state.grants.refresh_tokens.get(token))
        .filter(|_| is_public);
    let bound = code.map(|code| &code.grant).or_else(|| refresh.map(|refresh| &refresh.grant));
    if bound.is_some_and(|grant| grant.jkt.is_some() && grant.jkt != jkt) {
        return rejected("invalid_grant", "the proof is of another key than the grant");
    }
    // RFC 8705 §4.
    if bound.is_some_and(|grant| grant.x5t.is_some() && grant.x5t != presented) {
        return rejected("invalid_grant", "the certificate is another than that of the grant");
    }
    Ok(Constraint { jkt, x5t: presented.filter(|_| binds) })
}

/// Binds the tokens of a response.
pub(crate) fn bind(context: &Context, mut response: Response, constraint: Constraint) -> Response {
    let Constraint { jkt, x5t } = constraint;
    if jkt.is_none() && x5t.is_none() {
        return response;
    }
    let set = context.faults().into_iter().find_map(|fault| match fault {
        Fault::Token(name, value) if name == "token_type" => Some(value),
        _ => None,
    });
    let jkt = jkt.filter(|_| set.as_ref().is_none_or(|set| set != "Bearer"));
    let Ok(Value::Object(mut members)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let mut state = context.state();
    let grants = &mut state.grants;
    let access = text("access_token").and_then(|token| grants.access_tokens.get_mut(token));
    let refresh = text("refresh_token").and_then(|token| grants.refresh_tokens.get_mut(token));
    let access = access.map(|access| &mut access.grant);
    for grant in access.into_iter().chain(refresh.map(|refresh| &mut refresh.grant)) {
        grant.jkt.clone_from(&jkt);
        grant.x5t.clone_from(&x5t);
    }
    drop(state);
    if jkt.is_some() && members.contains_key("access_token") && set.is_none() {
        members.insert("token_type".to_owned(), "DPoP".into());
        *response.body_mut() = Value::Object(members).to_string().into_bytes();
    }
    response
}
