//! `/oauth1/api/`: a small API for signed requests (RFC 5849 §3).

use authlib_core::message::{Request, Response};
use serde_json::{Value, json};

use super::problem::Problem;
use super::verify::verify;
use crate::response::json_response;
use crate::state::Context;

/// Echoes the request: the user, the signed parameters of query and form, and any other body.
pub(super) fn handle(context: &Context, request: &Request) -> Result<Response, Problem> {
    let mut sub = String::new();
    let verified = verify(context, request, |state, client, token| {
        let token = state.tokens.get(token?).filter(|token| token.client == client)?;
        sub.clone_from(&token.sub);
        Some(token.secret.clone())
    })?;
    let user = context.state().user(&sub);
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
    let pairs = verified.protocol.others.iter();
    let parameters: Vec<_> = pairs.map(|(name, value)| [text(name), text(value)]).collect();
    let response = json!({
        "client": verified.client,
        "sub": sub,
        "user": user.claims_for("profile email"),
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "parameters": parameters,
        "signature_method": verified.protocol.get("oauth_signature_method"),
        "body": text(request.body()),
    });
    Ok(json_response(200, &response))
}
