//! Adaptations to non-compliant providers: hooks that change requests and responses, custom client
//! authentication and custom signatures.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use crate::error::Result;
use crate::message::{Request, Response};
use crate::transport::BoxFuture;

mod builtin;
mod client_auth;
mod oauth1_signature;

pub use self::builtin::{default_token_type_bearer, parse_form_response, token_in_query};
pub use self::client_auth::{ClientAuth, ClientIdentity, EndpointRequest};
pub use self::oauth1_signature::OAuth1Signature;
pub use crate::endpoint::Endpoint;

/// The requests that a hook can change before they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestHook {
    /// The token request of every grant except a refresh, with the client authentication.
    AccessTokenRequest,
    /// The introspection request (RFC 7662 §2.1).
    IntrospectTokenRequest,
    /// A request to the provider's API, with the access token. A streaming body is not shown.
    ProtectedRequest,
    /// The token request of a refresh (RFC 6749 §6).
    RefreshTokenRequest,
    /// The revocation request (RFC 7009 §2.1).
    RevokeTokenRequest,
}

/// The responses that a hook can change before they are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseHook {
    /// The response to the token request of every grant except a refresh.
    AccessTokenResponse,
    /// The response to a refresh.
    RefreshTokenResponse,
}

type OnRequest = Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Request>> + Send + Sync>;
type OnResponse = Arc<dyn Fn(Response) -> BoxFuture<'static, Result<Response>> + Send + Sync>;

/// A client's hooks, which run in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    requests: Vec<(RequestHook, OnRequest)>,
    responses: Vec<(ResponseHook, OnResponse)>,
}

impl Hooks {
    pub(crate) fn push_request<F>(
        &mut self,
        at: RequestHook,
        hook: impl Fn(Request) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<Request>> + Send + 'static,
    {
        self.requests.push((at, Arc::new(move |request| Box::pin(hook(request)))));
    }

    pub(crate) fn push_response<F>(
        &mut self,
        at: ResponseHook,
        hook: impl Fn(Response) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<Response>> + Send + 'static,
    {
        self.responses.push((at, Arc::new(move |response| Box::pin(hook(response)))));
    }

    /// Adds a hook that is not async.
    pub(crate) fn push_request_now(
        &mut self,
        at: RequestHook,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) {
        self.push_request(at, move |mut request| ready(hook(&mut request).map(|()| request)));
    }

    /// Adds a hook that is not async.
    pub(crate) fn push_response_now(
        &mut self,
        at: ResponseHook,
        hook: impl Fn(&mut Response) -> Result<()> + Send + Sync + 'static,
    ) {
        self.push_response(at, move |mut response| ready(hook(&mut response).map(|()| response)));
    }

    pub(crate) fn has_request(&self, at: RequestHook) -> bool {
        self.requests.iter().any(|(point, _)| *point == at)
    }

    pub(crate) async fn on_request(
        &self,
        at: RequestHook,
        mut request: Request,
    ) -> Result<Request> {
        for (_, hook) in self.requests.iter().filter(|(point, _)| *point == at) {
            request = hook(request).await?;
        }
        Ok(request)
    }

    pub(crate) async fn on_response(
        &self,
        at: ResponseHook,
        mut response: Response,
    ) -> Result<Response> {
        for (_, hook) in self.responses.iter().filter(|(point, _)| *point == at) {
            response = hook(response).await?;
        }
        Ok(response)
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.requests.iter().map(|(at, _)| format!("{at:?}"));
        let responses = self.responses.iter().map(|(at, _)| format!("{at:?}"));
        f.debug_list().entries(requests.chain(responses)).finish()
    }
}
