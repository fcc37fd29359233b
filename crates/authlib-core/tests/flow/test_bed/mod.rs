//! [`TestBed`]: a registry and the embedded provider in one process, without sockets, with a fixed clock.

pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod oauth1;
pub(crate) mod polled;
pub(crate) mod recorded;
pub(crate) mod service;
pub(crate) mod standalone;
pub(crate) mod stores;
pub(crate) mod wrapped_store;

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::adapter::{
    LoginCallback, LoginSession, RequestContext, Response as PageResponse,
};
use authlib_core::clock::{Clock, FixedClock};
use authlib_core::login::{self, LoginResult, Session, SessionState};
use authlib_core::message::{Request, Response};
use authlib_core::store::TokenOwner;
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{
    AuthorizeOptions, ClientBuilder, ClientConfig, LogoutOptions, OAuth, OAuth2Client,
    OAuthBuilder, RegisteredClient, Result, Token, TokenUpdate,
};
use authlib_provider::{
    Endpoint, Provider, ProviderBuilder, RecordedRequest, TestClient, TestUser,
};
use http::Method;

/// The secret of the client `app`.
pub(crate) const SECRET: &str = "secret-of-the-client-32-bytes-lo";

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const CALLBACK: &str = "https://app.example/authorize/op";

/// A browser's session in memory. Each save serializes it, as a real store does.
#[derive(Default)]
pub(crate) struct Browser {
    content: RefCell<Option<String>>,
    pub(crate) renewed: RefCell<u32>,
}

impl Session for Browser {
    async fn load(&self) -> Result<Option<SessionState>> {
        Ok(self.content.borrow().as_ref().map(|text| serde_json::from_str(text).unwrap()))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        *self.content.borrow_mut() = Some(serde_json::to_string(state).unwrap());
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        *self.renewed.borrow_mut() += 1;
        Ok(())
    }
}

/// Sends requests to the provider in this process. Both directions take several polls, so that concurrent
/// requests overlap, and a future can be dropped before its response arrives.
pub(crate) struct ProviderHttp(pub(crate) Provider);

impl HttpClient for ProviderHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            let response = self.0.send(request).await;
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            response
        })
    }
}

/// A registry with one client, `op`, and its provider, which has the user Alice.
pub(crate) struct TestBed {
    pub(crate) oauth: OAuth,
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<FixedClock>,
}

impl TestBed {
    pub(crate) fn new() -> Self {
        Self::with(|provider| provider, |client| client, |oauth| oauth)
    }

    pub(crate) fn with(
        provider: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
        client: impl FnOnce(ClientConfig) -> ClientConfig,
        oauth: impl FnOnce(OAuthBuilder) -> OAuthBuilder,
    ) -> Self {
        Self::with_http(provider, client, oauth, ProviderHttp)
    }

    pub(crate) fn with_http<Http: HttpClient + 'static>(
        provider: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
        client: impl FnOnce(ClientConfig) -> ClientConfig,
        oauth: impl FnOnce(OAuthBuilder) -> OAuthBuilder,
        http: impl FnOnce(Provider) -> Http,
    ) -> Self {
        let clock = Arc::new(FixedClock::new(from_unix_seconds(1_800_000_000)));
        let theirs = clock.clone();
        let builder = Provider::builder(ISSUER)
            .client(
                TestClient::confidential("app", SECRET)
                    .redirect_uri(CALLBACK)
                    .redirect_uri("https://app.example/authorize/other")
                    .post_logout_redirect_uri("https://app.example/logged-out"),
            )
            .user(TestUser::new("alice").name("Alice").email("alice@example.com"))
            .clock(move || theirs.now());
        let provider = provider(builder).build();
        let config = ClientConfig::new("op")
            .client_id("app")
            .client_secret(SECRET)
            .issuer(ISSUER)
            .scope("openid profile email")
            .api_base_url(format!("{ISSUER}/api/"));
        let builder = OAuth::builder()
            .base_url("https://app.example")
            .register(client(config))
            .http_client(http(provider.clone()))
            .clock(clock.clone());
        let oauth = oauth(builder).build().unwrap();
        Self { oauth, provider, clock }
    }

    pub(crate) fn app(&self) -> RegisteredClient {
        self.oauth.client("op").unwrap()
    }

    /// Starts a login in `browser` and returns the authorization URL.
    pub(crate) async fn start(&self, browser: &Browser) -> Result<String> {
        self.start_with(browser, AuthorizeOptions::from("/authorize/op")).await
    }

    pub(crate) async fn start_with(
        &self,
        browser: &Browser,
        options: AuthorizeOptions,
    ) -> Result<String> {
        let url = login::authorize_redirect(&self.app(), browser, options, None).await?;
        Ok(url.into())
    }

    /// Finishes a login with the URL that the provider sent the browser to.
    pub(crate) async fn finish(
        &self,
        browser: &Browser,
        url: impl AsRef<str>,
    ) -> Result<LoginResult> {
        self.callback("op", browser, url).await?.log_in().await
    }

    /// The callback of a client, before its login is finished.
    pub(crate) async fn callback<S: Session>(
        &self,
        client: &str,
        session: S,
        url: impl AsRef<str>,
    ) -> Result<LoginCallback<S>> {
        let query = url.as_ref().split_once('?').map(|(_, query)| query);
        let request = request(Method::GET, query, &[]);
        Ok(LoginCallback::read(self.oauth.client(client)?, session, &request, b"").await?)
    }

    /// A whole login by Alice.
    pub(crate) async fn log_in(&self, browser: &Browser) -> Result<LoginResult> {
        let url = self.start(browser).await?;
        let back = self.provider.approve(&url, "alice").unwrap();
        self.finish(browser, &back).await
    }

    /// Logs out, by a request with these headers.
    pub(crate) async fn log_out(
        &self,
        browser: &Browser,
        headers: &[(&str, &str)],
        options: LogoutOptions,
    ) -> Result<PageResponse> {
        let request = request(Method::POST, None, headers);
        let session = LoginSession::new(self.oauth.clone(), browser, request);
        session.logout_redirect(options, "/bye").await
    }

    pub(crate) async fn is_anonymous(&self, browser: &Browser) -> bool {
        login::require_user(&self.oauth, browser).await.is_err()
    }
}

/// The head of a request, as a framework crate reads it.
pub(crate) fn request(
    method: Method,
    query: Option<&str>,
    headers: &[(&str, &str)],
) -> RequestContext {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, v)| *v);
    RequestContext::new(method, "/", query, header)
}

/// The target of a redirect.
pub(crate) fn location(response: &PageResponse) -> &str {
    response.headers()["location"].to_str().unwrap()
}

/// Logs Alice in and lets her access token expire.
pub(crate) async fn expired(bed: &TestBed) -> (Browser, TokenOwner, Token) {
    let browser = Browser::default();
    let login = bed.log_in(&browser).await.unwrap();
    bed.clock.advance(HOUR);
    bed.provider.clear_requests();
    (browser, login.owner(), login.user.into_token().unwrap())
}

/// Collects the token updates of a registry.
pub(crate) fn listen(oauth: &OAuth) -> Arc<Mutex<Vec<TokenUpdate>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    oauth.subscribe(move |update| ear.lock().unwrap().push(update.clone()));
    heard
}

/// Begins a standalone client at the provider.
pub(crate) fn builder(bed: &TestBed, config: ClientConfig) -> ClientBuilder<OAuth2Client> {
    OAuth2Client::builder(config)
        .http_client(ProviderHttp(bed.provider.clone()))
        .clock(bed.clock.clone())
}

/// A standalone client at the provider.
pub(crate) fn client(bed: &TestBed, config: ClientConfig) -> OAuth2Client {
    builder(bed, config).build().unwrap()
}

/// The requests to an endpoint, oldest first.
pub(crate) fn sent(bed: &TestBed, endpoint: Endpoint) -> Vec<RecordedRequest> {
    let mut requests = bed.provider.received_requests();
    requests.retain(|request| request.endpoint == endpoint);
    requests
}

/// The one request to an endpoint.
pub(crate) fn only(bed: &TestBed, endpoint: Endpoint) -> RecordedRequest {
    let mut requests = sent(bed, endpoint);
    assert_eq!(requests.len(), 1, "requests to {endpoint:?}");
    requests.remove(0)
}

/// The time of `seconds` since the Unix epoch.
pub(crate) fn from_unix_seconds(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
