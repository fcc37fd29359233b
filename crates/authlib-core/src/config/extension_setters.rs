//! The setters of what only code can configure.

use std::future::Future;
use std::sync::Arc;

use super::ClientConfig;
use crate::error::Result;
use crate::hooks::{ClientAuth, Endpoint, OAuth1Signature, RequestHook, ResponseHook};
use crate::message::{Request, Response};
use crate::secret_source::ClientSecretSource;
use crate::signer::Signer;

impl ClientConfig {
    /// Changes a request before it is sent, when the client authentication or the access token was added. A
    /// request that the hook addresses to where these must not go is not sent.
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
        self.extensions.hooks.requests.push_sync(at, hook);
        self
    }

    /// Of a preset: the provider issues no token for a login without a client secret.
    pub(crate) fn needs_secret(mut self) -> Self {
        self.extensions.needs_secret = true;
        self
    }

    /// Of a preset: the provider's name of the parameter `client_id`.
    pub(crate) fn client_id_param(mut self, name: &'static str) -> Self {
        self.extensions.client_id_param = Some(name);
        self
    }

    /// Adds a [built-in hook](crate::hooks) by the name that the setting `hooks` has.
    #[must_use]
    #[doc(alias = "hooks")]
    pub fn builtin_hook(mut self, name: impl Into<String>) -> Self {
        self.hooks.push(name.into());
        self
    }

    /// As [`on_request`](Self::on_request), for an async hook.
    #[must_use]
    pub fn on_request_async<F>(
        mut self,
        at: RequestHook,
        hook: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Request>> + Send + 'static,
    {
        self.extensions.hooks.requests.push(at, hook);
        self
    }

    /// Changes a response before it is parsed; see [`hooks`](crate::hooks) for built-in hooks.
    #[must_use]
    pub fn on_response(
        mut self,
        at: ResponseHook,
        hook: impl Fn(&mut Response) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.extensions.hooks.responses.push_sync(at, hook);
        self
    }

    /// As [`on_response`](Self::on_response), for an async hook.
    #[must_use]
    pub fn on_response_async<F>(
        mut self,
        at: ResponseHook,
        hook: impl Fn(Response) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response>> + Send + 'static,
    {
        self.extensions.hooks.responses.push(at, hook);
        self
    }

    /// Takes the client secret from where it is kept, for example a vault, instead of [`client_secret`](Self::client_secret). A new
    /// secret is used without a restart.
    #[must_use]
    pub fn client_secret_source(mut self, source: impl ClientSecretSource + 'static) -> Self {
        self.extensions.secret_source = Some(Arc::new(source));
        self
    }

    /// Signs with keys that are kept elsewhere, for example in a hardware module, instead of
    /// [`private_key`](Self::private_key).
    #[must_use]
    pub fn signer(mut self, signer: impl Signer + 'static) -> Self {
        self.extensions.signer = Some(Arc::new(signer));
        self
    }

    /// Signs DPoP proofs with keys that are kept elsewhere, instead of [`dpop_key`](Self::dpop_key).
    #[must_use]
    pub fn dpop_signer(mut self, signer: impl Signer + 'static) -> Self {
        self.extensions.dpop_signer = Some(Arc::new(signer));
        self
    }

    /// Authenticates the client with a method that no RFC defines, at all endpoints.
    #[must_use]
    pub fn client_auth(mut self, auth: impl ClientAuth + 'static) -> Self {
        self.extensions.auth = Some(Arc::new(auth));
        self
    }

    /// As [`client_auth`](Self::client_auth), for one endpoint only, where it takes precedence.
    #[must_use]
    pub fn client_auth_for(mut self, endpoint: Endpoint, auth: impl ClientAuth + 'static) -> Self {
        self.extensions.auth_at.push((endpoint, Arc::new(auth)));
        self
    }

    /// Signs OAuth 1.0a requests with a method that RFC 5849 does not define.
    #[must_use]
    pub fn oauth1_signature(mut self, signature: impl OAuth1Signature + 'static) -> Self {
        self.extensions.oauth1_signature = Some(Arc::new(signature));
        self
    }
}
