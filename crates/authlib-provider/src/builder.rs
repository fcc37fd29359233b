//! [`ProviderBuilder`]: what a provider is made of.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::access::Granted;
use crate::client::TestClient;
use crate::keys;
use crate::oauth1;
use crate::provider::{Clock, Inner, Provider, State};
use crate::register::Registration;
use crate::user::TestUser;

/// Collects what a provider knows.
#[must_use = "a builder does nothing until it builds"]
pub struct ProviderBuilder {
    issuer: String,
    clients: Vec<TestClient>,
    users: Vec<TestUser>,
    issuers: HashMap<String, Value>,
    algorithm: String,
    registration: Registration,
    lifetime: Duration,
    clock: Clock,
}

impl ProviderBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            clients: Vec::new(),
            users: Vec::new(),
            issuers: HashMap::new(),
            algorithm: "RS256".to_owned(),
            registration: Registration::Closed,
            lifetime: Duration::from_secs(3600),
            clock: Arc::new(system_time),
        }
    }

    /// Registers a client.
    pub fn client(mut self, client: TestClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds a user. Who logs in under another name is made up.
    pub fn user(mut self, user: TestUser) -> Self {
        self.users.push(user);
        self
    }

    /// Trusts the JWTs that `issuer` signs with one of these keys (a JWK set), as assertions in the
    /// grant `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1) and as subject and actor
    /// tokens of a token exchange (RFC 8693). Their audience is this provider's issuer or its token
    /// endpoint, and they are good for an hour at most.
    pub fn assertion_issuer(mut self, issuer: &str, jwks: Value) -> Self {
        self.issuers.insert(issuer.to_owned(), jwks);
        self
    }

    /// Lets clients register themselves at `/register` (RFC 7591) and manage what they registered (RFC
    /// 7592): all of them, or those with this initial access token. Off by default.
    pub fn registration(mut self, initial_access_token: Option<&str>) -> Self {
        self.registration = match initial_access_token {
            Some(token) => Registration::ByToken(token.to_owned()),
            None => Registration::Open,
        };
        self
    }

    /// Tells the time by this function.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Signs ID tokens by this algorithm; RS256 by default.
    pub fn signing_alg(mut self, algorithm: &str) -> Self {
        algorithm.clone_into(&mut self.algorithm);
        self
    }

    /// How long access tokens live: an hour by default.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Makes the provider.
    #[must_use]
    pub fn build(self) -> Provider {
        let algorithm = keys::algorithm(&self.algorithm).unwrap_or(Algorithm::RS256);
        let mut state = State {
            users: self.users,
            keys: Vec::new(),
            algorithm,
            serial: 0,
            granted: Granted::default(),
            assertions: HashMap::new(),
            sessions: HashMap::new(),
            oauth1: oauth1::State::default(),
            auto_approve: None,
            quirks: Vec::new(),
            moved: None,
            registered: HashMap::new(),
            seen: Vec::new(),
        };
        let secret = self.clients.first().and_then(|client| client.secret.clone());
        state.add_key(algorithm, &secret.unwrap_or_default());
        Provider::of(Inner {
            issuer: self.issuer,
            clients: self.clients,
            issuers: self.issuers,
            registration: self.registration,
            lifetime: self.lifetime,
            clock: self.clock,
            state: Mutex::new(state),
        })
    }
}

impl fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_time() -> SystemTime {
    SystemTime::now()
}
