//! The calls whose cost is measured: each runs in one process, without a socket, against stored responses.
//!
//! The benchmarks of `authlib-bench` include this file.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::adapter::{LoginCallback, RequestContext, TestLogin, TestSession, logged_in_as};
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::jose::Algorithm;
use authlib_core::login::{Session, authorize_redirect, current_user};
use authlib_core::message::{Request, Response};
use authlib_core::store::{MemoryTokenStore, TokenOwner, TokenRow, TokenStore as _};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{
    AuthorizeOptions, ClientConfig, Grant, OAuth, OAuth1Client, Params, RegisteredClient, Token,
    oauth1,
};
use authlib_provider::{Provider, TestClient, TestUser};
use futures_util::FutureExt as _;
use http::Method;

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const CALLBACK: &str = "https://app.example/authorize/op";
pub(crate) const SECRET: &str = "secret-of-the-client-32-bytes-lo";
pub(crate) const SCOPE: &str = "openid profile email";

/// The signature algorithms of ID tokens that are measured.
pub(crate) const ALGORITHMS: [&str; 5] = ["RS256", "PS256", "ES256", "EdDSA", "HS256"];

pub(crate) const OAUTH1_API: &str = "https://api.example.com/1.1/statuses/update.json";

/// Consumer key and secret, token and token secret of OAuth 1.0a.
pub(crate) const OAUTH1: [&str; 4] = [
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
];

const P256: &str = include_str!("../client-keys/p256.pem");
const ED25519: &str = include_str!("../client-keys/ed25519.pem");

/// In their order, which `oauth1-request` requires.
pub(crate) const FORM: [(&str, &str); 10] = [
    ("auto_populate_reply_metadata", "true"),
    ("display_coordinates", "false"),
    ("enable_dmcommands", "false"),
    ("fail_dmcommands", "true"),
    ("include_entities", "true"),
    ("lat", "37.7821120598956"),
    ("long", "-122.400612831116"),
    ("media_ids", "471592142565957632"),
    ("place_id", "df51dec6f4ee2b2c"),
    ("status", "Ladies + Gentlemen: it's an apéritif & 100 % \u{2615}"),
];

/// One measured call.
pub(crate) struct Case {
    run: Box<dyn Fn()>,
}

impl Case {
    pub(crate) fn new<T>(run: impl Fn() -> T + 'static) -> Self {
        Self { run: Box::new(move || drop(black_box(run()))) }
    }

    pub(crate) fn run(&self) {
        (self.run)();
    }
}

/// The names of all cases.
pub(crate) fn names() -> Vec<String> {
    let verified = ALGORITHMS.iter().map(|name| format!("verify ID token {name}"));
    verified.chain(OTHERS.iter().map(|(name, _)| (*name).to_owned())).collect()
}

/// The case of this name, ready to run.
pub(crate) fn find(name: &str) -> Option<Case> {
    if let Some(algorithm) = name.strip_prefix("verify ID token ") {
        return Some(verify_id_token(algorithm));
    }
    OTHERS.iter().find(|(known, _)| *known == name).map(|(_, build)| build())
}

type Build = fn() -> Case;

const OTHERS: &[(&str, Build)] = &[
    ("authorization URL", authorization_url),
    ("OAuth 1.0a request", || oauth1_request(true)),
    ("OAuth 1.0a request, unsigned", || oauth1_request(false)),
    ("token request, basic", || token_request(config())),
    ("token request, ES256 assertion", || token_request(keyed(P256))),
    ("token request, EdDSA assertion", || token_request(keyed(ED25519))),
    ("API call", || api_call(true)),
    ("API call, without a token", || api_call(false)),
    ("profile", || profile(true)),
    ("profile, the session alone", || profile(false)),
    ("login", login),
    ("unknown client of 1,000", unknown_client),
];

/// The result of a future that never waits.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("no call waits")
}

/// Responds without work: the token endpoint with one stored response, everything else with `{}`, or by a provider.
struct Stored {
    provider: Option<Provider>,
    token_response: Vec<u8>,
}

impl HttpClient for Stored {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if let Some(provider) = &self.provider
            && request.method() == Method::GET
        {
            return provider.send(request);
        }
        black_box(request);
        let mut response = Response::new(self.token_response.clone());
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// A provider with the client `app`.
pub(crate) fn provider(algorithm: &str) -> Provider {
    Provider::builder(ISSUER)
        .client(TestClient::confidential("app", SECRET).redirect_uri(CALLBACK))
        .user(TestUser::new("alice").name("Alice Example").email("alice@example.com"))
        .signing_alg(algorithm)
        .build()
}

fn config() -> ClientConfig {
    ClientConfig::new("op")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope(SCOPE)
        .api_base_url("https://op.example/api/")
}

fn registry(config: ClientConfig, http: impl HttpClient + 'static) -> OAuth {
    OAuth::builder().register(config).http_client(http).build().expect("the settings are valid")
}

/// A client of `provider`, and an ID token for it with its nonce.
pub(crate) fn id_token(provider: &Provider, algorithm: &str) -> (RegisteredClient, String, String) {
    let config = match algorithm {
        "HS256" => config().id_token_signed_response_alg(Algorithm::Hs256),
        _ => config(),
    };
    let app = registry(config, provider.clone()).client("op").expect("it is registered");
    let token = now(async {
        let (url, pending) = app.create_authorization_url(CALLBACK.into()).await?;
        let back = provider.approve(url.as_str(), "alice").expect("the request is valid");
        app.fetch_access_token(pending, &Params::parse(back.query().unwrap_or_default())).await
    });
    let token = token.expect("the login succeeds");
    let user = token.userinfo().expect("there is an ID token");
    let nonce: String = user.get("nonce").expect("it is text").expect("it was sent");
    let text = token.id_token.as_ref().expect("there is an ID token").expose().to_owned();
    (app, text, nonce)
}

fn verify_id_token(algorithm: &str) -> Case {
    let (app, text, nonce) = id_token(&provider(algorithm), algorithm);
    Case::new(move || now(app.parse_id_token(black_box(&text), Some(&nonce))).expect("it is valid"))
}

fn authorization_url() -> Case {
    let app = registry(config(), provider("ES256")).client("op").expect("it is registered");
    Case::new(move || {
        now(app.create_authorization_url(black_box(CALLBACK).into())).expect("it is valid")
    })
}

fn oauth1_request(is_signed: bool) -> Case {
    let [key, secret, token, token_secret] = OAUTH1;
    let config = ClientConfig::new("op")
        .client_id(key)
        .client_secret(secret)
        .api_base_url("https://api.example.com/1.1/");
    let client = OAuth1Client::builder(config)
        .token(oauth1::Token::new(token, token_secret).into())
        .http_client(Stored { provider: None, token_response: Vec::new() })
        .build()
        .expect("the settings are valid");
    Case::new(move || {
        let request = client.post(black_box(OAUTH1_API)).form(FORM);
        let request = if is_signed { request } else { request.without_token() };
        now(request.send()).expect("it is sent")
    })
}

fn keyed(key: &str) -> ClientConfig {
    let config = ClientConfig::new("op").client_id("app").issuer(ISSUER).private_key(key);
    config.scope(SCOPE).private_key_id("k1")
}

/// A token request, whose client authenticates with its secret or with an assertion.
fn token_request(config: ClientConfig) -> Case {
    let response = br#"{"access_token":"at","token_type":"Bearer","expires_in":3600}"#;
    let http = Stored { provider: Some(provider("ES256")), token_response: response.to_vec() };
    let app = registry(config, http).client("op").expect("it is registered");
    Case::new(move || now(app.fetch_token(Grant::client_credentials())).expect("there is a token"))
}

/// A token as a provider issues it.
fn stored_token() -> Token {
    let provider = provider("ES256");
    let (_, text, _) = id_token(&provider, "ES256");
    let mut token = Token::bearer("2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA");
    token.expires_at = Some(SystemClock.now() + Duration::from_secs(3600));
    token.refresh_token = Some("tGzv3JOkF0XG5Qx2TlKWIAtGzv3JOkF0XG5Qx2TlKWIA".into());
    token.scope = Some(SCOPE.to_owned());
    token.id_token = Some(text.into());
    token
}

fn api_call(has_token: bool) -> Case {
    let owner = TokenOwner::new("op", "alice");
    let store = MemoryTokenStore::new();
    now(store.save(&TokenRow::new(owner.clone(), stored_token()))).expect("memory never fails");
    let http = Stored { provider: None, token_response: b"{}".to_vec() };
    let oauth = OAuth::builder().register(config()).http_client(http).token_store(store);
    let app = oauth.build().expect("the settings are valid").client("op").expect("it is there");
    Case::new(move || {
        let request = app.get("user", &owner);
        let request = if has_token { request } else { request.without_token() };
        now(request.send()).expect("it is sent")
    })
}

fn profile(has_user: bool) -> Case {
    let http = Stored { provider: None, token_response: b"{}".to_vec() };
    let oauth = registry(config(), http);
    let login = TestLogin::new("op", "alice")
        .claim("name", "Alice Example")
        .claim("email", "alice@example.com")
        .claim("email_verified", true)
        .claim("aud", "app")
        .claim("exp", 1_800_000_000)
        .claim("iat", 1_800_000_000)
        .claim("auth_time", 1_800_000_000)
        .claim("nonce", "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA")
        .claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ")
        .token(stored_token());
    let session = now(logged_in_as(&oauth, login)).expect("the client is registered");
    Case::new(move || {
        if !has_user {
            let state = now(session.load()).expect("it is memory");
            return usize::from(state.is_some());
        }
        let user = now(current_user(&oauth, &session)).expect("the store is memory");
        user.expect("the user is logged in").userinfo().expect("there are claims").sub().len()
    })
}

/// A login from its start to its end, with the verification of an ES256 signature, and without the provider's work.
fn login() -> Case {
    let provider = provider("ES256");
    let config = config().dangerous_skip_nonce().without_userinfo_at_login();
    let redirect = |oauth: &OAuth, session: &TestSession| {
        let app = oauth.client("op").expect("it is registered");
        let options = AuthorizeOptions::from(CALLBACK);
        now(authorize_redirect(&app, session, options, None)).expect("it is valid").to_string()
    };
    let recorder = Recorder { provider: provider.clone(), body: Arc::default() };
    let body = recorder.body.clone();
    let oauth = registry(config.clone(), recorder);
    let session = TestSession::default();
    let url = redirect(&oauth, &session);
    let back = provider.approve(&url, "alice").expect("the request is valid");
    finish(&oauth, &session, back.query().unwrap_or_default());
    let token_response = body.lock().expect("nothing panicked").clone();
    let http = Stored { provider: Some(provider), token_response };
    // The new rows of one user are compared with the old ones, so they must not accumulate.
    let store = MemoryTokenStore::on_clock(Arc::new(SystemClock), 1);
    let oauth = OAuth::builder().register(config).http_client(http).token_store(store);
    let oauth = oauth.build().expect("the settings are valid");
    Case::new(move || {
        let session = TestSession::default();
        let url = redirect(&oauth, &session);
        let state = url.split("state=").nth(1).and_then(|rest| rest.split('&').next());
        finish(
            &oauth,
            &session,
            &format!("code=c&iss={ISSUER}&state={}", state.unwrap_or_default()),
        );
    })
}

/// The second half of a login.
fn finish(oauth: &OAuth, session: &TestSession, query: &str) {
    let request = RequestContext::new(Method::GET, "/authorize/op", Some(query), |_| None);
    let app = oauth.client("op").expect("it is registered");
    let callback = LoginCallback::read(app, session.clone(), &request, b"");
    let login = now(async { callback.await?.log_in().await });
    black_box(login.expect("the login succeeds"));
}

/// Keeps the last response of the token endpoint.
struct Recorder {
    provider: Provider,
    body: Arc<Mutex<Vec<u8>>>,
}

impl HttpClient for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let is_post = request.method() == Method::POST;
            let response = self.provider.send(request).await?;
            if is_post {
                self.body.lock().expect("nothing panicked").clone_from(response.body());
            }
            Ok(response)
        })
    }
}

/// A name that no client has, in a registry with 1,000 clients.
fn unknown_client() -> Case {
    let mut oauth =
        OAuth::builder().http_client(Stored { provider: None, token_response: Vec::new() });
    for number in 0..1000 {
        let client = ClientConfig::new(format!("client-{number}")).client_id("app");
        oauth = oauth.register(client.client_secret(SECRET).issuer(ISSUER));
    }
    let oauth = oauth.build().expect("the settings are valid");
    Case::new(move || {
        let error = oauth.client(black_box("nobody")).expect_err("no client has this name");
        let report = error.report().to_string();
        assert!(report.len() < 2000, "it lists few clients");
        report.len()
    })
}
