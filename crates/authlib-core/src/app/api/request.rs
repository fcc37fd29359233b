//! [`ApiRequest`]: a request to the provider's API, to be completed and sent.

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use url::Url;

use crate::app::authorization::oauth1::{self, Signed};
use crate::app::{ApiResponse, RegisteredClient};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RequestHook;
use crate::message::{self, BodyLimit, Request, Response, Timeout};
use crate::multipart::Multipart;
use crate::oauth2::bearer::{self, Placed};
use crate::oauth2::{Token, TokenPlacement};
use crate::params::Params;
use crate::random;
use crate::store::TokenOwner;
use crate::transport::{Body, StreamingResponse};

/// The most bytes that an API answer may have, unless the request says otherwise: 16 MiB.
const MAX_API_BODY: usize = 16 * 1024 * 1024;

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// The name of the exchange in errors and logs.
const WHAT: &str = "the API request";

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
pub struct ApiRequest {
    app: RegisteredClient,
    owner: TokenOwner,
    /// The request, or the first thing that was wrong with it.
    built: Result<Built>,
}

struct Built {
    method: Method,
    url: Url,
    headers: http::HeaderMap,
    content: Content,
    limit: usize,
    timeout: Option<Duration>,
    placement: TokenPlacement,
    withheld: bool,
}

enum Content {
    Bytes(Vec<u8>),
    Empty,
    Form(Params),
    Stream(Body),
}

impl ApiRequest {
    pub(in crate::app) fn new(
        app: RegisteredClient,
        owner: TokenOwner,
        method: Method,
        url: &str,
    ) -> Self {
        let built = app.api_url(url).map(|url| Built {
            method,
            url,
            headers: http::HeaderMap::new(),
            content: Content::Empty,
            limit: MAX_API_BODY,
            timeout: None,
            placement: app.inner.settings.token_placement,
            withheld: false,
        });
        Self { app, owner, built }
    }

    fn change(mut self, change: impl FnOnce(&mut Built) -> Result<()>) -> Self {
        if let Ok(built) = &mut self.built
            && let Err(error) = change(built)
        {
            self.built = Err(error);
        }
        self
    }

    /// Adds query parameters: [`Params`], or an array of names and values.
    pub fn query(self, params: impl Into<Params>) -> Self {
        self.change(|built| {
            params.into().append_to(&mut built.url);
            Ok(())
        })
    }

    /// Sets a header. `Authorization` is the token's and can't be set, but with
    /// [`without_token`](Self::without_token).
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(|built| {
            let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
            let (name, value) = parsed.ok_or_else(|| {
                let check = format!("header `{}` can't be sent", name.escape_debug());
                Error::new(ErrorKind::InvalidRequest, check)
            })?;
            built.headers.insert(name, value);
            Ok(())
        })
    }

    fn content(self, content_type: &str, content: Content) -> Self {
        self.header(CONTENT_TYPE.as_str(), content_type).change(|built| {
            built.content = content;
            Ok(())
        })
    }

    /// Sets a body of any type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.content(content_type, Content::Bytes(body.into()))
    }

    /// Sets a JSON body.
    pub fn json(self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body("application/json", body),
            Err(cause) => self.change(|_| Err(Error::new(ErrorKind::InvalidRequest, cause))),
        }
    }

    /// Sets a form body: [`Params`], or an array of names and values.
    pub fn form(self, params: impl Into<Params>) -> Self {
        self.content(FORM, Content::Form(params.into()))
    }

    /// Sets a `multipart/form-data` body.
    pub fn multipart(self, form: &Multipart) -> Self {
        match random::token(self.app.inner.ports.random.as_ref()) {
            Ok(boundary) => {
                let content_type = format!("multipart/form-data; boundary={boundary}");
                self.body(&content_type, form.body(&boundary))
            }
            Err(error) => self.change(|_| Err(error)),
        }
    }

    /// Sends a body as it comes. The request can't be repeated after a 401.
    pub fn stream(self, content_type: &str, body: Body) -> Self {
        self.content(content_type, Content::Stream(body))
    }

    /// The longest that the whole exchange may take, in the place of the client's `timeout`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|built| {
            built.timeout = Some(timeout);
            Ok(())
        })
    }

    /// Allows an answer of up to `bytes` bytes; 16 MiB by default. It does not bound
    /// [`send_streaming`](Self::send_streaming), but over an HTTP client that can't stream, where it bounds
    /// the bodies of both directions.
    pub fn max_response_size(self, bytes: usize) -> Self {
        self.change(|built| {
            built.limit = bytes;
            Ok(())
        })
    }

    /// Puts the token elsewhere than the client's `token_placement` says.
    pub fn token_placement(self, placement: TokenPlacement) -> Self {
        self.change(|built| {
            built.placement = placement;
            Ok(())
        })
    }

    /// Sends the request without a token, which needs none to be there, to wherever it leads.
    pub fn without_token(self) -> Self {
        self.change(|built| {
            built.withheld = true;
            Ok(())
        })
    }

    /// Sends the request. An answer of any status is an answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when the request was built wrong or would lead the token elsewhere, the
    /// errors of [`RegisteredClient::active_token`], [`ErrorKind::Transport`] when there is no answer.
    pub async fn send(self) -> Result<ApiResponse> {
        let Self { app, owner, built } = self;
        let sent = async {
            let built = built?;
            if let Content::Stream(_) = built.content {
                let limit = built.limit;
                let response = app.send_api_streamed(&owner, built).await?;
                let (head, body) = response.into_parts();
                let body = body.bytes(limit).await?;
                return Ok(Response::from_parts(head, body));
            }
            let token = app.token_for(&owner, &built).await?;
            let response = app.send_api(&built, token.as_ref()).await?;
            let Some(token) = token.filter(|_| is_rejected(&response)) else {
                return Ok(response);
            };
            match app.other_token(&owner, token).await? {
                Some(token) => {
                    let response = app.send_api(&built, Some(&token)).await?;
                    let refused = is_rejected(&response);
                    app.inner.refreshes.repeated(&owner, refused, app.now());
                    Ok(response)
                }
                None => Ok(response),
            }
        };
        let sent: Result<Response> = sent.await;
        sent.map(ApiResponse::new).map_err(|error| error.with_client(app.name()))
    }

    /// Sends the request, and hands out the answer's body as it comes.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn send_streaming(self) -> Result<StreamingResponse> {
        let Self { app, owner, built } = self;
        let sent = async { app.send_api_streamed(&owner, built?).await };
        sent.await.map_err(|error: Error| error.with_client(app.name()))
    }
}

impl RegisteredClient {
    async fn token_for(&self, owner: &TokenOwner, built: &Built) -> Result<Option<Token>> {
        if built.withheld {
            return Ok(None);
        }
        // Before the token is fetched: a request that goes nowhere renews nothing.
        self.check_allowed(&built.url)?;
        if self.oauth1().is_some() && !self.inner.settings.is_interactive() {
            // Without a token the client signs in its own name (RFC 5849 §3.1).
            return self.find_token(owner).await;
        }
        self.active_token(owner).await.map(Some)
    }

    /// Another token than the one that the API refused, where there is a way to one.
    pub(in crate::app) async fn other_token(
        &self,
        owner: &TokenOwner,
        refused: Token,
    ) -> Result<Option<Token>> {
        let stored = self.find_token(owner).await?;
        let renewed = stored.as_ref().is_some_and(|kept| kept.access_token != refused.access_token);
        // An API that refuses every token must not make us storm the token endpoint.
        let futile = self.inner.refreshes.is_futile(owner, self.now());
        if !renewed && (futile || !self.is_renewable(&refused)) {
            return Ok(None);
        }
        tracing::debug!(client = self.name(), "the API takes the token no more");
        self.renewed(owner, Some(refused.access_token)).await.map(Some)
    }

    async fn send_api(&self, built: &Built, token: Option<&Token>) -> Result<Response> {
        let request = self.placed(built, token).await?;
        self.inner.driver.send(WHAT, request).await
    }

    async fn send_api_streamed(
        &self,
        owner: &TokenOwner,
        mut built: Built,
    ) -> Result<StreamingResponse> {
        let token = self.token_for(owner, &built).await?;
        let content = std::mem::replace(&mut built.content, Content::Empty);
        if let Content::Stream(body) = content {
            if built.placement == TokenPlacement::Body && token.is_some() {
                let check = "the token can't stand in a body that is no form (RFC 6750 §2.2)";
                return Err(Error::new(ErrorKind::InvalidRequest, check));
            }
            if self.oauth1().is_some()
                && message::media_type(&built.headers).as_deref() == Some(FORM)
            {
                let check = "a form is signed (RFC 5849 §3.4.1.3.1), and so can't be streamed";
                return Err(Error::new(ErrorKind::InvalidRequest, check).with_hint("use `form`"));
            }
            let request = self.placed(&built, token.as_ref()).await?;
            return self.inner.driver.send_streaming(WHAT, request.map(|_| body)).await;
        }
        built.content = content;
        let request = self.placed(&built, token.as_ref()).await?;
        let response = self.inner.driver.send_streaming(WHAT, request.map(Body::from)).await?;
        let Some(token) = token.filter(|_| is_rejected(&response)) else {
            return Ok(response);
        };
        match self.other_token(owner, token).await? {
            Some(token) => {
                let request = self.placed(&built, Some(&token)).await?;
                let request = request.map(Body::from);
                let response = self.inner.driver.send_streaming(WHAT, request).await?;
                self.inner.refreshes.repeated(owner, is_rejected(&response), self.now());
                Ok(response)
            }
            None => Ok(response),
        }
    }

    /// The request with the token in its place and through the client's hooks.
    async fn placed(&self, built: &Built, token: Option<&Token>) -> Result<Request> {
        let signed = self.oauth1().is_some() && !built.withheld;
        let (mut url, mut headers) = (built.url.clone(), built.headers.clone());
        let mut form = match &built.content {
            Content::Form(form) => Some(form.clone()),
            Content::Empty => Some(Params::new()),
            Content::Bytes(_) | Content::Stream(_) => None,
        };
        if let Some(token) = token.filter(|_| !signed) {
            let method = &built.method;
            let to = Placed { method, url: &mut url, headers: &mut headers, form: form.as_mut() };
            bearer::place(token, built.placement, to)?;
        }
        let body = match (&built.content, form) {
            (Content::Bytes(bytes), _) => bytes.clone(),
            (Content::Form(_), Some(form)) => form.to_form().into_bytes(),
            (_, Some(form)) if !form.is_empty() => {
                let form_type = HeaderValue::from_static(FORM);
                headers.insert(CONTENT_TYPE, form_type);
                form.to_form().into_bytes()
            }
            _ => Vec::new(),
        };
        let mut request = message::bare(built.method.clone(), &url, body);
        *request.headers_mut() = headers;
        request.extensions_mut().insert(BodyLimit(built.limit));
        if let Some(timeout) = built.timeout {
            request.extensions_mut().insert(Timeout(timeout));
        }
        if signed {
            // Hooks come first: what they change is signed too.
            let request = self.hooked(request).await?;
            let token = token.map(oauth1::credentials).transpose()?;
            return self.sign(request, Signed { token, ..Signed::default() });
        }
        if token.is_none() {
            return Ok(request);
        }
        self.hooked(request).await
    }

    /// The request through the client's hooks, none of which may lead the token elsewhere.
    async fn hooked(&self, request: Request) -> Result<Request> {
        let hooks = &self.inner.settings.extensions.hooks;
        if !hooks.has_request(RequestHook::ProtectedRequest) {
            // As it was checked before the token was fetched.
            return Ok(request);
        }
        // A hook that makes a new request must not lose the limits of the old one.
        let limits = request.extensions().clone();
        let mut request = hooks.on_request(RequestHook::ProtectedRequest, request).await?;
        request.extensions_mut().extend(limits);
        let hooked = Url::parse(&request.uri().to_string());
        let hooked = hooked.map_err(|_| Error::new(ErrorKind::Config, "a hook made no URL"))?;
        self.check_allowed(&hooked).map_err(|error| error.with_kind(ErrorKind::Config))?;
        Ok(request)
    }
}

pub(in crate::app) fn is_rejected<B>(response: &http::Response<B>) -> bool {
    response.status() == StatusCode::UNAUTHORIZED && bearer::is_invalid_token(response.headers())
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest").field("client", &self.app.name()).finish_non_exhaustive()
    }
}
