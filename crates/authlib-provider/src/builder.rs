//! [`ProviderBuilder`]: clients, users and settings of a provider.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::provider::Provider;
use crate::state::grants::GrantStore;
use crate::state::oauth1::OAuth1Store;
use crate::state::registration::Registration;
use crate::state::{Clock, Context, State, TestClient, TestUser, key};

/// Collects the clients, users and settings of a provider.
#[must_use = "a builder does nothing until it builds"]
pub struct ProviderBuilder {
    issuer: String,
    clients: Vec<TestClient>,
    users: Vec<TestUser>,
    assertion_issuers: HashMap<String, Value>,
    algorithm: String,
    registration: Registration,
    pushed_authorization: Option<bool>,
    mtls_base: Option<String>,
    access_token_lifetime: Duration,
    clock: Clock,
}

impl ProviderBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            clients: Vec::new(),
            users: Vec::new(),
            assertion_issuers: HashMap::new(),
            algorithm: "RS256".to_owned(),
            registration: Registration::Closed,
            pushed_authorization: None,
            mtls_base: None,
            access_token_lifetime: Duration::from_secs(3600),
            clock: Arc::new(system_time),
        }
    }

    /// Registers a client.
    pub fn client(mut self, client: TestClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds a user. A login with any other user name creates that user.
    pub fn user(mut self, user: TestUser) -> Self {
        self.users.push(user);
        self
    }

    /// Trusts the JWTs of `issuer`, signed with a key of this JWK set: as assertions of the grant
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1), and as subject and actor tokens of a token
    /// exchange (RFC 8693). `aud` must be this provider's issuer or token endpoint, and the lifetime at most an hour.
    pub fn assertion_issuer(mut self, issuer: &str, jwks: Value) -> Self {
        self.assertion_issuers.insert(issuer.to_owned(), jwks);
        self
    }

    /// Enables dynamic client registration at `/register` (RFC 7591, RFC 7592): for everyone, or with this initial
    /// access token. Off by default.
    pub fn registration(mut self, initial_access_token: Option<&str>) -> Self {
        self.registration = match initial_access_token {
            Some(token) => Registration::ByToken(token.to_owned()),
            None => Registration::Open,
        };
        self
    }

    /// Offers pushed authorization requests at `/par` (RFC 9126), or requires them. Off by default.
    pub fn pushed_authorization(mut self, is_required: bool) -> Self {
        self.pushed_authorization = Some(is_required);
        self
    }

    /// Offers mutual TLS (RFC 8705): the metadata have `mtls_endpoint_aliases` below this URL, which may be that of another
    /// port or host of this provider. Off by default.
    pub fn mtls_endpoint_aliases(mut self, url: impl Into<String>) -> Self {
        self.mtls_base = Some(url.into());
        self
    }

    /// Replaces the system clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Signs ID tokens with this algorithm; RS256 by default.
    pub fn signing_alg(mut self, algorithm: &str) -> Self {
        algorithm.clone_into(&mut self.algorithm);
        self
    }

    /// The lifetime of access tokens: one hour by default.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.access_token_lifetime = lifetime;
        self
    }

    /// Builds the provider.
    #[must_use]
    pub fn build(self) -> Provider {
        let algorithm = key::algorithm(&self.algorithm).unwrap_or(Algorithm::RS256);
        let context = Context {
            issuer: self.issuer,
            clients: self.clients,
            assertion_issuers: self.assertion_issuers,
            registration: self.registration,
            pushed_authorization: self.pushed_authorization,
            mtls_base: self.mtls_base,
            access_token_lifetime: self.access_token_lifetime,
            clock: self.clock,
            state: Mutex::new(State {
                users: self.users,
                keys: Vec::new(),
                algorithm,
                serial: 0,
                grants: GrantStore::default(),
                assertions: HashMap::new(),
                pushed_requests: HashMap::new(),
                sessions: HashMap::new(),
                oauth1: OAuth1Store::default(),
                auto_approve: None,
                faults: Vec::new(),
                path_prefix: None,
                registered: HashMap::new(),
                requests: Vec::new(),
            }),
        };
        context.rotate_keys();
        Provider(Arc::new(context))
    }
}

impl Provider {
    /// A provider for demos. Its client `demo` has the secret `demo-secret`, its OAuth 1.0a client `demo1` has
    /// `demo1-secret`; both accept any loopback URL as redirect URI. Its user is `alice`.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::demo_builder(issuer).build()
    }

    /// A builder for a provider as [`new`](Self::new) makes it.
    pub fn demo_builder(issuer: impl Into<String>) -> ProviderBuilder {
        let client = TestClient::confidential("demo", "demo-secret").name("Example");
        let oauth1 = TestClient::oauth1("demo1", "demo1-secret").name("Example");
        Self::builder(issuer)
            .client(client.any_loopback_redirect())
            .client(oauth1.any_loopback_redirect())
            .user(TestUser::demo())
    }

    /// A builder for a provider with this issuer, which is also the base URL of its endpoints.
    pub fn builder(issuer: impl Into<String>) -> ProviderBuilder {
        ProviderBuilder::new(issuer.into())
    }
}

impl fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
fn system_time() -> SystemTime {
    SystemTime::now()
}
