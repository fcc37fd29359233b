//! The blocking [`OAuth2Client`].

use http::Method;
use url::Url;

use super::device::DeviceLogin;
use super::request::ApiRequest;
use super::runtime::{block_on, http_client_with_runtime};
use crate::api::verbs;
use crate::authorization::{AuthorizeOptions, PendingLogin};
use crate::client;
use crate::client::builder::ClientBuilder;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::UserInfo;
use crate::oauth2::{ExchangedToken, Grant, Introspection, Token, TokenExchange, TokenTypeHint};
use crate::registry::RegisteredClient;
use crate::secret::Secret;
use crate::store::TokenOwner;

/// An [`OAuth2Client`](client::oauth2_client::OAuth2Client) whose calls return when they are done. Its clones may be used
/// by many threads at once, which renew their token once.
#[derive(Clone, Debug)]
pub struct OAuth2Client {
    inner: client::oauth2_client::OAuth2Client,
}

impl OAuth2Client {
    /// As [`OAuth2Client::new`](client::oauth2_client::OAuth2Client::new).
    pub fn new(config: impl Into<ClientConfig>) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Builds a client with a token, a store or an HTTP client of your own.
    pub fn builder(config: impl Into<ClientConfig>) -> ClientBuilder<Self> {
        ClientBuilder::new(config, http_client_with_runtime, Self::wrap)
    }

    /// A registered client with the token of one of its users.
    #[must_use]
    pub fn for_owner(app: &RegisteredClient, owner: TokenOwner) -> Self {
        Self::wrap(client::oauth2_client::OAuth2Client::for_owner(app, owner))
    }

    pub(super) fn wrap(inner: client::oauth2_client::OAuth2Client) -> Self {
        Self { inner }
    }

    /// The same client for async code.
    #[must_use]
    pub fn as_async(&self) -> &client::oauth2_client::OAuth2Client {
        &self.inner
    }

    /// As [`token`](client::oauth2_client::OAuth2Client::token).
    pub fn token(&self) -> Result<Option<Token>> {
        block_on(self.inner.token())
    }

    /// As [`set_token`](client::oauth2_client::OAuth2Client::set_token).
    pub fn set_token(&self, token: &Token) -> Result<()> {
        block_on(self.inner.set_token(token))
    }

    /// As [`active_token`](client::oauth2_client::OAuth2Client::active_token).
    pub fn active_token(&self) -> Result<Token> {
        block_on(self.inner.active_token())
    }

    /// As [`refresh_token`](client::oauth2_client::OAuth2Client::refresh_token).
    pub fn refresh_token(&self) -> Result<Token> {
        block_on(self.inner.refresh_token())
    }

    /// As [`create_authorization_url`](client::oauth2_client::OAuth2Client::create_authorization_url).
    pub fn create_authorization_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        block_on(self.inner.create_authorization_url(options))
    }

    /// As [`fetch_access_token`](client::oauth2_client::OAuth2Client::fetch_access_token).
    pub fn fetch_access_token(
        &self,
        pending: PendingLogin,
        authorization_response: &str,
    ) -> Result<Token> {
        block_on(self.inner.fetch_access_token(pending, authorization_response))
    }

    /// As [`fetch_token`](client::oauth2_client::OAuth2Client::fetch_token).
    pub fn fetch_token(&self, grant: Grant) -> Result<Token> {
        block_on(self.inner.fetch_token(grant))
    }

    /// As [`exchange_token`](client::oauth2_client::OAuth2Client::exchange_token).
    pub fn exchange_token(&self, exchange: &TokenExchange) -> Result<ExchangedToken> {
        block_on(self.inner.exchange_token(exchange))
    }

    /// As [`start_device_login`](client::oauth2_client::OAuth2Client::start_device_login).
    pub fn start_device_login(&self, scope: Option<&str>) -> Result<DeviceLogin> {
        block_on(self.inner.start_device_login(scope)).map(DeviceLogin::of)
    }

    /// As [`token_from_fragment`](client::oauth2_client::OAuth2Client::token_from_fragment).
    pub fn token_from_fragment(
        &self,
        authorization_response: &str,
        expected_state: &Secret,
    ) -> Result<Token> {
        block_on(self.inner.token_from_fragment(authorization_response, expected_state))
    }

    verbs!(ApiRequest);

    /// A request to `url` with the token; see [`RegisteredClient::request`].
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.inner.request(method, url).with_mode()
    }

    /// As [`userinfo`](client::oauth2_client::OAuth2Client::userinfo).
    pub fn userinfo(&self) -> Result<UserInfo> {
        block_on(self.inner.userinfo())
    }

    /// As [`revoke_token`](client::oauth2_client::OAuth2Client::revoke_token).
    pub fn revoke_token(&self) -> Result<()> {
        block_on(self.inner.revoke_token())
    }

    /// As [`introspect_token`](client::oauth2_client::OAuth2Client::introspect_token).
    pub fn introspect_token(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        block_on(self.inner.introspect_token(token, hint))
    }
}
