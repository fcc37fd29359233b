//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): the login page and
//! the authorization response.

use std::time::Duration;

use authlib_core::message::{Request, Response};
use http::{Method, header};

use super::pushed_authorization;
use crate::fault::Fault;
use crate::pages;
use crate::random;
use crate::request::{self, Fields, entered, field};
use crate::response;
use crate::state::Context;
use crate::state::TestClient;
use crate::state::grants::{AuthorizationCode, Grant};

/// The lifetime of an authorization code.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// The cookie of a browser that is logged in at the provider.
pub(crate) const SESSION_COOKIE: &str = "op_session";

/// The most browser sessions. Beyond, all are dropped.
const MAX_SESSIONS: usize = 10_000;

pub(crate) fn handle(context: &Context, request: &Request, fields: &Fields) -> Response {
    if request.method() == Method::POST {
        return submitted(context, fields);
    }
    if request.method() != Method::GET {
        return response::respond(
            405,
            "text/plain",
            "the authorization endpoint accepts GET and POST only\n",
        );
    }
    let fields = &match pushed_authorization::resolve(context, fields) {
        Ok(fields) => fields,
        Err(problem) => return pages::problem(&problem),
    };
    let (client, redirect_uri) = match client_and_redirect_uri(context, fields) {
        Ok(known) => known,
        Err(problem) => return pages::problem(&problem),
    };
    if let Some((error, description)) = check(&client, fields) {
        return respond(context, fields, &redirect_uri, &error_response(error, description));
    }
    let silent = field(fields, "prompt") == Some("none");
    let auto = context.state().auto_approve.clone();
    if let Some(user) = auto {
        if silent && field(fields, "max_age") == Some("0") {
            let error = error_response("login_required", "the user must log in again");
            return respond(context, fields, &redirect_uri, &error);
        }
        return decide(context, fields, Some(&user));
    }
    if silent {
        let session = request::cookie(request, SESSION_COOKIE)
            .and_then(|cookie| context.state().sessions.get(&cookie).cloned());
        let fresh = session.filter(|(_, since)| {
            let age = context.now_seconds().saturating_sub(*since);
            field(fields, "max_age").and_then(|max| max.parse().ok()).is_none_or(|max| age < max)
        });
        return match fresh {
            Some((user, since)) => approved(context, fields, &redirect_uri, &user, since),
            None => {
                let error = error_response("login_required", "the user is not logged in");
                respond(context, fields, &redirect_uri, &error)
            }
        };
    }
    let user = pages::SuggestedUser::new(context, field(fields, "login_hint"));
    pages::login(&client, fields, &user, &redirect_uri)
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
    let mut response = decide(context, &requested, Some(&user));
    if response.status() == http::StatusCode::BAD_REQUEST {
        return response;
    }
    let cookie = random::token();
    let now = context.now_seconds();
    let mut state = context.state();
    if state.sessions.len() >= MAX_SESSIONS {
        state.sessions.clear();
    }
    state.sessions.insert(cookie.clone(), (user, now));
    drop(state);
    let secure = if context.issuer.as_str().starts_with("https:") { "; Secure" } else { "" };
    let value = format!("{SESSION_COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax{secure}");
    response::set(&mut response, header::SET_COOKIE, &value);
    response
}

/// Checks a pushed request as one of the browser (RFC 9126 §2.1). The error has a code and a description.
pub(super) fn validate(context: &Context, fields: &Fields) -> Result<(), (&'static str, String)> {
    let (client, _) =
        client_and_redirect_uri(context, fields).map_err(|problem| ("invalid_request", problem))?;
    match check(&client, fields) {
        Some((code, description)) => Err((code, description.to_owned())),
        None => Ok(()),
    }
}

/// The authorization response after the decision of `user`; `None` denies.
pub(crate) fn decide(context: &Context, requested: &Fields, user: Option<&str>) -> Response {
    let (client, redirect_uri) = match client_and_redirect_uri(context, requested) {
        Ok(known) => known,
        Err(problem) => return pages::problem(&problem),
    };
    if let Some((error, description)) = check(&client, requested) {
        return respond(context, requested, &redirect_uri, &error_response(error, description));
    }
    match user {
        Some(user) => approved(context, requested, &redirect_uri, user, context.now_seconds()),
        None => {
            let error = error_response("access_denied", "the user denied the request");
            respond(context, requested, &redirect_uri, &error)
        }
    }
}

fn approved(
    context: &Context,
    requested: &Fields,
    redirect_uri: &str,
    user: &str,
    auth_time: u64,
) -> Response {
    let code = random::token();
    let mut state = context.state();
    let user = state.user(user);
    let family = state.grants.new_family();
    let grant = Grant {
        family,
        client: field(requested, "client_id").unwrap_or_default().to_owned(),
        sub: user.sub,
        scope: field(requested, "scope").unwrap_or_default().to_owned(),
        nonce: field(requested, "nonce").map(ToOwned::to_owned),
        auth_time,
        ..Grant::default()
    };
    let code_challenge = field(requested, "code_challenge").map(ToOwned::to_owned);
    let record = AuthorizationCode {
        grant,
        redirect_uri: redirect_uri.to_owned(),
        code_challenge,
        expires_at: context.now() + CODE_LIFETIME,
        used: false,
    };
    state.grants.codes.insert(code.clone(), record);
    drop(state);
    respond(context, requested, redirect_uri, &vec![("code".to_owned(), code)])
}

/// The client and its redirect URI. Unless both are valid, the browser is not redirected (RFC 6749 §4.1.2.1).
fn client_and_redirect_uri(
    context: &Context,
    fields: &Fields,
) -> Result<(TestClient, String), String> {
    if let Some(name) = request::repeated(fields) {
        return Err(format!("The parameter “{name}” is repeated."));
    }
    let id = field(fields, "client_id").unwrap_or_default();
    let client =
        context.client(id).ok_or_else(|| format!("client_id “{id}” is not registered."))?;
    let uri = field(fields, "redirect_uri").unwrap_or_default();
    if client.accepts_redirect_uri(uri) {
        Ok((client, uri.to_owned()))
    } else {
        Err(format!("redirect_uri “{uri}” is not registered for client “{id}”."))
    }
}

/// The error of an otherwise invalid request.
fn check(client: &TestClient, fields: &Fields) -> Option<(&'static str, &'static str)> {
    if field(fields, "request").is_some() {
        return Some(("request_not_supported", "request objects are not supported"));
    }
    if field(fields, "request_uri").is_some() {
        return Some(("request_uri_not_supported", "request objects are not supported"));
    }
    if field(fields, "max_age").is_some_and(|age| age.parse::<u64>().is_err()) {
        return Some(("invalid_request", "`max_age` must be a number of seconds"));
    }
    if field(fields, "response_type") != Some("code") {
        return Some(("unsupported_response_type", "only the response type `code` is supported"));
    }
    match (field(fields, "code_challenge"), field(fields, "code_challenge_method")) {
        // The length of a base64url SHA-256 hash (RFC 7636 §4.2).
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        (None, None) if client.secret.is_some() => {}
        (None, None) => return Some(("invalid_request", "public clients must use PKCE")),
        _ => return Some(("invalid_request", "only the PKCE method S256 is supported")),
    }
    if let Some("query" | "form_post") | None = field(fields, "response_mode") {
        None
    } else {
        Some(("invalid_request", "only the response modes `query` and `form_post` are supported"))
    }
}

fn error_response(error: &str, description: &str) -> Fields {
    vec![
        ("error".to_owned(), error.to_owned()),
        ("error_description".to_owned(), description.to_owned()),
    ]
}

/// The authorization response with `result`, `state` and `iss` (RFC 9207 §2), and with the injected faults.
fn respond(context: &Context, requested: &Fields, redirect_uri: &str, result: &Fields) -> Response {
    let mut fields = result.clone();
    for fault in context.faults() {
        if let Fault::AuthorizationError(error, description) = fault {
            fields = error_response(&error, &description);
        }
    }
    if let Some(state) = field(requested, "state") {
        fields.push(("state".to_owned(), state.to_owned()));
    }
    fields.push(("iss".to_owned(), context.issuer.as_str().to_owned()));
    Fault::alter_authorization_response(&context.faults(), &mut fields);
    if field(requested, "response_mode") == Some("form_post") {
        pages::form_post(redirect_uri, &fields)
    } else {
        response::redirect(&response::with_query(redirect_uri, &fields))
    }
}
