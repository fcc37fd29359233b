//! `/oauth1/request_token`: temporary credentials (RFC 5849 §2.1).

use authlib_core::message::{Request, Response};
use http::Method;

use super::TEMPORARY_LIFETIME;
use super::problem::Problem;
use super::verify::verify;
use crate::fault::Fault;
use crate::random;
use crate::request::Fields;
use crate::response::{json_response, respond};
use crate::state::Context;
use crate::state::oauth1::{MAX, TemporaryCredentials};

pub(super) fn handle(context: &Context, request: &Request) -> Result<Response, Problem> {
    only_post(request)?;
    let verified = verify(context, request, |_, _, token| token.is_none().then(String::new))?;
    let callback = verified.protocol.required("oauth_callback")?;
    let out_of_band = callback == "oob";
    let known = context.client(&verified.client);
    if !out_of_band && !known.is_some_and(|client| client.accepts_redirect_uri(callback)) {
        return Err(Problem::malformed("parameter_rejected", "oauth_callback is not registered"));
    }
    let (token, secret) = (random::token(), random::token());
    let record = TemporaryCredentials {
        secret: secret.clone(),
        client: verified.client,
        callback: (!out_of_band).then(|| callback.to_owned()),
        expires_at: context.now() + TEMPORARY_LIFETIME,
        approved: None,
    };
    let mut state = context.state();
    if state.oauth1.temporary.len() >= MAX {
        state.oauth1.temporary.clear();
    }
    state.oauth1.temporary.insert(token.clone(), record);
    drop(state);
    let fields = vec![
        ("oauth_token".to_owned(), token),
        ("oauth_token_secret".to_owned(), secret),
        ("oauth_callback_confirmed".to_owned(), "true".to_owned()),
    ];
    Ok(credentials(context, fields))
}

pub(super) fn only_post(request: &Request) -> Result<(), Problem> {
    if request.method() == Method::POST {
        return Ok(());
    }
    Err(Problem::malformed("method_rejected", "POST"))
}

/// A response with credentials, with the injected faults.
pub(super) fn credentials(context: &Context, mut fields: Fields) -> Response {
    let mut json = false;
    for fault in context.faults() {
        match fault {
            Fault::OAuth1Param(name, value) => {
                fields.retain(|(known, _)| *known != name);
                fields.extend(value.map(|value| (name, value)));
            }
            Fault::OAuth1ParamTwice(name, value) => fields.push((name, value)),
            Fault::OAuth1Json => json = true,
            _ => {}
        }
    }
    if json {
        let members = fields.into_iter().map(|(name, value)| (name, value.into()));
        return json_response(200, &serde_json::Value::Object(members.collect()));
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    respond(200, "application/x-www-form-urlencoded", body)
}
