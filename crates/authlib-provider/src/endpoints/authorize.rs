//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): the login page and
//! the authorization response.

use std::time::Duration;

use authlib_core::message::{Request, Response};
use http::{Method, header};

use super::pushed_authorization;
use crate::fault::Fault;
use crate::grants::token_response;
use crate::pages;
use crate::protocol::id_token::{self, Bound};
use crate::protocol::sign;
use crate::random;
use crate::request::{self, Fields, entered, field};
use crate::response::{self, redirect};
use crate::state::Context;
use crate::state::TestClient;
use crate::state::grants::{AuthorizationCode, Grant};

/// The lifetime of an authorization code.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// The lifetime of an authorization response that is a JWT, in seconds.
const JWT_LIFETIME: u64 = 600;

/// `response_modes_supported` of the discovery document.
pub(crate) const RESPONSE_MODES: &[&str] =
    &["query", "form_post", "fragment", "query.jwt", "form_post.jwt", "fragment.jwt", "jwt"];

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
        acr: field(requested, "acr_values").and_then(first_word),
        jkt: field(requested, "dpop_jkt").map(ToOwned::to_owned),
        ..Grant::default()
    };
    let response_type = field(requested, "response_type").unwrap_or_default();
    let asks_for = |word: &str| response_type.split(' ').any(|one| one == word);
    let code = asks_for("code").then(random::token);
    if let Some(code) = &code {
        let record = AuthorizationCode {
            grant: grant.clone(),
            redirect_uri: redirect_uri.to_owned(),
            code_challenge: field(requested, "code_challenge").map(ToOwned::to_owned),
            expires_at: context.now() + CODE_LIFETIME,
            used: false,
        };
        state.grants.codes.insert(code.clone(), record);
    }
    drop(state);
    let mut result = Fields::new();
    let mut put = |name: &str, value: &str| result.push((name.to_owned(), value.to_owned()));
    let access_token = asks_for("token").then(|| token_response::front_channel(context, &grant));
    if let Some(access_token) = &access_token {
        put("access_token", access_token);
        put("token_type", "Bearer");
        put("expires_in", &context.access_token_lifetime.as_secs().to_string());
    }
    if let Some(code) = &code {
        put("code", code);
    }
    if asks_for("id_token") {
        let bound = Bound {
            access_token: access_token.as_deref(),
            code: code.as_deref(),
            state: field(requested, "state"),
        };
        put(
            "id_token",
            &id_token::issue_in_front_channel(context, &grant, bound).unwrap_or_default(),
        );
    }
    respond(context, requested, redirect_uri, &result)
}

fn first_word(text: &str) -> Option<String> {
    text.split_ascii_whitespace().next().map(ToOwned::to_owned)
}

/// The client and its redirect URI. Unless both are valid, the browser is not redirected (RFC 6749 §4.1.2.1).
fn client_and_redirect_uri(
    context: &Context,
    fields: &Fields,
) -> Result<(TestClient, String), String> {
    if let Some(name) = request::repeated_except(fields, &["resource"]) {
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
    let response_type = field(fields, "response_type").unwrap_or_default();
    if !client.response_types.iter().any(|registered| registered == response_type) {
        let description = "the client is not registered for this response type";
        return Some(("unsupported_response_type", description));
    }
    if response_type.split(' ').any(|word| word == "id_token") && field(fields, "nonce").is_none() {
        return Some(("invalid_request", "`nonce` is missing (OpenID Connect Core §3.2.2.1)"));
    }
    if let Some(problem) = check_code_challenge(client, fields) {
        return Some(problem);
    }
    match field(fields, "response_mode") {
        Some(mode) if !RESPONSE_MODES.contains(&mode) => {
            Some(("invalid_request", "this response mode is not supported"))
        }
        Some("query" | "query.jwt") if response_type != "code" => {
            Some(("invalid_request", "tokens must not be in a query"))
        }
        _ => None,
    }
}

fn check_code_challenge(
    client: &TestClient,
    fields: &Fields,
) -> Option<(&'static str, &'static str)> {
    match (field(fields, "code_challenge"), field(fields, "code_challenge_method")) {
        // The length of a base64url SHA-256 hash (RFC 7636 §4.2).
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        (None, None) if client.is_confidential() => {}
        (None, None) => return Some(("invalid_request", "public clients must use PKCE")),
        _ => return Some(("invalid_request", "only the PKCE method S256 is supported")),
    }
    None
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
    let mode = field(requested, "response_mode");
    let is_plain = mode.is_none_or(|mode| !mode.ends_with("jwt"));
    Fault::alter_authorization_response(&context.faults(), &mut fields);
    if !is_plain && !context.has(&Fault::AuthorizationPlain) {
        let client = field(requested, "client_id").unwrap_or_default();
        fields = vec![("response".to_owned(), signed(context, client, &fields))];
    }
    let has_tokens = field(requested, "response_type")
        .is_some_and(|kind| kind.contains(' ') || kind == "id_token");
    match mode {
        Some("form_post" | "form_post.jwt") => pages::form_post(redirect_uri, &fields),
        Some("fragment" | "fragment.jwt") => redirect(&with_fragment(redirect_uri, &fields)),
        Some("jwt") | None if has_tokens => redirect(&with_fragment(redirect_uri, &fields)),
        _ => redirect(&response::with_query(redirect_uri, &fields)),
    }
}

/// The response as a JWT (JARM §2.1), with the injected faults of [`Fault::AuthorizationSigned`].
fn signed(context: &Context, client: &str, fields: &Fields) -> String {
    let faults = context.faults().into_iter().find_map(|fault| match fault {
        Fault::AuthorizationSigned(faults) => Some(faults),
        _ => None,
    });
    let claims = |_| {
        let mut claims = serde_json::Map::new();
        claims.insert("aud".to_owned(), client.into());
        claims.insert("exp".to_owned(), (context.now_seconds() + JWT_LIFETIME).into());
        claims.extend(fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
        claims
    };
    sign::sign_with(context, client, "JWT", &faults.unwrap_or_default(), claims).unwrap_or_default()
}

fn with_fragment(url: &str, fields: &Fields) -> String {
    let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{url}#{fields}")
}
