//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2 and §3).

use authlib_core::message::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::exchange::{self, Fields, field};
use crate::pages;
use crate::provider::Provider;
use crate::quirk::Quirk;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if let Some(cookie) = exchange::cookie(request, "op_session") {
        provider.state().sessions.remove(&cookie);
    }
    let hinted = field(fields, "id_token_hint").map(client_of);
    let client = match (hinted, field(fields, "client_id")) {
        (Some(None), _) => {
            return pages::problem("The ID token hint is no token of this provider.");
        }
        (Some(Some(hinted)), Some(id)) if hinted != id => {
            return pages::problem("The ID token hint belongs to another client.");
        }
        (Some(Some(hinted)), _) => Some(hinted),
        (None, id) => id.map(ToOwned::to_owned),
    };
    let Some(uri) = field(fields, "post_logout_redirect_uri") else {
        return pages::logged_out();
    };
    let known = client.and_then(|id| provider.client(&id).cloned());
    if !known.is_some_and(|client| client.may_return_to(uri)) {
        return pages::problem("The address to return to after the logout is not registered.");
    }
    let mut back: Fields = Vec::new();
    if let Some(state) = field(fields, "state") {
        back.push(("state".to_owned(), state.to_owned()));
    }
    for quirk in provider.quirks() {
        match quirk {
            Quirk::AuthorizationMissing(name) => back.retain(|(known, _)| *known != name),
            Quirk::AuthorizationParam(name, value) if name == "state" => back = vec![(name, value)],
            _ => {}
        }
    }
    if back.is_empty() {
        return exchange::redirect(uri);
    }
    exchange::redirect(&exchange::with_query(uri, &back))
}

/// The audience of an ID token. Its signature is not asked for: the hint opens nothing here, it only
/// saves a question.
fn client_of(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("aud")?.as_str().map(ToOwned::to_owned)
}
