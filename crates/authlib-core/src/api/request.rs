//! [`ApiRequest`]: builds a request to the provider's API.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::ApiResponse;
use super::allowed_origins::{api_url, resource_url};
use super::request_parts::{Content, FORM, RequestParts, Resource};
use super::send::{send, send_streaming};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::{Token, TokenLocation};
use crate::params::Params;
use crate::store::TokenOwner;
use crate::tokens::TokenManager;
use crate::transport::{Body, StreamingResponse};

/// The maximum size of an API response in bytes, unless the request sets another: 16 MiB.
const MAX_RESPONSE: usize = 16 * 1024 * 1024;

/// A request to the provider's API, to be completed and sent.
///
/// ```no_run
/// # async fn run(app: authlib_core::RegisteredClient, owner: authlib_core::store::TokenOwner) -> authlib_core::Result<()> {
/// let repos: serde_json::Value = app
///     .get("user/repos", &owner)
///     .query([("sort", "pushed"), ("per_page", "10")])
///     .send()
///     .await?
///     .error_for_status()?
///     .json()?;
/// # let _ = repos;
/// # Ok(())
/// # }
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct ApiRequest<M = Async> {
    pub(super) tokens: Arc<TokenManager>,
    owner: TokenOwner,
    /// The request, or the first mistake in it.
    parts: Result<RequestParts>,
    mode: PhantomData<M>,
}

/// An [`ApiRequest`] that is sent by async code.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Async;

impl<M> ApiRequest<M> {
    pub(crate) fn new(
        tokens: Arc<TokenManager>,
        owner: TokenOwner,
        method: Method,
        url: &str,
    ) -> Self {
        let settings = tokens.endpoints().settings();
        let url = api_url(settings, url);
        Self::of(tokens, owner, method, url.map(|url| (url, None)))
    }

    /// A request with the owner's token for one resource.
    pub(crate) fn for_resource(
        tokens: Arc<TokenManager>,
        owner: TokenOwner,
        method: Method,
        url: &str,
        resource: &str,
    ) -> Self {
        let target = resource_url(resource, url)
            .map(|(base, url)| (url, Some(Resource { name: resource.to_owned(), url: base })));
        Self::of(tokens, owner, method, target)
    }

    fn of(
        tokens: Arc<TokenManager>,
        owner: TokenOwner,
        method: Method,
        target: Result<(Url, Option<Resource>)>,
    ) -> Self {
        let placement = tokens.endpoints().settings().token_location;
        let parts = target.map(|(url, resource)| RequestParts {
            method,
            url,
            headers: HeaderMap::new(),
            content: Content::Empty,
            max_response_size: MAX_RESPONSE,
            timeout: None,
            placement,
            without_token: false,
            resource,
            token: None,
        });
        Self { tokens, owner, parts, mode: PhantomData }
    }

    /// The same request for another way to send it.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_mode<N>(self) -> ApiRequest<N> {
        let Self { tokens, owner, parts, mode: _ } = self;
        ApiRequest { tokens, owner, parts, mode: PhantomData }
    }

    fn set(self, set: impl FnOnce(&mut RequestParts)) -> Self {
        self.try_set(|parts| {
            set(parts);
            Ok(())
        })
    }

    pub(super) fn try_set(mut self, set: impl FnOnce(&mut RequestParts) -> Result<()>) -> Self {
        if let Ok(parts) = &mut self.parts
            && let Err(error) = set(parts)
        {
            self.parts = Err(error);
        }
        self
    }

    /// Adds query parameters: [`Params`], or an array of names and values.
    pub fn query(self, params: impl Into<Params>) -> Self {
        self.set(|parts| params.into().append_to(&mut parts.url))
    }

    /// Sets a header. `Authorization` is replaced by the token's, except
    /// [`without_token`](Self::without_token).
    pub fn header(self, name: &str, value: &str) -> Self {
        self.try_set(|parts| {
            let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let (name, value) = parsed.ok_or_else(|| {
                let check =
                    format!("`{}` or its value is not valid in a header", name.escape_debug());
                Error::new(ErrorKind::InvalidRequest, check)
            })?;
            parts.headers.insert(name, value);
            Ok(())
        })
    }

    fn content(self, content_type: &str, content: Content) -> Self {
        self.header(CONTENT_TYPE.as_str(), content_type).set(|parts| parts.content = content)
    }

    /// Sets a body of any type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.content(content_type, Content::Bytes(Bytes::from(body.into())))
    }

    /// Sets a JSON body.
    pub fn json(self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body("application/json", body),
            Err(cause) => self.try_set(|_| Err(Error::new(ErrorKind::InvalidRequest, cause))),
        }
    }

    /// Sets a form body: [`Params`], or an array of names and values.
    pub fn form(self, params: impl Into<Params>) -> Self {
        self.content(FORM, Content::Form(params.into()))
    }

    /// Sets the maximum time of the whole exchange, instead of the client's `timeout`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|parts| parts.timeout = Some(timeout))
    }

    /// Sets the maximum size of the response in bytes; 16 MiB by default. It does not apply to
    /// [`send_streaming`](Self::send_streaming), except over an HTTP client that cannot stream, where it
    /// limits the bodies in both directions.
    pub fn max_response_size(self, bytes: usize) -> Self {
        self.set(|parts| parts.max_response_size = bytes)
    }

    /// Sets where the token is placed, instead of the client's `token_location`.
    pub fn token_location(self, placement: TokenLocation) -> Self {
        self.set(|parts| parts.placement = placement)
    }

    /// Sends this token instead of the stored one. It is neither refreshed nor stored, and the request is sent once. It is
    /// sent to the same places only as the stored one.
    pub fn token(self, token: &Token) -> Self {
        self.set(|parts| parts.token = Some(token.clone()))
    }

    /// Sends the request without a token. Then it may go to any URL, and the user needs no token.
    pub fn without_token(self) -> Self {
        self.set(|parts| parts.without_token = true)
    }
}

impl ApiRequest {
    /// Sets a body that is streamed. The request is then not repeated after a 401.
    pub fn stream(self, content_type: &str, body: Body) -> Self {
        self.content(content_type, Content::Stream(body))
    }

    /// Sends the request. A response of any status is `Ok`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if the request is invalid or the token must not be sent to its URL, the
    /// errors of [`RegisteredClient::active_token`](crate::RegisteredClient::active_token), and
    /// [`ErrorKind::Transport`] if there is no response.
    pub async fn send(self) -> Result<ApiResponse> {
        let Self { tokens, owner, parts, mode: _ } = self;
        let sent = async { send(&tokens, &owner, parts?).await.map(ApiResponse::new) };
        tokens.endpoints().named(sent.await)
    }

    /// Sends the request, and returns a response whose body is streamed.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn send_streaming(self) -> Result<StreamingResponse> {
        let Self { tokens, owner, parts, mode: _ } = self;
        let sent = async { send_streaming(&tokens, &owner, parts?).await };
        tokens.endpoints().named(sent.await)
    }
}

impl<M> fmt::Debug for ApiRequest<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("client", &self.tokens.endpoints().settings().name)
            .finish_non_exhaustive()
    }
}
