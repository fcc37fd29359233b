//! [`Peer`]: the provider that sends the fuzzer's bytes, and clients of it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::clock::FixedClock;
use authlib_core::message::{Request, Response};
use authlib_core::random::Random;
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, Error, OAuth, OAuth2Client, RegisteredClient, Token};
use futures_util::FutureExt as _;
use serde_json::{Map, Value};

pub(crate) const ISSUER: &str = "https://op.example";

/// Responds to every request with one response, and records the requests.
#[derive(Clone)]
pub(crate) struct Peer {
    response: Arc<Response>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    /// A peer with this JSON body.
    pub(crate) fn json(body: &[u8]) -> Self {
        let response = http::Response::builder().header("content-type", "application/json");
        Self::new(response.body(body.to_vec()).unwrap())
    }

    pub(crate) fn new(response: Response) -> Self {
        Self { response: Arc::new(response), seen: Arc::default() }
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The client `op` of this peer.
    pub(crate) fn client(&self, config: ClientConfig) -> RegisteredClient {
        let oauth = OAuth::builder()
            .base_url("https://app.example")
            .register(config)
            .http_client(self.clone())
            .clock(clock())
            .random(Fixed);
        oauth.build().unwrap().client("op").unwrap()
    }

    /// The client `op` with the token `t` of its only user.
    pub(crate) fn with_token(&self, config: ClientConfig) -> OAuth2Client {
        OAuth2Client::builder(config)
            .token(Token::bearer("t"))
            .http_client(self.clone())
            .clock(clock())
            .random(Fixed)
            .build()
            .unwrap()
    }
}

impl HttpClient for Peer {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.seen.lock().unwrap().push(request);
        let response = Response::clone(&self.response);
        Box::pin(async { Ok(response) })
    }
}

/// A client whose endpoints are configured, so that it needs no metadata.
pub(crate) fn config() -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .client_secret("hush-hush")
        .authorization_endpoint(format!("{ISSUER}/authorize"))
        .token_endpoint(format!("{ISSUER}/token"))
        .userinfo_endpoint(format!("{ISSUER}/userinfo"))
        .introspection_endpoint(format!("{ISSUER}/introspect"))
        .revocation_endpoint(format!("{ISSUER}/revoke"))
        .device_authorization_endpoint(format!("{ISSUER}/device"))
        .redirect_uri("https://app.example/authorize/op")
        .api_base_url(format!("{ISSUER}/api"))
}

/// The time of all targets.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) fn clock() -> FixedClock {
    FixedClock::new(now())
}

/// The same bytes each time, so that an input always does the same.
pub(crate) struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(7);
        Ok(())
    }
}

/// The output of a future that waits for nothing: the peer responds at once.
pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits")
}

/// The JSON object in these bytes, as `serde_json` reads it.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

/// Fails if an error's text is longer than any that a person would read.
pub(crate) fn assert_short<T>(outcome: &Result<T, Error>) {
    if let Err(error) = outcome {
        let length = error.report().to_string().len();
        assert!(length <= 8 * 1024, "an error text of {length} bytes");
    }
}
