//! The token endpoint (RFC 6749 §3.2, §4.1.3, §5 and §6).

use authlib_core::message::{Request, Response};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::{Value, json};

use crate::access::{Access, Grant, Refresh};
use crate::assertion;
use crate::exchange::{self, Fields, error, field, json_response};
use crate::id_token;
use crate::provider::{Provider, unguessable};
use crate::quirk::Quirk;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() != Method::POST {
        return error(405, "invalid_request", "the token endpoint takes POST only");
    }
    if let Some(name) = exchange::repeated(fields) {
        return error(400, "invalid_request", &format!("`{name}` stands there twice"));
    }
    let client = match authenticated(provider, request, fields) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    match field(fields, "grant_type") {
        Some("authorization_code") => code(provider, &client, fields),
        Some("refresh_token") => refresh(provider, &client, fields),
        Some(_) => error(400, "unsupported_grant_type", "codes and refresh tokens only"),
        None => error(400, "invalid_request", "`grant_type` is missing"),
    }
}

/// The client's id, once it has proven itself in exactly one way (RFC 6749 §2.3).
pub(crate) fn authenticated(
    provider: &Provider,
    request: &Request,
    fields: &Fields,
) -> Result<String, Box<Response>> {
    let basic = exchange::header(request, "authorization").map(basic_credentials);
    let post = field(fields, "client_secret");
    if assertion::is_there(fields) {
        if basic.is_some() || post.is_some() {
            return Err(Box::new(error(400, "invalid_request", "two ways of authentication")));
        }
        let (method, id) = assertion::verified(provider, fields).ok_or_else(unauthorized)?;
        let wanted = provider.client(&id).and_then(|client| client.auth_method.as_deref());
        return if wanted.is_none_or(|wanted| wanted == method) {
            Ok(id)
        } else {
            Err(unauthorized())
        };
    }
    let (method, id, secret) = match (basic, post) {
        (Some(_), Some(_)) => {
            return Err(Box::new(error(400, "invalid_request", "two ways of authentication")));
        }
        (Some(Some((id, secret))), None) => ("client_secret_basic", id, Some(secret)),
        (Some(None), None) => return Err(unauthorized()),
        (None, secret) => {
            let id = field(fields, "client_id").unwrap_or_default().to_owned();
            let method = if secret.is_some() { "client_secret_post" } else { "none" };
            (method, id, secret.map(ToOwned::to_owned))
        }
    };
    let client = provider.client(&id).ok_or_else(unauthorized)?;
    let wanted = client.auth_method.as_deref();
    let proven = match (&client.secret, &secret) {
        (Some(known), Some(secret)) => {
            verify_slices_are_equal(known.as_bytes(), secret.as_bytes()).is_ok()
        }
        (known, secret) => known == secret,
    };
    // Who has registered keys is no public client.
    let proven = proven && (secret.is_some() || client.jwks.is_none());
    if !proven || wanted.is_some_and(|wanted| wanted != method) {
        return Err(unauthorized());
    }
    Ok(id)
}

pub(crate) fn unauthorized() -> Box<Response> {
    let mut response = error(401, "invalid_client", "the client did not authenticate rightly");
    exchange::set(&mut response, header::WWW_AUTHENTICATE, "Basic realm=\"token\"");
    Box::new(response)
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let encoded = exchange::credentials(header, "basic")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        exchange::parse(&format!("x={part}")).into_iter().next().map(|(_, value)| value)
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn code(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let refused = |why| error(400, "invalid_grant", why);
    let Some(code) = field(fields, "code") else {
        return error(400, "invalid_request", "`code` is missing");
    };
    let mut state = provider.state();
    let Some(record) = state.granted.codes.get_mut(code) else {
        return refused("this code was never given");
    };
    if record.grant.client != client {
        return refused("this code was given to another client");
    }
    if std::mem::replace(&mut record.used, true) {
        let family = record.grant.family;
        state.granted.revoke(family);
        return refused("this code was used before");
    }
    let record = record.clone();
    drop(state);
    if record.expires_at <= provider.now() {
        return refused("this code has expired");
    }
    if field(fields, "redirect_uri") != Some(record.redirect_uri.as_str()) {
        return refused("the redirect URI is not the one of the authorization request");
    }
    let verified = match (&record.code_challenge, field(fields, "code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let hash = digest(&SHA256, verifier.as_bytes());
            URL_SAFE_NO_PAD.encode(hash) == *challenge
        }
        _ => false,
    };
    if !verified && !provider.has(&Quirk::PkceIgnored) {
        return refused("the code verifier does not fit the challenge");
    }
    granted(provider, &record.grant, false)
}

fn refresh(provider: &Provider, client: &str, fields: &Fields) -> Response {
    let refused = |why| error(400, "invalid_grant", why);
    if provider.has(&Quirk::RefreshRefused) {
        return refused("this refresh token is of no more use");
    }
    let keep = provider.has(&Quirk::NoRotation);
    let Some(token) = field(fields, "refresh_token") else {
        return error(400, "invalid_request", "`refresh_token` is missing");
    };
    let mut state = provider.state();
    let Some(record) = state.granted.refresh.get_mut(token) else {
        return refused("this refresh token was never given or is revoked");
    };
    let grant = record.grant.clone();
    if grant.client != client {
        return refused("this refresh token was given to another client");
    }
    if std::mem::replace(&mut record.used, !keep) {
        state.granted.revoke(grant.family);
        return refused("this refresh token was used before; all of its family are revoked");
    }
    drop(state);
    granted(provider, &grant, true)
}

/// New tokens for a grant.
fn granted(provider: &Provider, grant: &Grant, refreshed: bool) -> Response {
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
