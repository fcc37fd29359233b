//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): the page, and the answer
//! that the browser carries back.

use std::time::Duration;

use authlib_core::message::{Request, Response};
use http::{Method, header};

use crate::access::{Code, Grant};
use crate::client::TestClient;
use crate::exchange::{self, Fields, field, written};
use crate::fault::Fault;
use crate::pages;
use crate::provider::{Provider, unguessable};

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// The cookie of a browser that is logged in here.
const SESSION: &str = "op_session";

/// The most browser sessions that are kept.
const MAX_SESSIONS: usize = 10_000;

pub(crate) fn handle(provider: &Provider, request: &Request, fields: &Fields) -> Response {
    if request.method() == Method::POST {
        return submitted(provider, fields);
    }
    if request.method() != Method::GET {
        return exchange::respond(405, "text/plain", "GET and POST only\n");
    }
    let (client, redirect_uri) = match known(provider, fields) {
        Ok(known) => known,
        Err(problem) => return pages::problem(&problem),
    };
    if let Some((error, description)) = wrong(&client, fields) {
        return answer(provider, fields, &redirect_uri, &refusal(error, description));
    }
    let silent = field(fields, "prompt") == Some("none");
    let auto = provider.state().auto_approve.clone();
    if let Some(user) = auto {
        if silent && field(fields, "max_age") == Some("0") {
            let error = refusal("login_required", "the user has to log in again");
            return answer(provider, fields, &redirect_uri, &error);
        }
        return decide(provider, fields, Some(&user));
    }
    if silent {
        let session = exchange::cookie(request, SESSION)
            .and_then(|cookie| provider.state().sessions.get(&cookie).cloned());
        let fresh = session.filter(|(_, since)| {
            let age = provider.now_seconds().saturating_sub(*since);
            field(fields, "max_age").and_then(|max| max.parse().ok()).is_none_or(|max| age < max)
        });
        return match fresh {
            Some((user, since)) => allowed(provider, fields, &redirect_uri, &user, since),
            None => {
                let error = refusal("login_required", "nobody is logged in at the provider");
                answer(provider, fields, &redirect_uri, &error)
            }
        };
    }
    let person = pages::Person::suggested(provider, field(fields, "login_hint"));
    pages::login(&client, fields, &person, &redirect_uri)
}

/// The login page was sent off.
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
    let mut response = decide(provider, &asked, Some(&user));
    if response.status() == http::StatusCode::BAD_REQUEST {
        return response;
    }
    let cookie = unguessable();
    let now = provider.now_seconds();
    let mut state = provider.state();
    if state.sessions.len() >= MAX_SESSIONS {
        state.sessions.clear();
    }
    state.sessions.insert(cookie.clone(), (user, now));
    drop(state);
    let secure = if provider.issuer().starts_with("https:") { "; Secure" } else { "" };
    let value = format!("{SESSION}={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}");
    exchange::set(&mut response, header::SET_COOKIE, &value);
    response
}

/// The answer to an authorization request that `user` allowed, or that was refused.
pub(crate) fn decide(provider: &Provider, asked: &Fields, user: Option<&str>) -> Response {
    let (client, redirect_uri) = match known(provider, asked) {
        Ok(known) => known,
        Err(problem) => return pages::problem(&problem),
    };
    if let Some((error, description)) = wrong(&client, asked) {
        return answer(provider, asked, &redirect_uri, &refusal(error, description));
    }
    match user {
        Some(user) => allowed(provider, asked, &redirect_uri, user, provider.now_seconds()),
        None => {
            let error = refusal("access_denied", "the user did not allow it");
            answer(provider, asked, &redirect_uri, &error)
        }
    }
}

fn allowed(
    provider: &Provider,
    asked: &Fields,
    redirect_uri: &str,
    user: &str,
    auth_time: u64,
) -> Response {
    let code = unguessable();
    let mut state = provider.state();
    let user = state.user(user);
    let family = state.granted.new_family();
    let grant = Grant {
        family,
        client: field(asked, "client_id").unwrap_or_default().to_owned(),
        sub: user.sub,
        scope: field(asked, "scope").unwrap_or_default().to_owned(),
        nonce: field(asked, "nonce").map(ToOwned::to_owned),
        auth_time,
        ..Grant::default()
    };
    let code_challenge = field(asked, "code_challenge").map(ToOwned::to_owned);
    let record = Code {
        grant,
        redirect_uri: redirect_uri.to_owned(),
        code_challenge,
        expires_at: provider.now() + CODE_LIFETIME,
        used: false,
    };
    state.granted.codes.insert(code.clone(), record);
    drop(state);
    answer(provider, asked, redirect_uri, &vec![("code".to_owned(), code)])
}

/// The client and its redirect URI; without both, nobody is redirected anywhere (RFC 6749 §4.1.2.1).
fn known(provider: &Provider, fields: &Fields) -> Result<(TestClient, String), String> {
    if let Some(name) = exchange::repeated(fields) {
        return Err(format!("“{name}” stands twice in the request."));
    }
    let id = field(fields, "client_id").unwrap_or_default();
    let client = provider.client(id).ok_or_else(|| format!("There is no client “{id}” here."))?;
    let uri = field(fields, "redirect_uri").unwrap_or_default();
    if client.may_redirect_to(uri) {
        Ok((client, uri.to_owned()))
    } else {
        Err(format!("The client “{id}” may not send anybody to “{uri}”: it is not registered."))
    }
}

/// What is wrong with the rest of the request.
fn wrong(client: &TestClient, fields: &Fields) -> Option<(&'static str, &'static str)> {
    if field(fields, "request").is_some() {
        return Some(("request_not_supported", "request objects are not offered"));
    }
    if field(fields, "request_uri").is_some() {
        return Some(("request_uri_not_supported", "request objects are not offered"));
    }
    if field(fields, "max_age").is_some_and(|age| age.parse::<u64>().is_err()) {
        return Some(("invalid_request", "`max_age` is a number of seconds"));
    }
    if field(fields, "response_type") != Some("code") {
        return Some(("unsupported_response_type", "only `code` is offered"));
    }
    match (field(fields, "code_challenge"), field(fields, "code_challenge_method")) {
        // The hash of RFC 7636 §4.2 has this length.
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        (None, None) if client.secret.is_some() => {}
        (None, None) => return Some(("invalid_request", "public clients must use PKCE")),
        _ => return Some(("invalid_request", "only the PKCE method S256 is offered")),
    }
    if let Some("query" | "form_post") | None = field(fields, "response_mode") {
        None
    } else {
        Some(("invalid_request", "this `response_mode` is not offered"))
    }
}

fn refusal(error: &str, description: &str) -> Fields {
    vec![
        ("error".to_owned(), error.to_owned()),
        ("error_description".to_owned(), description.to_owned()),
    ]
}

/// Sends the browser back with `result`, the `state` and the `iss` (RFC 9207 §2), spoilt as the quirks
/// ask.
fn answer(provider: &Provider, asked: &Fields, redirect_uri: &str, result: &Fields) -> Response {
    let mut fields = result.clone();
    for quirk in provider.quirks() {
        if let Fault::AuthorizationError(error, description) = quirk {
            fields = refusal(&error, &description);
        }
    }
    if let Some(state) = field(asked, "state") {
        fields.push(("state".to_owned(), state.to_owned()));
    }
    fields.push(("iss".to_owned(), provider.issuer().to_owned()));
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
    if field(asked, "response_mode") == Some("form_post") {
        pages::form_post(redirect_uri, &fields)
    } else {
        exchange::redirect(&exchange::with_query(redirect_uri, &fields))
    }
}
