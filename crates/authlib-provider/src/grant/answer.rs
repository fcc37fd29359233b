//! The answer of the token endpoint (RFC 6749 §5.1).

use authlib_core::message::Response;
use serde_json::{Map, Value};

use crate::access::{Access, Grant, Refresh};
use crate::exchange::{json_response, respond};
use crate::fault::Fault;
use crate::id_token;
use crate::provider::{Provider, unguessable};

/// New tokens of a user's grant: a refresh token too, and an ID token where `openid` is granted.
pub(crate) fn login(provider: &Provider, grant: &Grant, refreshed: bool) -> Response {
    let access_token = unguessable();
    let mut members = Map::new();
    if grant.scope.split(' ').any(|scope| scope == "openid") && !provider.has(&Fault::NoIdToken) {
        let Some(id_token) = id_token::make(provider, grant, &access_token, refreshed) else {
            return json_response(500, &"no token could be signed".into());
        };
        members.insert("id_token".to_owned(), id_token.into());
    }
    let rotates = !(refreshed && provider.has(&Fault::NoRotation));
    if rotates {
        let token = unguessable();
        members.insert("refresh_token".to_owned(), token.clone().into());
        let record = Refresh { grant: grant.clone(), used: false };
        provider.state().granted.refresh.insert(token, record);
    }
    answer(provider, grant, access_token, members)
}

/// An access token alone.
pub(crate) fn access_only(provider: &Provider, grant: &Grant) -> Response {
    answer(provider, grant, unguessable(), Map::new())
}

/// As [`access_only`], with what a token exchange answers beside it (RFC 8693 §2.2.1).
pub(crate) fn exchanged(provider: &Provider, grant: &Grant, issued_token_type: &str) -> Response {
    let mut members = Map::new();
    members.insert("issued_token_type".to_owned(), issued_token_type.into());
    answer(provider, grant, unguessable(), members)
}

/// The answer with this access token, which is good from now on, and `members`.
fn answer(
    provider: &Provider,
    grant: &Grant,
    access_token: String,
    mut members: Map<String, Value>,
) -> Response {
    let lifetime = provider.inner().lifetime;
    members.insert("access_token".to_owned(), access_token.clone().into());
    members.insert("token_type".to_owned(), "Bearer".into());
    members.insert("expires_in".to_owned(), lifetime.as_secs().into());
    // A scope is never an empty text (RFC 6749 §3.3).
    if !grant.scope.is_empty() {
        members.insert("scope".to_owned(), grant.scope.clone().into());
    }
    let record = Access { grant: grant.clone(), expires_at: provider.now() + lifetime };
    provider.state().granted.access.insert(access_token, record);
    for quirk in provider.quirks() {
        match quirk {
            Fault::Token(name, value) => {
                members.insert(name, value);
            }
            Fault::TokenMissing(name) => {
                members.remove(&name);
            }
            _ => {}
        }
    }
    if provider.has(&Fault::TokenForm) {
        return form(&members);
    }
    json_response(200, &members.into())
}

fn form(members: &Map<String, Value>) -> Response {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value.as_str() {
            Some(text) => form.append_pair(name, text),
            None => form.append_pair(name, &value.to_string()),
        };
    }
    respond(200, "application/x-www-form-urlencoded", form.finish())
}
