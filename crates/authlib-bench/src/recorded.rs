//! An HTTP client without a network: it answers with what a provider has said before, so the provider costs nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authlib_core::message::{Request, Response};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, OAuth, Params};
use authlib_provider::{Provider, TestClient, TestUser};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::browser::parameter;
use crate::now;

pub const ISSUER: &str = "https://op.example";
pub const SCOPE: &str = "openid profile email";
const CALLBACK: &str = "https://app.example/authorize/op";
const SECRET: &str = "secret-of-the-client-32-bytes-lo";

/// Metadata and keys of a provider, and responses of its token endpoint, which come one after the other.
#[derive(Default)]
pub struct Recorded {
    metadata: String,
    keys: String,
    tokens: Vec<Vec<u8>>,
    next: AtomicUsize,
    /// The `state` of the last pushed authorization request.
    state: Mutex<String>,
}

/// The client `op` of the recorded provider. The responses are the same for each login, so there is no nonce in them.
pub fn config() -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope(SCOPE)
        .without_userinfo_at_login()
        .dangerous_skip_nonce()
}

impl Recorded {
    /// Records logins of `count` users.
    pub fn logins(count: usize) -> Self {
        let client = TestClient::confidential("app", SECRET).redirect_uri(CALLBACK);
        let builder = Provider::builder(ISSUER).client(client).signing_alg("ES256");
        let builder = (0..count).fold(builder, |builder, number| builder.user(user(number)));
        let provider = builder.build();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let recorder = Recorder { provider: provider.clone(), bodies: bodies.clone() };
        let oauth = OAuth::builder().register(config()).http_client(recorder).build();
        let app = oauth.expect("the settings are valid").client("op").expect("it is registered");
        for number in 0..count {
            let token = now(async {
                let (url, pending) = app.create_authorization_url(CALLBACK.into()).await?;
                let back = provider.approve(url.as_str(), &subject(number));
                let back = back.expect("the request is valid");
                let query = Params::parse(back.query().unwrap_or_default());
                app.fetch_access_token(pending, &query).await
            });
            token.expect("the login succeeds");
            provider.clear_requests();
        }
        let tokens = bodies.lock().expect("nothing panicked").split_off(0);
        let document = |path: &str| {
            let mut request = Request::default();
            *request.uri_mut() = format!("{ISSUER}{path}").parse().expect("it is a URL");
            String::from_utf8(provider.handle(&request).into_body()).expect("it is text")
        };
        let metadata = document("/.well-known/openid-configuration");
        Self { metadata, keys: document("/jwks"), tokens, ..Self::default() }
    }

    /// Records one login of a provider with PAR (RFC 9126) whose tokens are bound to keys (RFC 9449).
    pub fn high_security() -> Self {
        let mut recorded = Self::logins(1);
        let mut metadata: Value = serde_json::from_str(&recorded.metadata).expect("it is JSON");
        metadata["pushed_authorization_request_endpoint"] = format!("{ISSUER}/par").into();
        metadata["dpop_signing_alg_values_supported"] = json!(["ES256"]);
        recorded.metadata = metadata.to_string();
        for body in &mut recorded.tokens {
            let mut token: Value = serde_json::from_slice(body).expect("it is JSON");
            token["token_type"] = "DPoP".into();
            *body = token.to_string().into_bytes();
        }
        recorded
    }

    /// The `state` of the last pushed authorization request.
    pub fn last_state(&self) -> String {
        self.state.lock().expect("nothing panicked").clone()
    }
}

impl HttpClient for Recorded {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        // Each host is a provider, with the same documents.
        let host = request.uri().host().unwrap_or_default();
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => {
                self.metadata.replace(ISSUER, &format!("https://{host}")).into_bytes()
            }
            "/par" => {
                let form = std::str::from_utf8(request.body()).expect("it is a form");
                let state = parameter(form, "state");
                self.state.lock().expect("nothing panicked").replace_range(.., state);
                br#"{"request_uri":"urn:example:2YotnFZFEjr1zCsicMWpAA","expires_in":60}"#.to_vec()
            }
            "/jwks" => self.keys.clone().into_bytes(),
            _ => {
                let next = self.next.fetch_add(1, Ordering::Relaxed);
                self.tokens.get(next % self.tokens.len().max(1)).cloned().unwrap_or_default()
            }
        };
        let mut response = Response::new(body);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// Keeps the responses of the token endpoint.
struct Recorder {
    provider: Provider,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl HttpClient for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let is_token = request.method() == Method::POST;
            let response = self.provider.send(request).await?;
            if is_token {
                self.bodies.lock().expect("nothing panicked").push(response.body().clone());
            }
            Ok(response)
        })
    }
}

fn subject(number: usize) -> String {
    format!("user-{number}")
}

fn user(number: usize) -> TestUser {
    let name = subject(number);
    TestUser::new(&name).name("Alice Example").email(&format!("{name}@example.com"))
}
