//! [`ClientBuilder`]: builds a standalone client.

use std::sync::Arc;

use super::oauth2_client::OAuth2Client;
use crate::clock::Clock;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::Token;
use crate::random::Random;
use crate::registry::{OAuth, OAuthBuilder};
use crate::store::{MemoryTokenStore, TokenOwner, TokenStore};
use crate::token_updates::TokenUpdate;
use crate::transport::{HttpClient, MakeClient, default_client};

/// The user in the owner of a standalone client's token: there is only one.
const NO_USER: &str = "";

/// Builds a standalone client. It comes from the client's own `builder`.
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder<C> {
    config: ClientConfig,
    oauth: OAuthBuilder,
    user: String,
    token: Option<Token>,
    store: Option<Arc<dyn TokenStore>>,
    wrap: fn(OAuth2Client) -> C,
}

impl OAuth2Client {
    /// A client with its token in memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every error of the configuration, one a line.
    pub fn new(config: impl Into<ClientConfig>) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Builds a client with a token, a store or an HTTP client of your own.
    pub fn builder(config: impl Into<ClientConfig>) -> ClientBuilder<Self> {
        ClientBuilder::new(config, default_client, |client| client)
    }
}

impl<C> ClientBuilder<C> {
    pub(super) fn new(
        config: impl Into<ClientConfig>,
        default_http: MakeClient,
        wrap: fn(OAuth2Client) -> C,
    ) -> Self {
        let mut config = config.into();
        config.extensions.standalone = true;
        Self {
            config,
            oauth: OAuth::builder().default_http_client(default_http),
            user: NO_USER.to_owned(),
            token: None,
            store: None,
            wrap,
        }
    }

    pub(super) fn configure(mut self, change: impl FnOnce(ClientConfig) -> ClientConfig) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sets the token that the program already has. It is not used with a
    /// [`token_store`](Self::token_store): put it into the store instead.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Keeps the token in a store of your own instead of in memory. The store finds it by the client's name:
    /// clients that share a store need different names, or one would send the token of the other.
    pub fn token_store(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(tokens));
        self
    }

    /// Sets the user whose token it is, if the store keeps those of several users.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Calls `subscriber` after each refreshed token was stored, with the old and the new one.
    pub fn on_token_update(
        mut self,
        subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static,
    ) -> Self {
        self.oauth = self.oauth.on_token_update(subscriber);
        self
    }

    /// Sends requests with another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.oauth = self.oauth.http_client(http);
        self
    }

    /// Uses another clock than the system's, for tests. An `Arc` of a clock is a clock too.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.oauth = self.oauth.clock(clock);
        self
    }

    /// Uses another source of randomness than the system's, for tests only.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.oauth = self.oauth.random(random);
        self
    }

    /// Checks the configuration and builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every error of the configuration, one a line.
    pub fn build(self) -> Result<C> {
        let owner = TokenOwner::new(self.config.name.clone(), self.user);
        let store = match (self.store, self.token) {
            (Some(store), _) => store,
            (None, None) => Arc::new(MemoryTokenStore::new()),
            (None, Some(token)) => Arc::new(MemoryTokenStore::holding(owner.clone(), token)),
        };
        let oauth = self.oauth.register(self.config).token_store(store).build()?;
        Ok((self.wrap)(OAuth2Client::for_owner(&oauth.client(&owner.client)?, owner)))
    }
}

debug_fields!(ClientBuilder<C> { config });
