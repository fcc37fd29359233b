//! [`OAuth2ClientBuilder`]: what an [`OAuth2Client`] is made of.

use std::fmt;
use std::sync::Arc;

use super::{OAuth1Client, OAuth2Client};
use crate::clock::Clock;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::Token;
use crate::random::Random;
use crate::registry::{OAuth, OAuthBuilder};
use crate::store::{MemoryTokenStore, TokenOwner, TokenStore};
use crate::token_updates::TokenUpdate;
use crate::transport::HttpClient;

/// The user in the owner of a standalone client's token: there is only one.
const ITSELF: &str = "";

/// Collects what an [`OAuth2Client`] is made of, and checks it in [`build`](Self::build).
#[must_use = "a builder does nothing until it builds"]
pub struct OAuth2ClientBuilder {
    config: ClientConfig,
    oauth: OAuthBuilder,
    user: String,
    token: Option<Token>,
    store: Option<Arc<dyn TokenStore>>,
    #[cfg(feature = "blocking")]
    has_http: bool,
}

impl OAuth2ClientBuilder {
    pub(super) fn new(mut config: ClientConfig) -> Self {
        config.extensions.standalone = true;
        let user = ITSELF.to_owned();
        Self {
            config,
            oauth: OAuth::builder(),
            user,
            token: None,
            store: None,
            #[cfg(feature = "blocking")]
            has_http: false,
        }
    }

    /// The token that the client has already. With a [`token_store`](Self::token_store) it is the
    /// store that says so: put it there.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Keeps the token elsewhere than in memory. A
    /// [`FnTokenStore`](crate::store::FnTokenStore) is made of two functions.
    ///
    /// The store finds the token by the client's name: clients of different providers over one store need
    /// different names, or one would send the token of the other.
    pub fn token_store(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(tokens));
        self
    }

    /// Whose token it is, where the store keeps those of several users.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Calls `subscriber` after each renewed token was stored, with the one before.
    pub fn on_token_update(
        mut self,
        subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static,
    ) -> Self {
        self.oauth = self.oauth.on_token_update(subscriber);
        self
    }

    /// Sends requests by another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.oauth = self.oauth.http_client(http);
        #[cfg(feature = "blocking")]
        {
            self.has_http = true;
        }
        self
    }

    /// Tells the time by another clock than the system's.
    pub fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.oauth = self.oauth.shared_clock(clock);
        self
    }

    /// Takes randomness from elsewhere than the system: for tests only.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.oauth = self.oauth.random(random);
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    pub fn build(self) -> Result<OAuth2Client> {
        let owner = TokenOwner::new(self.config.name.clone(), self.user);
        let store = match (self.store, self.token) {
            (Some(store), _) => store,
            (None, None) => Arc::new(MemoryTokenStore::new()),
            (None, Some(token)) => Arc::new(MemoryTokenStore::holding(owner.clone(), token)),
        };
        let oauth = self.oauth.register(self.config).token_store(store).build()?;
        Ok(OAuth2Client::for_owner(&oauth.client(&owner.client)?, owner))
    }

    /// As [`build`](Self::build), for an OAuth 1.0a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    pub fn build_oauth1(mut self) -> Result<OAuth1Client> {
        self.config.extensions.oauth1 = true;
        self.build().map(OAuth1Client::of)
    }

    /// As [`build`](Self::build), for a program without an async runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    #[cfg(feature = "blocking")]
    pub fn build_blocking(mut self) -> Result<super::blocking::OAuth2Client> {
        if !self.has_http {
            self = self.http_client(crate::transport::ReqwestClient::in_the_background()?);
        }
        self.build().map(super::blocking::OAuth2Client::of)
    }

    /// As [`build_oauth1`](Self::build_oauth1), for a program without an async runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    #[cfg(feature = "blocking")]
    pub fn build_oauth1_blocking(mut self) -> Result<super::blocking::OAuth1Client> {
        self.config.extensions.oauth1 = true;
        let client = self.build_blocking()?.asynchronous().clone();
        Ok(super::blocking::OAuth1Client::of(OAuth1Client::of(client)))
    }
}

impl fmt::Debug for OAuth2ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2ClientBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
