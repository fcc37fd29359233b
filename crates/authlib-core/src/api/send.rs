//! Sends API requests with a token, and once more with another if the API rejects the first.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::allowed_origins::{check_allowed, check_resource, same_origin};
use super::request_parts::{Content, FORM, RequestParts};
use crate::config::ClientSettings;
use crate::endpoints::{EndpointClient, url_of};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RequestHook;
use crate::message::{self, BodyLimit, Request, Response, Timeout};
use crate::oauth2::bearer::{self, TokenTarget};
use crate::oauth2::dpop::{DPOP, is_nonce_challenge};
use crate::oauth2::{StepUp, Token, TokenLocation};
use crate::params::Params;
use crate::store::TokenOwner;
use crate::tokens::TokenManager;
use crate::transport::{Body, StreamingResponse};

/// The name of the request in errors and log events.
const WHAT: &str = "the API request";

pub(super) async fn send(
    tokens: &Arc<TokenManager>,
    owner: &TokenOwner,
    parts: RequestParts,
) -> Result<Response> {
    if matches!(parts.content, Content::Stream(_)) {
        let limit = parts.max_response_size;
        let (head, body) = send_streaming(tokens, owner, parts).await?.into_parts();
        return Ok(Response::from_parts(head, body.bytes(limit).await?));
    }
    let endpoints = tokens.endpoints();
    let token = token_for(tokens, owner, &parts).await?;
    let Some(token) = token else {
        let request = build(endpoints, &parts, None).await?;
        return endpoints.exchange().send(WHAT, request).await;
    };
    let mut attempt = Attempt::first(tokens, owner, token).of(&parts);
    loop {
        let request = build(endpoints, &parts, Some(attempt.token())).await?;
        let url = sent_url(endpoints, &parts, &request)?;
        let mut response = endpoints.exchange().send(WHAT, request).await?;
        let verdict = verdict(endpoints, attempt.token(), &url, &response);
        if !attempt.needs_another(verdict).await? {
            note_step_up(endpoints, attempt.token(), &url, &mut response);
            return Ok(response);
        }
    }
}

pub(super) async fn send_streaming(
    tokens: &Arc<TokenManager>,
    owner: &TokenOwner,
    mut parts: RequestParts,
) -> Result<StreamingResponse> {
    let endpoints = tokens.endpoints();
    let token = token_for(tokens, owner, &parts).await?;
    let content = std::mem::replace(&mut parts.content, Content::Empty);
    if let Content::Stream(body) = content {
        check_streamed(endpoints, &parts, token.as_ref())?;
        let request = build(endpoints, &parts, token.as_ref()).await?;
        let url = sent_url(endpoints, &parts, &request)?;
        let sent = endpoints.exchange().send_streaming(WHAT, request.map(|_| body)).await;
        let mut response = sent?;
        if let Some(token) = &token {
            note_step_up(endpoints, token, &url, &mut response);
        }
        return Ok(response);
    }
    parts.content = content;
    let Some(token) = token else {
        let request = build(endpoints, &parts, None).await?.map(Body::from);
        return endpoints.exchange().send_streaming(WHAT, request).await;
    };
    let mut attempt = Attempt::first(tokens, owner, token).of(&parts);
    loop {
        let request = build(endpoints, &parts, Some(attempt.token())).await?;
        let url = sent_url(endpoints, &parts, &request)?;
        let mut response =
            endpoints.exchange().send_streaming(WHAT, request.map(Body::from)).await?;
        let verdict = verdict(endpoints, attempt.token(), &url, &response);
        if !attempt.needs_another(verdict).await? {
            note_step_up(endpoints, attempt.token(), &url, &mut response);
            return Ok(response);
        }
    }
}

/// The URL of a request; but for its query, only a hook can have changed it.
fn sent_url<'a>(
    endpoints: &EndpointClient,
    parts: &'a RequestParts,
    request: &Request,
) -> Result<Cow<'a, Url>> {
    match endpoints.settings().extensions.hooks.requests.has(RequestHook::ProtectedRequest) {
        true => url_of(request).map(Cow::Owned),
        false => Ok(Cow::Borrowed(&parts.url)),
    }
}

/// What a response says about the token of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was accepted, or the response does not tell.
    Accepted,
    /// The API wants a proof with the nonce that came with the response (RFC 9449 §9).
    NewNonce,
    /// It was rejected.
    Rejected,
}

/// The token of a request that is sent once, once more with another token if the API rejects it, and once more with another
/// DPoP nonce.
pub(super) struct Attempt<'a> {
    tokens: &'a Arc<TokenManager>,
    owner: &'a TokenOwner,
    token: Token,
    is_second: bool,
    has_new_nonce: bool,
    /// Whether the application chose the token: then there is no other.
    is_fixed: bool,
    /// The resource that the token is for.
    resource: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    pub(super) fn first(
        tokens: &'a Arc<TokenManager>,
        owner: &'a TokenOwner,
        token: Token,
    ) -> Self {
        Self {
            tokens,
            owner,
            token,
            is_second: false,
            has_new_nonce: false,
            is_fixed: false,
            resource: None,
        }
    }

    /// The same for a request of the application.
    fn of(mut self, parts: &'a RequestParts) -> Self {
        self.is_fixed = parts.token.is_some();
        self.resource = parts.resource.as_ref().map(|resource| resource.name.as_str());
        self
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Whether the request must be sent once more, with what is then the token.
    pub(super) async fn needs_another(&mut self, verdict: Verdict) -> Result<bool> {
        if verdict == Verdict::NewNonce && !self.has_new_nonce {
            self.has_new_nonce = true;
            return Ok(true);
        }
        if self.is_fixed {
            return Ok(false);
        }
        let is_rejected = verdict == Verdict::Rejected;
        if self.is_second {
            match self.resource {
                Some(name) => self.tokens.record_resource_retry(self.owner, name, is_rejected),
                None => self.tokens.record_retry(self.owner, is_rejected),
            }
            return Ok(false);
        }
        if !is_rejected {
            return Ok(false);
        }
        let (tokens, owner, token) = (self.tokens, self.owner, &self.token);
        let other = match self.resource {
            Some(name) => tokens.resource_token_after_rejection(owner, name, token).await?,
            None => tokens.token_after_rejection(owner, token).await?,
        };
        let Some(other) = other else { return Ok(false) };
        self.token = other;
        self.is_second = true;
        Ok(true)
    }
}

/// Whether the response rejects the token. Keeps the nonce for the next proof.
pub(super) fn verdict<B>(
    endpoints: &EndpointClient,
    token: &Token,
    url: &Url,
    response: &http::Response<B>,
) -> Verdict {
    let (status, headers) = (response.status(), response.headers());
    let is_dpop = token.token_type.eq_ignore_ascii_case(DPOP);
    if is_dpop && endpoints.keep_nonce(url, headers) && is_nonce_challenge(status, headers) {
        return Verdict::NewNonce;
    }
    let bare_401 = endpoints.settings().refresh_on_bare_401;
    let is_rejected =
        status == StatusCode::UNAUTHORIZED && bearer::is_invalid_token(token, headers, bare_401);
    if is_rejected { Verdict::Rejected } else { Verdict::Accepted }
}

/// Adds what the API requires of the login to the response. Only the API of the client may: another origin of
/// `api_origins` could otherwise choose with which scope users log in.
fn note_step_up<B>(
    endpoints: &EndpointClient,
    token: &Token,
    url: &Url,
    response: &mut http::Response<B>,
) {
    let settings = endpoints.settings();
    let is_own_api = settings.api_base_url.as_ref().is_some_and(|base| same_origin(url, base));
    if settings.is_oauth1() || !is_own_api {
        return;
    }
    let required = StepUp::of(&settings.name, token, response.status(), response.headers());
    if let Some(required) = required {
        let login_path = settings.accepts_logins.then_some(settings.login_path.as_str());
        response.extensions_mut().insert(required.with_login_path(login_path));
    }
}

/// The token to send, after the check that it may be sent: a request that goes nowhere refreshes nothing.
async fn token_for(
    tokens: &Arc<TokenManager>,
    owner: &TokenOwner,
    parts: &RequestParts,
) -> Result<Option<Token>> {
    if parts.without_token {
        return Ok(None);
    }
    let settings = tokens.endpoints().settings();
    check_target(settings, &parts.url, parts)?;
    if let Some(token) = &parts.token {
        return Ok(Some(token.clone()));
    }
    if let Some(resource) = &parts.resource {
        return tokens.active_resource_token(owner, &resource.name).await.map(Some);
    }
    if settings.is_oauth1() && !settings.is_interactive {
        // Without a token the client signs in its own name (RFC 5849 §3.1).
        return tokens.find_token(owner).await;
    }
    tokens.active_token(owner).await.map(Some)
}

/// Checks that the token of the request may be sent to `url`.
fn check_target(settings: &ClientSettings, url: &Url, parts: &RequestParts) -> Result<()> {
    match &parts.resource {
        Some(resource) => check_resource(settings, url, &resource.url),
        None => check_allowed(settings, url),
    }
}

/// Checks that a request whose body is streamed needs nothing of that body.
fn check_streamed(
    endpoints: &EndpointClient,
    parts: &RequestParts,
    token: Option<&Token>,
) -> Result<()> {
    if parts.placement == TokenLocation::Body && token.is_some() {
        let check = "a streamed body cannot hold the token: it is not a form (RFC 6750 §2.2)";
        return Err(Error::new(ErrorKind::InvalidRequest, check)
            .with_hint("set `token_location` to `header`"));
    }
    let is_form = message::has_media_type(&parts.headers, FORM);
    if endpoints.settings().is_oauth1() && is_form {
        let check = "a form cannot be streamed: OAuth 1.0a signs it (RFC 5849 §3.4.1.3.1)";
        return Err(Error::new(ErrorKind::InvalidRequest, check).with_hint("use `form`"));
    }
    Ok(())
}

/// The request with the token, or with an OAuth 1.0a signature, after the client's hooks.
async fn build(
    endpoints: &EndpointClient,
    parts: &RequestParts,
    token: Option<&Token>,
) -> Result<Request> {
    let is_signed = endpoints.settings().is_oauth1() && !parts.without_token;
    let (mut url, mut headers) = (parts.url.clone(), parts.headers.clone());
    let is_in_body = token.is_some() && !is_signed && parts.placement == TokenLocation::Body;
    let mut form = match &parts.content {
        Content::Form(form) if is_in_body => Some(form.clone()),
        Content::Empty if is_in_body => Some(Params::new()),
        _ => None,
    };
    if let Some(token) = token.filter(|_| !is_signed) {
        let method = &parts.method;
        let to = TokenTarget { method, url: &mut url, headers: &mut headers, form: form.as_mut() };
        bearer::place(token, parts.placement, to)?;
    }
    let body = match (&parts.content, form) {
        (Content::Bytes(bytes), _) => bytes.clone(),
        (Content::Form(_), Some(form)) => form.to_form().into(),
        (Content::Form(form), None) => form.to_form().into(),
        (_, Some(form)) if !form.is_empty() => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
            form.to_form().into()
        }
        _ => Bytes::new(),
    };
    let mut request = message::bare(parts.method.clone(), &url, body);
    *request.headers_mut() = headers;
    request.extensions_mut().insert(BodyLimit(parts.max_response_size));
    if let Some(timeout) = parts.timeout {
        request.extensions_mut().insert(Timeout(timeout));
    }
    if is_signed {
        // Hooks run first: their changes are signed too.
        let request = run_hooks(endpoints, request, parts).await?;
        return endpoints.sign_with(request, token);
    }
    let Some(token) = token else { return Ok(request) };
    let mut request = run_hooks(endpoints, request, parts).await?;
    let constraint = endpoints.constraint_of(token).await?;
    // Last: a proof is of the method and the URL that are sent.
    endpoints.add_proof(&mut request, &constraint, Some(&token.access_token)).await?;
    Ok(request)
}

/// Runs the client's hooks. A hook may change the URL, but the token is not sent where it is not allowed.
async fn run_hooks(
    endpoints: &EndpointClient,
    request: Request,
    parts: &RequestParts,
) -> Result<Request> {
    let hooks = &endpoints.settings().extensions.hooks;
    if !hooks.requests.has(RequestHook::ProtectedRequest) {
        return Ok(request);
    }
    // A hook that makes a new request must not lose the limits of the old one.
    let limits = request.extensions().clone();
    let mut request = hooks.requests.run(RequestHook::ProtectedRequest, request).await?;
    request.extensions_mut().extend(limits);
    let url = Url::parse(&request.uri().to_string()).map_err(|_| {
        Error::new(ErrorKind::Config, "a `ProtectedRequest` hook set an invalid URL")
    })?;
    check_target(endpoints.settings(), &url, parts)
        .map_err(|error| error.with_kind(ErrorKind::Config))?;
    Ok(request)
}
