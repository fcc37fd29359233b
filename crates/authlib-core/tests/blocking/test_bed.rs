//! A provider on a loopback port, and blocking clients for it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use authlib_core::client::blocking::OAuth2Client;
use authlib_core::clock::{Clock as _, FixedClock};
use authlib_core::{AuthorizeOptions, ClientBuilder, ClientConfig, Grant, PendingLogin, Secret};
use authlib_provider::{
    Endpoint, Fault, Provider, RecordedRequest, Reply, Server, TestClient, TestUser,
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

pub(crate) const CALLBACK: &str = "https://app.example/authorize/solo";
pub(crate) const SECRET: &str = "secret-of-the-client-32-bytes-lo";
pub(crate) const ROBOT: &str = "robot@project.example";
pub(crate) const RSA: &str = include_str!("../client-keys/rsa.pem");
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A provider on a loopback port, with a runtime of its own.
pub(crate) struct TestBed {
    server: Server,
    pub(crate) clock: Arc<FixedClock>,
    _runtime: Runtime,
}

impl TestBed {
    pub(crate) fn new() -> Self {
        let clock =
            Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)));
        let theirs = clock.clone();
        let mut keys: Value =
            serde_json::from_str(include_str!("../client-keys/jwks.json")).unwrap();
        let mut key = keys["rsa"].take();
        key["kid"] = "k1".into();
        key.as_object_mut().unwrap().retain(|name, _| ["kty", "kid", "e", "n"].contains(&&**name));
        let make = |issuer: String| {
            Provider::builder(issuer)
                .client(TestClient::confidential("app", SECRET).redirect_uri(CALLBACK))
                .client(TestClient::public("robot-client"))
                .user(TestUser::new("carol").password("hush"))
                .assertion_issuer(ROBOT, json!({ "keys": [key] }))
                .clock(move || theirs.now())
                .build()
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(make)).unwrap();
        Self { server, clock, _runtime: runtime }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server.issuer())
    }

    pub(crate) fn registered(&self) -> ClientConfig {
        ClientConfig::new("solo")
            .client_id("app")
            .client_secret(SECRET)
            .authorization_endpoint(self.at("/authorize"))
            .token_endpoint(self.at("/token"))
            .revocation_endpoint(self.at("/revoke"))
            .introspection_endpoint(self.at("/introspect"))
            .api_base_url(self.at("/api/"))
            .redirect_uri(CALLBACK)
            .scope("read write")
    }

    pub(crate) fn begun(&self, config: ClientConfig) -> ClientBuilder<OAuth2Client> {
        OAuth2Client::builder(config).clock(self.clock.clone())
    }

    pub(crate) fn client(&self, config: ClientConfig) -> OAuth2Client {
        self.begun(config).build().unwrap()
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.server.provider()
    }

    pub(crate) fn respond(&self, endpoint: Endpoint, reply: Reply) {
        self.provider().inject(Fault::Response(endpoint, reply));
    }

    pub(crate) fn last(&self, endpoint: Endpoint) -> RecordedRequest {
        let mut seen = self.provider().received_requests();
        seen.retain(|seen| seen.endpoint == endpoint);
        seen.pop().unwrap()
    }

    /// Starts a login and approves it; returns the pending login and the URL of the callback.
    pub(crate) fn answered(&self, client: &OAuth2Client) -> (PendingLogin, String) {
        let (url, pending) = client.create_authorization_url(AuthorizeOptions::new()).unwrap();
        let back = self.provider().approve(url.as_str(), "alice").unwrap();
        (pending, back.into())
    }
}

/// The password grant: a refresh token without a browser.
pub(crate) fn carol() -> Grant {
    Grant::dangerous_password("carol", &Secret::new("hush"))
}
