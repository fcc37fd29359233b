//! The answer of the token endpoint (RFC 6749 §5.1).

use authlib_core::message::Response;
use serde_json::{Value, json};

use crate::access::{Access, Grant, Refresh};
use crate::exchange::json_response;
use crate::id_token;
use crate::provider::{Provider, unguessable};
use crate::quirk::Quirk;

/// New tokens for a grant.
pub(crate) fn login(provider: &Provider, grant: &Grant, refreshed: bool) -> Response {
    let access_token = unguessable();
    let lifetime = provider.inner().lifetime;
    let mut answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": grant.scope,
    });
    let Some(members) = answer.as_object_mut() else { return answerless() };
    if grant.scope.split(' ').any(|scope| scope == "openid") && !provider.has(&Quirk::NoIdToken) {
        match id_token::make(provider, grant, &access_token, refreshed) {
            Some(id_token) => members.insert("id_token".to_owned(), id_token.into()),
            None => return answerless(),
        };
    }
    let mut state = provider.state();
    let expires_at = provider.now() + lifetime;
    state.granted.access.insert(access_token, Access { grant: grant.clone(), expires_at });
    let rotates = !(refreshed && state.quirks.contains(&Quirk::NoRotation));
    if rotates {
        let token = unguessable();
        members.insert("refresh_token".to_owned(), token.clone().into());
        state.granted.refresh.insert(token, Refresh { grant: grant.clone(), used: false });
    }
    for quirk in &state.quirks {
        match quirk {
            Quirk::Token(name, value) => {
                members.insert(name.clone(), value.clone());
            }
            Quirk::TokenMissing(name) => {
                members.remove(name);
            }
            _ => {}
        }
    }
    drop(state);
    json_response(200, &answer)
}

fn answerless() -> Response {
    json_response(500, &Value::String("no token could be signed".to_owned()))
}
