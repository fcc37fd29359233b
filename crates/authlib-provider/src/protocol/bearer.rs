//! Bearer tokens at a protected resource (RFC 6750 §2 and §3).

use authlib_core::message::{Request, Response};
use http::{Method, header};

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
    tokens.extend(in_header(request).map(|token| (token, TokenLocation::Header)));
    tokens.extend(
        values(&form, "access_token").into_iter().map(|token| (token, TokenLocation::Body)),
    );
    tokens.extend(
        values(&query, "access_token").into_iter().map(|token| (token, TokenLocation::Query)),
    );
    match tokens.as_slice() {
        [] => Err(challenge()),
        [(token, location)] => Ok((valid(context, token)?, *location)),
        _ => Err(rejected(400, "invalid_request", "the token was sent more than once")),
    }
}

fn valid(context: &Context, token: &str) -> Result<AccessToken, Box<Response>> {
    let known = context.state().grants.access(token, context.now()).cloned();
    known
        .ok_or_else(|| rejected(401, "invalid_token", "the access token is unknown or has expired"))
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
