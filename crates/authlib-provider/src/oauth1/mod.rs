//! OAuth 1.0a (RFC 5849): the three endpoints of a login under `/oauth1/`, and an API for signed requests.
//! The signatures are verified by this crate's own code.

use std::time::Duration;

use authlib_core::message::{Request, Response};

use crate::endpoint::Endpoint;
use crate::state::Context;

mod access_token;
mod api;
mod authorize;
mod encoding;
mod normalise;
mod problem;
mod protocol;
mod request_token;
mod signature;
mod verify;

pub(crate) use authorize::{approve_out_of_band, decide};

/// The lifetime of temporary credentials.
const TEMPORARY_LIFETIME: Duration = Duration::from_secs(600);

/// The endpoint of a path below `/oauth1`.
pub(crate) fn endpoint(path: &str) -> Option<Endpoint> {
    Some(match path.strip_prefix("/oauth1")? {
        "/access_token" => Endpoint::OAuth1AccessToken,
        "/authorize" => Endpoint::OAuth1Authorize,
        "/request_token" => Endpoint::OAuth1RequestToken,
        other if other.starts_with("/api/") => Endpoint::OAuth1Api,
        _ => return None,
    })
}

/// Whether this is an OAuth 1.0a authorization URL.
pub(crate) fn is_authorization_url(url: &str) -> bool {
    url.split('?').next().is_some_and(|address| address.ends_with("/oauth1/authorize"))
}

pub(crate) fn handle(context: &Context, endpoint: Endpoint, request: &Request) -> Response {
    let result = match endpoint {
        Endpoint::OAuth1AccessToken => access_token::handle(context, request),
        Endpoint::OAuth1Authorize => return authorize::handle(context, request),
        Endpoint::OAuth1RequestToken => request_token::handle(context, request),
        _ => api::handle(context, request),
    };
    result.unwrap_or_else(|problem| problem.response(context))
}
