//! What a client is given in code and no file can say: hooks, authentication of its own, and how its
//! token is renewed.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::ClientConfig;
use crate::error::Result;
use crate::hooks::{ClientAuth, Endpoint, Hooks, OAuth1Signature, RequestHook, ResponseHook};
use crate::message::{Request, Response};
use crate::oauth2::{JwtBearer, Token};
use crate::transport::BoxFuture;

/// Fetches a token in the application's own way; it is given the one that has expired, if there was one.
pub(crate) type RenewBy =
    Arc<dyn Fn(Option<Token>) -> BoxFuture<'static, Result<Token>> + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Extensions {
    pub(crate) hooks: Hooks,
    pub(crate) auth: Option<Arc<dyn ClientAuth>>,
    pub(crate) auth_at: Vec<(Endpoint, Arc<dyn ClientAuth>)>,
    pub(crate) renew_by: Option<RenewBy>,
    pub(crate) jwt_bearer: Option<Arc<JwtBearer>>,
    pub(crate) oauth1_signature: Option<Arc<dyn OAuth1Signature>>,
    /// It speaks OAuth 1.0a, although nothing else says so.
    pub(crate) oauth1: bool,
    /// It is no client that people log in with.
    pub(crate) standalone: bool,
}

impl Extensions {
    /// The authentication of its own that the client has at `endpoint`. `has_method` says that a registered
    /// method is configured for this endpoint alone, which wins over what is for all.
    pub(crate) fn auth_for(&self, endpoint: Endpoint, has_method: bool) -> Option<&dyn ClientAuth> {
        let own = self.auth_at.iter().rev().find(|(at, _)| *at == endpoint);
        let all = self.auth.as_ref().filter(|_| !has_method);
        own.map(|(_, auth)| auth).or(all).map(AsRef::as_ref)
    }
}

impl ClientConfig {
    /// Changes a request before it is sent. Hooks run in the order in which they were added, and after
    /// the client has proven itself or the token is in its place. They can't lead either astray: a request
    /// that would leave its endpoint's origin, or the places where a token may go, is not sent.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    /// use authlib_core::hooks::RequestHook;
    ///
    /// let twitch = ClientConfig::new("twitch").on_request(RequestHook::ProtectedRequest, |request| {
    ///     request.headers_mut().insert("client-id", "app".parse().expect("a plain text"));
    ///     Ok(())
    /// });
    /// # let _ = twitch;
    /// ```
    #[must_use]
    pub fn on_request(
        mut self,
        at: RequestHook,
        hook: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.extensions.hooks.push_request_now(at, hook);
        self
    }

    /// As [`on_request`](Self::on_request), for a hook that waits for something.
    #[must_use]
    pub fn on_request_async<F>(
        mut self,
        at: RequestHook,
        hook: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Request>> + Send + 'static,
    {
        self.extensions.hooks.push_request(at, hook);
        self
    }

    /// Changes an answer before it is read; see [`hooks`](crate::hooks) for ready-made ones.
    #[must_use]
    pub fn on_response(
        mut self,
        at: ResponseHook,
        hook: impl Fn(&mut Response) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.extensions.hooks.push_response_now(at, hook);
        self
    }

    /// As [`on_response`](Self::on_response), for a hook that waits for something.
    #[must_use]
    pub fn on_response_async<F>(
        mut self,
        at: ResponseHook,
        hook: impl Fn(Response) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response>> + Send + 'static,
    {
        self.extensions.hooks.push_response(at, hook);
        self
    }

    /// Proves who the client is in a way of its own, at all endpoints.
    #[must_use]
    pub fn client_auth(mut self, auth: impl ClientAuth + 'static) -> Self {
        self.extensions.auth = Some(Arc::new(auth));
        self
    }

    /// As [`client_auth`](Self::client_auth), at one endpoint only; there it wins.
    #[must_use]
    pub fn client_auth_at(mut self, endpoint: Endpoint, auth: impl ClientAuth + 'static) -> Self {
        self.extensions.auth_at.push((endpoint, Arc::new(auth)));
        self
    }

    /// Renews an expired token, and fetches the first, in the application's own way.
    #[must_use]
    pub fn renew_by<F>(mut self, renew: impl Fn(Option<Token>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Token>> + Send + 'static,
    {
        self.extensions.renew_by = Some(Arc::new(move |old| Box::pin(renew(old))));
        self
    }

    /// Renews an expired token, and fetches the first, by an assertion that is signed anew each time
    /// (RFC 7523 §2.1).
    #[must_use]
    pub fn renew_by_assertion(mut self, jwt_bearer: JwtBearer) -> Self {
        self.extensions.jwt_bearer = Some(Arc::new(jwt_bearer));
        self
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions")
            .field("hooks", &self.hooks)
            .field("auth", &self.auth.is_some())
            .field("renew_by", &self.renew_by.is_some())
            .field("jwt_bearer", &self.jwt_bearer)
            .finish_non_exhaustive()
    }
}
