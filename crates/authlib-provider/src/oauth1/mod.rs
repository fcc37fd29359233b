//! OAuth 1.0a (RFC 5849): the three endpoints of a login under `/oauth1/`, and an API that takes signed
//! requests. The signatures are checked by code of this crate's own.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use authlib_core::message::{Request, Response};

use crate::fault::Endpoint;
use crate::provider::Provider;

mod access_token;
mod api;
mod authorize;
mod normalise;
mod problem;
mod protocol;
mod request_token;
mod signature;
mod verify;

pub(crate) use self::authorize::decide;

/// How long temporary credentials are good for.
const TEMPORARY_LIFETIME: Duration = Duration::from_secs(600);

/// The most credentials of a kind, and the most nonces. Beyond, all credentials go, as a demo that was
/// left running starts anew; nonces are refused.
const MAX: usize = 10_000;

/// What changes.
#[derive(Debug, Default)]
pub(crate) struct State {
    temporary: HashMap<String, Temporary>,
    tokens: HashMap<String, Token>,
    /// Nonces by client, token and timestamp (RFC 5849 §3.3), to that timestamp.
    nonces: HashMap<(String, String, u64, String), u64>,
}

/// Temporary credentials.
#[derive(Clone, Debug)]
struct Temporary {
    secret: String,
    client: String,
    /// The callback; nothing when it is `oob`.
    callback: Option<String>,
    expires_at: SystemTime,
    /// Who allowed it, and the verifier that says so.
    allowed: Option<(String, String)>,
}

/// Token credentials.
#[derive(Clone, Debug)]
struct Token {
    secret: String,
    client: String,
    sub: String,
}

/// The endpoint of a path behind `/oauth1`.
pub(crate) fn endpoint(path: &str) -> Option<Endpoint> {
    Some(match path.strip_prefix("/oauth1")? {
        "/access_token" => Endpoint::OAuth1AccessToken,
        "/authorize" => Endpoint::OAuth1Authorize,
        "/request_token" => Endpoint::OAuth1RequestToken,
        other if other.starts_with("/api/") => Endpoint::OAuth1Api,
        _ => return None,
    })
}

/// Whether this is the URL of the page, which `Provider::approve` plays.
pub(crate) fn is_authorization_url(url: &str) -> bool {
    url.split('?').next().is_some_and(|address| address.ends_with("/oauth1/authorize"))
}

pub(crate) fn handle(provider: &Provider, endpoint: Endpoint, request: &Request) -> Response {
    let answer = match endpoint {
        Endpoint::OAuth1AccessToken => access_token::handle(provider, request),
        Endpoint::OAuth1Authorize => return authorize::handle(provider, request),
        Endpoint::OAuth1RequestToken => request_token::handle(provider, request),
        _ => api::handle(provider, request),
    };
    answer.unwrap_or_else(|problem| problem.response(provider))
}

impl State {
    /// The temporary credentials of a token, if they are still good.
    fn temporary(&self, token: &str, now: SystemTime) -> Option<&Temporary> {
        self.temporary.get(token).filter(|known| known.expires_at > now)
    }
}
