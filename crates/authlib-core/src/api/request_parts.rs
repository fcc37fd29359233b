//! [`RequestParts`]: an API request as the application built it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::oauth2::{Token, TokenLocation};
use crate::params::Params;
use crate::transport::Body;

/// The media type of forms.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A request as the application built it.
pub(super) struct RequestParts {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
    pub(super) max_response_size: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) placement: TokenLocation,
    pub(super) without_token: bool,
    /// The resource whose token is sent, and whose origin alone receives it (RFC 8707).
    pub(super) resource: Option<Resource>,
    /// The token to send instead of the owner's.
    pub(super) token: Option<Token>,
}

#[derive(Clone)]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) url: Url,
}

pub(super) enum Content {
    Bytes(Bytes),
    Empty,
    Form(Params),
    Stream(Body),
}
