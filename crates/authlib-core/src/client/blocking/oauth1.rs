//! The blocking [`OAuth1Client`].

use http::Method;
use url::Url;

use super::request::ApiRequest;
use super::runtime::http_client_with_runtime;
use super::wait_for::wait_for;
use crate::api::verbs;
use crate::client;
use crate::client::builder::ClientBuilder;
use crate::client::oauth1_client::oauth1_config;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth1::{TemporaryCredentials, Token};
use crate::params::Params;
use crate::secret::Secret;

/// An [`OAuth1Client`](client::oauth1_client::OAuth1Client) whose calls return when they are done.
#[derive(Clone, Debug)]
pub struct OAuth1Client {
    inner: client::oauth1_client::OAuth1Client,
}

impl OAuth1Client {
    /// As [`OAuth1Client::new`](client::oauth1_client::OAuth1Client::new).
    pub fn new(config: impl Into<ClientConfig>) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Builds a client with a token, a store or an HTTP client of your own.
    pub fn builder(config: impl Into<ClientConfig>) -> ClientBuilder<Self> {
        let wrap = |inner| Self { inner: client::oauth1_client::OAuth1Client::wrap(inner) };
        ClientBuilder::new(oauth1_config(config), http_client_with_runtime, wrap)
    }

    wait_for! {
        client::oauth1_client::OAuth1Client;
        fetch_request_token(callback: &str) -> TemporaryCredentials;
        fetch_access_token(temporary: &TemporaryCredentials, verifier: &Secret) -> Token;
        token() -> Option<Token>;
        set_token(token: Token) -> ();
    }

    /// As [`create_authorization_url`](client::oauth1_client::OAuth1Client::create_authorization_url).
    pub fn create_authorization_url(
        &self,
        temporary: &TemporaryCredentials,
        params: &Params,
    ) -> Result<Url> {
        self.inner.create_authorization_url(temporary, params)
    }

    /// As [`parse_authorization_response`](client::oauth1_client::OAuth1Client::parse_authorization_response).
    pub fn parse_authorization_response(
        &self,
        temporary: &TemporaryCredentials,
        callback: &str,
    ) -> Result<Secret> {
        self.inner.parse_authorization_response(temporary, callback)
    }

    verbs!(ApiRequest);

    /// A signed request to `url`; see [`OAuth1Client::request`](client::oauth1_client::OAuth1Client::request).
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.inner.request(method, url).with_mode()
    }
}
