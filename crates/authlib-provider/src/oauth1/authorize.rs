//! `/oauth1/authorize`: the page, and what the browser carries back (RFC 5849 §2.2).

use authlib_core::message::{Request, Response};
use http::Method;

use super::Temporary;
use crate::exchange::{self, Fields, field, written};
use crate::fault::Fault;
use crate::pages;
use crate::provider::{Provider, unguessable};

pub(super) fn handle(provider: &Provider, request: &Request) -> Response {
    let fields = exchange::fields(request);
    if request.method() == Method::POST {
        return submitted(provider, &fields);
    }
    if request.method() != Method::GET {
        return exchange::respond(405, "text/plain", "GET and POST only\n");
    }
    let auto = provider.state().auto_approve.clone();
    if let Some(user) = auto {
        return decide(provider, &fields, Some(&user));
    }
    let Some((token, temporary)) = known(provider, &fields) else { return unknown() };
    let Some(client) = provider.client(&temporary.client) else { return unknown() };
    let person = pages::Person::suggested(provider, None);
    let asked = vec![("oauth_token".to_owned(), token)];
    let back = temporary.callback.as_deref().unwrap_or_else(|| provider.issuer());
    pages::login(&client, &asked, &person, back)
}

/// The page was sent off.
fn submitted(provider: &Provider, fields: &Fields) -> Response {
    let asked = exchange::parse(field(fields, "request").unwrap_or_default());
    if field(fields, "decision") != Some("allow") {
        return decide(provider, &asked, None);
    }
    let user = written(fields, "username");
    if user.is_empty() {
        return pages::problem("A user name is needed.");
    }
    provider.state().name(&user, &written(fields, "display_name"));
    decide(provider, &asked, Some(&user))
}

/// The answer to an authorization request that `user` allowed, or that was refused.
pub(crate) fn decide(provider: &Provider, asked: &Fields, user: Option<&str>) -> Response {
    let Some((callback, fields)) = decision(provider, asked, user) else { return unknown() };
    match callback {
        Some(callback) => exchange::redirect(&exchange::with_query(&callback, &fields)),
        None => pages::out_of_band(field(&fields, "oauth_verifier")),
    }
}

/// The callback, if there is one, and what it is told.
fn decision(
    provider: &Provider,
    asked: &Fields,
    user: Option<&str>,
) -> Option<(Option<String>, Fields)> {
    let (token, temporary) = known(provider, asked)?;
    let said = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = match user {
        Some(user) => {
            let verifier = unguessable();
            let mut state = provider.state();
            state.user(user);
            if let Some(record) = state.oauth1.temporary.get_mut(&token) {
                record.allowed = Some((user.to_owned(), verifier.clone()));
            }
            drop(state);
            vec![said("oauth_token", &token), said("oauth_verifier", &verifier)]
        }
        None => {
            provider.state().oauth1.temporary.remove(&token);
            if provider.has(&Fault::OAuth1Denied) {
                vec![said("denied", &token)]
            } else {
                vec![said("oauth_token", &token), said("oauth_problem", "user_refused")]
            }
        }
    };
    Some((temporary.callback, spoilt(provider, fields)))
}

impl Provider {
    /// As [`approve`](Self::approve), for an OAuth 1.0a client with the callback `oob`: the verifier that
    /// the page shows, for the user to type at the client; an empty text when it shows none.
    #[must_use]
    pub fn approve_out_of_band(&self, authorization_url: &str, user: &str) -> String {
        let query = authorization_url.split_once('?').map_or("", |(_, query)| query);
        let decision = decision(self, &exchange::parse(query), Some(user));
        let fields = decision.filter(|(callback, _)| callback.is_none()).map(|(_, fields)| fields);
        fields
            .as_ref()
            .and_then(|fields| field(fields, "oauth_verifier"))
            .unwrap_or_default()
            .to_owned()
    }
}

/// The token of the request and its temporary credentials, which nobody has decided about yet.
fn known(provider: &Provider, fields: &Fields) -> Option<(String, Temporary)> {
    let token = field(fields, "oauth_token").unwrap_or_default();
    let state = provider.state();
    let temporary = state.oauth1.temporary(token, provider.now()).cloned();
    let open = temporary.filter(|temporary| temporary.allowed.is_none());
    open.map(|temporary| (token.to_owned(), temporary))
}

fn unknown() -> Response {
    pages::problem("This login is over or was never begun. Go back and start again.")
}

fn spoilt(provider: &Provider, mut fields: Fields) -> Fields {
    for quirk in provider.quirks() {
        match quirk {
            Fault::AuthorizationMissing(name) => fields.retain(|(known, _)| *known != name),
            Fault::AuthorizationParam(name, value) => {
                fields.retain(|(known, _)| *known != name);
                fields.push((name, value));
            }
            Fault::AuthorizationTwice(name, value) => fields.push((name, value)),
            _ => {}
        }
    }
    fields
}
