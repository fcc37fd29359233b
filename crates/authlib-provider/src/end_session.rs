//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2 and §3).

use authlib_core::message::{Request, Response};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::exchange::{self, Fields, field};
use crate::fault::Fault;
use crate::pages;
use crate::provider::Provider;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if let Some(cookie) = exchange::cookie(request, "op_session") {
        provider.state().sessions.remove(&cookie);
    }
    let hinted = field(fields, "id_token_hint").map(|hint| client_of(provider, hint));
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
    let known = client.and_then(|id| provider.client(&id));
    if !known.is_some_and(|client| client.may_return_to(uri)) {
        return pages::problem("The address to return to after the logout is not registered.");
    }
    let mut back: Fields = Vec::new();
    if let Some(state) = field(fields, "state") {
        back.push(("state".to_owned(), state.to_owned()));
    }
    for quirk in provider.quirks() {
        match quirk {
            Fault::AuthorizationMissing(name) => back.retain(|(known, _)| *known != name),
            Fault::AuthorizationParam(name, value) if name == "state" => back = vec![(name, value)],
            _ => {}
        }
    }
    if back.is_empty() {
        return exchange::redirect(uri);
    }
    exchange::redirect(&exchange::with_query(uri, &back))
}

/// The client for which an ID token was issued here. One that has expired is as good (§2).
fn client_of(provider: &Provider, token: &str) -> Option<String> {
    let algorithm = jsonwebtoken::decode_header(token).ok()?.alg;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[provider.issuer()]);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let keys = provider.state().keys.clone();
    let known = keys.iter().filter(|key| key.algorithm == algorithm);
    let public = known.clone().filter_map(|key| {
        let jwk: Jwk = serde_json::from_value(key.public.clone()).ok()?;
        DecodingKey::from_jwk(&jwk).ok()
    });
    let shared = known.filter(|key| key.public.is_null()).flat_map(|_| {
        let secrets = provider.secrets();
        secrets.into_iter().map(|secret| DecodingKey::from_secret(secret.as_bytes()))
    });
    public.chain(shared).find_map(|key| {
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
        claims.get("aud")?.as_str().map(ToOwned::to_owned)
    })
}
