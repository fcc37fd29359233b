//! A registry against the provider as a function: no sockets, a clock that stands still.

use std::cell::RefCell;
use std::sync::Arc;

use authlib_core::clock::{Clock, FixedClock};
use authlib_core::login::{
    self, CallbackParams, Incoming, LoggedIn, Received, Session, SessionState,
};
use authlib_core::message::{Request, Response};
use authlib_core::numeric_date::from_unix_seconds;
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{AuthorizeOptions, ClientConfig, OAuth, OAuthBuilder, RegisteredClient, Result};
use authlib_provider::{Client, Provider, ProviderBuilder, User};
use http::{HeaderMap, Method};

pub(crate) const ISSUER: &str = "https://op.example";
pub(crate) const CALLBACK: &str = "https://app.example/authorize/op";

/// A browser's session in memory; it is serialised at each save, as a store would.
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

/// The way to the provider. It takes a while in both directions, so that what is asked at once is under
/// way at once, and a future can be dropped with the answer half way home.
pub(crate) struct Wire(pub(crate) Provider);

impl HttpClient for Wire {
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

/// A relying party and its provider.
pub(crate) struct World {
    pub(crate) oauth: OAuth,
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<FixedClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|provider| provider, |client| client, |oauth| oauth)
    }

    pub(crate) fn with(
        provider: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
        client: impl FnOnce(ClientConfig) -> ClientConfig,
        oauth: impl FnOnce(OAuthBuilder) -> OAuthBuilder,
    ) -> Self {
        let clock = Arc::new(FixedClock::new(from_unix_seconds(1_800_000_000)));
        let theirs = clock.clone();
        let builder = Provider::builder(ISSUER)
            .client(
                Client::confidential("app", "secret-of-the-client-32-bytes-lo")
                    .redirect_uri(CALLBACK)
                    .redirect_uri("https://app.example/authorize/other")
                    .post_logout_redirect_uri("https://app.example/logged-out"),
            )
            .user(User::new("alice").name("Alice").email("alice@example.com"))
            .clock(move || theirs.now());
        let provider = provider(builder).build();
        let config = ClientConfig::new("op")
            .client_id("app")
            .client_secret("secret-of-the-client-32-bytes-lo")
            .issuer(ISSUER)
            .scope("openid profile email")
            .api_base_url(format!("{ISSUER}/api/"));
        let builder = OAuth::builder()
            .base_url("https://app.example")
            .register(client(config))
            .http_client(Wire(provider.clone()))
            .shared_clock(clock.clone());
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
        let answer = login::authorize_redirect(&self.app(), browser, options).await?;
        assert_eq!(answer.status(), 303);
        Ok(answer.headers()["location"].to_str().unwrap().to_owned())
    }

    /// Finishes a login with the URL that the provider sent the browser to.
    pub(crate) async fn finish(&self, browser: &Browser, url: &str) -> Result<LoggedIn> {
        let params = self.receive(browser, url).await?;
        login::authorize_access_token(&self.app(), browser, &params).await
    }

    pub(crate) async fn receive(&self, browser: &Browser, url: &str) -> Result<CallbackParams> {
        let query = url.split_once('?').map(|(_, query)| query);
        let headers = HeaderMap::new();
        let incoming = Incoming::new(&Method::GET, query, &headers, b"");
        match login::receive(&self.app(), browser, &incoming).await? {
            Received::Callback(params) => Ok(params),
            other => panic!("{other:?}"),
        }
    }

    /// A whole login by Alice.
    pub(crate) async fn log_in(&self, browser: &Browser) -> Result<LoggedIn> {
        let url = self.start(browser).await?;
        let back = self.provider.approve(&url, "alice");
        self.finish(browser, &back).await
    }

    pub(crate) async fn is_anonymous(&self, browser: &Browser) -> bool {
        login::current_user(&self.oauth, browser).await.is_err()
    }
}
