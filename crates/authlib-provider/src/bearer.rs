//! Bearer tokens at a protected resource (RFC 6750 §2 and §3).

use authlib_core::message::{Request, Response};
use http::{Method, header};

use crate::access::Access;
use crate::exchange::{self, error, respond, values};
use crate::provider::Provider;

/// Where in a request a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a form (§2.2).
    Body,
    /// In the `Authorization` header (§2.1).
    Header,
    /// In the query (§2.3).
    Query,
}

impl Place {
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
    let header = exchange::header(request, "authorization")?;
    exchange::credentials(header, "bearer").filter(|token| !token.is_empty())
}

/// What the token of a request gives access to, and where the token came: it comes once (§2).
pub(crate) fn anywhere(
    provider: &Provider,
    request: &Request,
) -> Result<(Access, Place), Box<Response>> {
    let query = exchange::query(request);
    // The body of a GET means nothing (§2.2).
    let has_form = !matches!(*request.method(), Method::GET | Method::HEAD);
    let form = if has_form { exchange::form(request) } else { Vec::new() };
    let mut tokens: Vec<(&str, Place)> = Vec::new();
    tokens.extend(in_header(request).map(|token| (token, Place::Header)));
    tokens.extend(values(&form, "access_token").into_iter().map(|token| (token, Place::Body)));
    tokens.extend(values(&query, "access_token").into_iter().map(|token| (token, Place::Query)));
    match tokens.as_slice() {
        [] => Err(challenge()),
        [(token, place)] => Ok((good(provider, token)?, *place)),
        _ => Err(refused(400, "invalid_request", "the token came more than once")),
    }
}

/// What the token in the header gives access to.
pub(crate) fn access(provider: &Provider, request: &Request) -> Result<Access, Box<Response>> {
    good(provider, in_header(request).ok_or_else(challenge)?)
}

fn good(provider: &Provider, token: &str) -> Result<Access, Box<Response>> {
    let known = provider.state().granted.access.get(token).cloned();
    known
        .filter(|access| access.expires_at > provider.now())
        .ok_or_else(|| refused(401, "invalid_token", "the access token is unknown or has expired"))
}

/// Who came without a token is not told of an error (§3.1).
fn challenge() -> Box<Response> {
    let mut response = respond(401, "text/plain", "a bearer token is needed\n");
    exchange::set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
    Box::new(response)
}

/// An error of §3.1, in the challenge and in the body.
pub(crate) fn refused(status: u16, code: &str, why: &str) -> Box<Response> {
    let mut response = error(status, code, why);
    let challenge = format!("Bearer error=\"{code}\"");
    exchange::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    Box::new(response)
}
