//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2 and §3).

use authlib_core::message::{Request, Response};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use super::authorize;
use crate::fault::Fault;
use crate::pages;
use crate::request::{self, Fields, field};
use crate::response;
use crate::state::Context;

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if let Some(cookie) = request::cookie(request, authorize::SESSION_COOKIE) {
        context.state().sessions.remove(&cookie);
    }
    let hinted = field(fields, "id_token_hint").map(|hint| client_of(context, hint));
    let client = match (hinted, field(fields, "client_id")) {
        (Some(None), _) => {
            return pages::problem("`id_token_hint` was not issued by this provider.");
        }
        (Some(Some(hinted)), Some(id)) if hinted != id => {
            return pages::problem("`id_token_hint` was issued to another client.");
        }
        (Some(Some(hinted)), _) => Some(hinted),
        (None, id) => id.map(ToOwned::to_owned),
    };
    let Some(uri) = field(fields, "post_logout_redirect_uri") else {
        return pages::message("You are logged out", "You can close this page.");
    };
    let known = client.and_then(|id| context.client(&id));
    if !known.is_some_and(|client| client.accepts_post_logout_redirect_uri(uri)) {
        return pages::problem(&format!(
            "post_logout_redirect_uri “{uri}” is not registered for this client."
        ));
    }
    let mut back: Fields = Vec::new();
    if let Some(state) = field(fields, "state") {
        back.push(("state".to_owned(), state.to_owned()));
    }
    for fault in context.faults() {
        match fault {
            Fault::AuthorizationMissing(name) => back.retain(|(known, _)| *known != name),
            Fault::AuthorizationParam(name, value) if name == "state" => back = vec![(name, value)],
            _ => {}
        }
    }
    if back.is_empty() {
        return response::redirect(uri);
    }
    response::redirect(&response::with_query(uri, &back))
}

/// The client that an ID token of this provider was issued to. It may have expired (§2).
fn client_of(context: &Context, token: &str) -> Option<String> {
    let algorithm = jsonwebtoken::decode_header(token).ok()?.alg;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[context.issuer.as_str()]);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let keys = context.state().keys.clone();
    let known = keys.iter().filter(|key| key.algorithm == algorithm);
    let public = known.clone().filter_map(|key| {
        let jwk: Jwk = serde_json::from_value(key.public.clone()).ok()?;
        DecodingKey::from_jwk(&jwk).ok()
    });
    let shared = known.filter(|key| key.public.is_null()).flat_map(|_| {
        let secrets = context.client_secrets();
        secrets.into_iter().map(|secret| DecodingKey::from_secret(secret.as_bytes()))
    });
    public.chain(shared).find_map(|key| {
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
        claims.get("aud")?.as_str().map(ToOwned::to_owned)
    })
}
