//! `/oauth1/authorize`: the login page and the callback (RFC 5849 §2.2).

use authlib_core::message::{Request, Response};
use http::Method;

use crate::fault::Fault;
use crate::pages;
use crate::random;
use crate::request::{self, Fields, entered, field};
use crate::response;
use crate::state::Context;
use crate::state::oauth1::TemporaryCredentials;

pub(super) fn handle(context: &Context, request: &Request) -> Response {
    let fields = request::fields(request);
    if request.method() == Method::POST {
        return submitted(context, &fields);
    }
    if request.method() != Method::GET {
        return response::respond(405, "text/plain", "this page accepts GET and POST only\n");
    }
    let auto = context.state().auto_approve.clone();
    if let Some(user) = auto {
        return decide(context, &fields, Some(&user));
    }
    let Some((token, temporary)) = temporary_credentials(context, &fields) else {
        return unknown();
    };
    let Some(client) = context.client(&temporary.client) else { return unknown() };
    let user = pages::SuggestedUser::new(context, None);
    let requested = vec![("oauth_token".to_owned(), token)];
    let back = temporary.callback.as_deref().unwrap_or_else(|| &context.issuer);
    pages::login(&client, &requested, &user, back)
}

/// The submitted login page.
fn submitted(context: &Context, fields: &Fields) -> Response {
    let requested = request::parse(field(fields, "request").unwrap_or_default());
    if field(fields, "decision") != Some("allow") {
        return decide(context, &requested, None);
    }
    let user = entered(fields, "username");
    if user.is_empty() {
        return pages::missing_user_name();
    }
    context.state().set_display_name(&user, &entered(fields, "display_name"));
    decide(context, &requested, Some(&user))
}

/// The response to the decision of `user`; `None` denies.
pub(crate) fn decide(context: &Context, requested: &Fields, user: Option<&str>) -> Response {
    let Some((callback, fields)) = decision(context, requested, user) else { return unknown() };
    match callback {
        Some(callback) => response::redirect(&response::with_query(&callback, &fields)),
        None => pages::out_of_band(field(&fields, "oauth_verifier")),
    }
}

/// The callback (`None` if it is `oob`) and its parameters.
fn decision(
    context: &Context,
    requested: &Fields,
    user: Option<&str>,
) -> Option<(Option<String>, Fields)> {
    let (token, temporary) = temporary_credentials(context, requested)?;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut fields = match user {
        Some(user) => {
            let verifier = random::token();
            let mut state = context.state();
            state.user(user);
            if let Some(record) = state.oauth1.temporary.get_mut(&token) {
                record.approved = Some((user.to_owned(), verifier.clone()));
            }
            drop(state);
            vec![pair("oauth_token", &token), pair("oauth_verifier", &verifier)]
        }
        None => {
            context.state().oauth1.temporary.remove(&token);
            if context.has(&Fault::OAuth1Denied) {
                vec![pair("denied", &token)]
            } else {
                vec![pair("oauth_token", &token), pair("oauth_problem", "user_refused")]
            }
        }
    };
    Fault::alter_authorization_response(&context.faults(), &mut fields);
    Some((temporary.callback, fields))
}

/// Approves as `user`, for a client with the callback `oob`. Returns the verifier that the page shows.
pub(crate) fn approve_out_of_band(context: &Context, url: &str, user: &str) -> Option<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let (callback, fields) = decision(context, &request::parse(query), Some(user))?;
    let verifier = field(&fields, "oauth_verifier").filter(|_| callback.is_none())?;
    Some(verifier.to_owned())
}

/// The token of the request and its temporary credentials, if they are undecided.
fn temporary_credentials(
    context: &Context,
    fields: &Fields,
) -> Option<(String, TemporaryCredentials)> {
    let token = field(fields, "oauth_token").unwrap_or_default();
    let state = context.state();
    let temporary = state.oauth1.temporary(token, context.now()).cloned();
    let undecided = temporary.filter(|temporary| temporary.approved.is_none());
    undecided.map(|temporary| (token.to_owned(), temporary))
}

fn unknown() -> Response {
    pages::problem("This login has expired or was already decided. Go back and start again.")
}
