//! The blocking [`OAuth2Client`].

use http::Method;
use url::Url;

use super::backchannel::BackchannelLogin;
use super::device::DeviceLogin;
use super::request::ApiRequest;
use super::resource_client::ResourceClient;
use super::runtime::{block_on, http_client_with_runtime};
use super::wait_for::wait_for;
use crate::api::verbs;
use crate::authorization::{AuthorizeOptions, PendingLogin};
use crate::client;
use crate::client::builder::ClientBuilder;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::UserInfo;
use crate::oauth2::{ExchangedToken, Grant, Introspection, Token, TokenExchange, TokenTypeHint};
use crate::oidc::backchannel_authentication::BackchannelRequest;
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

    wait_for! {
        client::oauth2_client::OAuth2Client;
        token() -> Option<Token>;
        set_token(token: &Token) -> ();
        active_token() -> Token;
        refresh_token() -> Token;
        create_authorization_url(options: AuthorizeOptions) -> (Url, PendingLogin);
        fetch_access_token(pending: PendingLogin, authorization_response: &str) -> Token;
        fetch_token(grant: Grant) -> Token;
        exchange_token(exchange: &TokenExchange) -> ExchangedToken;
        token_from_fragment(authorization_response: &str, expected_state: &Secret) -> Token;
        userinfo() -> UserInfo;
        revoke_token() -> ();
        introspect_token(token: &Secret, hint: Option<TokenTypeHint>) -> Introspection;
    }

    /// As [`start_device_login`](client::oauth2_client::OAuth2Client::start_device_login).
    pub fn start_device_login(&self, scope: Option<&str>) -> Result<DeviceLogin> {
        block_on(self.inner.start_device_login(scope)).map(DeviceLogin::of)
    }

    /// As [`for_resource`](client::oauth2_client::OAuth2Client::for_resource).
    ///
    /// ```no_run
    /// # fn run(client: authlib_core::client::blocking::OAuth2Client) -> authlib_core::Result<()> {
    /// let mail = client.for_resource("https://mail.example.com/v1/");
    /// let inbox = mail.get("inbox").send()?.error_for_status()?;
    /// # let _ = inbox;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_resource(&self, resource: impl Into<String>) -> ResourceClient {
        ResourceClient::wrap(self.inner.for_resource(resource))
    }

    /// As [`start_backchannel_login`](client::oauth2_client::OAuth2Client::start_backchannel_login).
    pub fn start_backchannel_login(
        &self,
        request: &BackchannelRequest,
    ) -> Result<BackchannelLogin> {
        block_on(self.inner.start_backchannel_login(request)).map(BackchannelLogin::of)
    }

    /// As [`receive_ping`](client::oauth2_client::OAuth2Client::receive_ping).
    pub fn receive_ping(&self, authorization: Option<&str>, body: &[u8]) -> Result<()> {
        self.inner.receive_ping(authorization, body)
    }

    verbs!(ApiRequest);

    /// A request to `url` with the token; see [`RegisteredClient::request`].
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.inner.request(method, url).with_mode()
    }
}
