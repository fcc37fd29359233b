//! Bearer tokens at a protected resource (RFC 6750 §2 and §3).

use authlib_core::message::{Request, Response};
use http::{Method, header};

use super::dpop;
use crate::peer_certificate::PeerCertificate;
use crate::request::{self, values};
use crate::response::{self, error, respond};
use crate::state::Context;
use crate::state::grants::AccessToken;

/// Where in the request the token was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenLocation {
    /// In a form (§2.2).
    Body,
    /// In the `Authorization` header (§2.1).
    Header,
    /// In the query (§2.3).
    Query,
}

impl TokenLocation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}

/// The token in the header.
pub(crate) fn in_header(request: &Request) -> Option<&str> {
    let header = request::header(request, "authorization")?;
    request::credentials(header, "bearer").filter(|token| !token.is_empty())
}

/// The access token of a request and its location. It must be sent once (§2).
pub(crate) fn anywhere(
    context: &Context,
    request: &Request,
) -> Result<(AccessToken, TokenLocation), Box<Response>> {
    let query = request::query(request);
    // The body of a GET has no defined meaning (§2.2).
    let has_form = !matches!(*request.method(), Method::GET | Method::HEAD);
    let form = if has_form { request::form(request) } else { Vec::new() };
    let mut tokens: Vec<(&str, TokenLocation)> = Vec::new();
    let bound = dpop::in_header(request);
    tokens.extend(bound.map(|token| (token, TokenLocation::Header)));
    tokens.extend(in_header(request).map(|token| (token, TokenLocation::Header)));
    tokens.extend(
        values(&form, "access_token").into_iter().map(|token| (token, TokenLocation::Body)),
    );
    tokens.extend(
        values(&query, "access_token").into_iter().map(|token| (token, TokenLocation::Query)),
    );
    match tokens.as_slice() {
        [] => Err(challenge()),
        [(token, location)] => {
            let access = valid(context, token, bound.is_some())?;
            check_binding(context, request, token, &access, bound.is_some())?;
            Ok((access, *location))
        }
        _ => Err(rejected(400, "invalid_request", "the token was sent more than once")),
    }
}

/// Whether a bound token comes over a connection with its certificate (RFC 8705 §3), or with a proof of its key, and only
/// such a token as one (RFC 9449 §7.1).
fn check_binding(
    context: &Context,
    request: &Request,
    token: &str,
    access: &AccessToken,
    is_dpop: bool,
) -> Result<(), Box<Response>> {
    if access.grant.x5t.is_some() {
        let presented = request.extensions().get().map(PeerCertificate::thumbprint);
        if presented != access.grant.x5t {
            let why = "the token is bound to another certificate";
            return Err(rejected(401, "invalid_token", why));
        }
    }
    if !is_dpop && access.grant.jkt.is_none() {
        return Ok(());
    }
    if !is_dpop {
        return Err(rejected(401, "invalid_token", "a DPoP token was sent as a bearer token"));
    }
    let jkt = dpop::thumbprint(context, request, Some(token))?;
    if jkt.is_some() && jkt == access.grant.jkt {
        return Ok(());
    }
    Err(rejected_dpop(context, "the token is bound to another key"))
}

fn valid(context: &Context, token: &str, is_dpop: bool) -> Result<AccessToken, Box<Response>> {
    let known = context.state().grants.access(token, context.now()).cloned();
    let why = "the access token is unknown or has expired";
    known.ok_or_else(|| match is_dpop {
        true => rejected_dpop(context, why),
        false => rejected(401, "invalid_token", why),
    })
}

/// As [`rejected`], in a DPoP challenge (RFC 9449 §7.1).
fn rejected_dpop(context: &Context, why: &str) -> Box<Response> {
    let mut response = error(401, "invalid_token", why);
    let challenge = format!("{} error=\"invalid_token\"", dpop::scheme(context));
    response::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    Box::new(response)
}

/// A request without a token gets a challenge without an error code (§3.1).
fn challenge() -> Box<Response> {
    let mut response = respond(401, "text/plain", "a bearer token is required\n");
    response::set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
    Box::new(response)
}

/// An error (§3.1), in the challenge and in the body.
pub(crate) fn rejected(status: u16, code: &str, description: &str) -> Box<Response> {
    let mut response = error(status, code, description);
    let challenge = format!("Bearer error=\"{code}\"");
    response::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    Box::new(response)
}
