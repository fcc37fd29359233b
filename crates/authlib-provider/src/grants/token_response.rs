//! The token response (RFC 6749 §5.1).

use authlib_core::message::Response;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::protocol::id_token;
use crate::random;
use crate::response::{json_response, respond};
use crate::state::Context;
use crate::state::grants::{AccessToken, Grant, RefreshToken};

/// New tokens for a user's grant: with a refresh token, and with an ID token if `openid` is granted.
pub(crate) fn login(context: &Context, grant: &Grant) -> Response {
    tokens(context, grant, grant, false)
}

/// New tokens after a refresh: the access token has a grant of its own.
pub(crate) fn refreshed(context: &Context, grant: &Grant, access: &Grant) -> Response {
    tokens(context, grant, access, true)
}

fn tokens(context: &Context, grant: &Grant, access: &Grant, refreshed: bool) -> Response {
    let access_token = random::token();
    let mut members = Map::new();
    if grant.scope.split(' ').any(|scope| scope == "openid") && !context.has(&Fault::NoIdToken) {
        let Some(id_token) = id_token::issue(context, grant, &access_token, refreshed) else {
            return json_response(500, &"the ID token could not be signed".into());
        };
        members.insert("id_token".to_owned(), id_token.into());
    }
    let rotates = !(refreshed && context.has(&Fault::NoRotation));
    if rotates {
        let token = random::token();
        members.insert("refresh_token".to_owned(), token.clone().into());
        let record = RefreshToken { grant: grant.clone(), used: false };
        context.state().grants.refresh_tokens.insert(token, record);
    }
    respond_with(context, access, access_token, members)
}

/// An access token alone.
pub(crate) fn access_only(context: &Context, grant: &Grant) -> Response {
    respond_with(context, grant, random::token(), Map::new())
}

/// An access token of an authorization response (OpenID Connect Core §3.2.2.5).
pub(crate) fn front_channel(context: &Context, grant: &Grant) -> String {
    let access_token = random::token();
    let expires_at = context.now() + context.access_token_lifetime;
    let record = AccessToken { grant: grant.clone(), expires_at };
    context.state().grants.access_tokens.insert(access_token.clone(), record);
    access_token
}

/// As [`access_only`], with the members of a token exchange response (RFC 8693 §2.2.1).
pub(crate) fn exchanged(context: &Context, grant: &Grant, issued_token_type: &str) -> Response {
    let mut members = Map::new();
    members.insert("issued_token_type".to_owned(), issued_token_type.into());
    respond_with(context, grant, random::token(), members)
}

/// Stores the access token and responds with it and `members`.
fn respond_with(
    context: &Context,
    grant: &Grant,
    access_token: String,
    mut members: Map<String, Value>,
) -> Response {
    let lifetime = context.access_token_lifetime;
    members.insert("access_token".to_owned(), access_token.clone().into());
    members.insert("token_type".to_owned(), "Bearer".into());
    members.insert("expires_in".to_owned(), lifetime.as_secs().into());
    // A scope is never empty (RFC 6749 §3.3).
    if !grant.scope.is_empty() {
        members.insert("scope".to_owned(), grant.scope.clone().into());
    }
    let record = AccessToken { grant: grant.clone(), expires_at: context.now() + lifetime };
    context.state().grants.access_tokens.insert(access_token, record);
    for fault in context.faults() {
        match fault {
            Fault::Token(name, value) => {
                members.insert(name, value);
            }
            Fault::TokenMissing(name) => {
                members.remove(&name);
            }
            _ => {}
        }
    }
    if context.has(&Fault::TokenForm) {
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
