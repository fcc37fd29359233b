//! [`Fixture`]: an example app with the embedded provider.

use authlib_provider::{Endpoint, Fault, Provider, ProviderBuilder, Server, TestClient, TestUser};
use url::Url;

use crate::app::{App, free_port};
use crate::browser::{Browser, Page};
use crate::proxy::Proxy;

/// The secret of the app's client, with characters that need encoding.
pub(crate) const SECRET: &str = "s3cr3t:%+ä of the client, long enough";

/// The variables of all replicas of an app: the keys. Rocket encrypts its cookies with a key of its own.
pub const KEYS: [(&str, &str); 2] = [
    ("AUTHLIB_KEYS", "test:8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q="),
    ("ROCKET_SECRET_KEY", "8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q="),
];

/// The configuration of a client `op` for [`Fixture::configured`] and [`Fixture::replica`].
pub const CONFIG: &str = "[oauth.op]\nclient_id = 'app'\nissuer = 'ISSUER'\nscope = 'openid profile'\n\
                          client_secret = 's3cr3t:%+\u{e4} of the client, long enough'\n\
                          api_base_url = 'ISSUER/api'\n";

/// An example app with two clients, `op` and `op_two`, that are registered at the same embedded provider.
#[derive(Debug)]
pub struct Fixture {
    /// The app.
    pub app: App,
    server: Server,
    _proxy: Option<Proxy>,
}

impl Fixture {
    /// Starts both.
    pub async fn new(package: &str) -> Self {
        Self::with(package, |provider| provider, "").await
    }

    /// Starts both, with changes to the provider and more settings of the client `op`.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn with(
        package: &str,
        change: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
        settings: &str,
    ) -> Self {
        Self::start(
            package,
            |provider, base_url| {
                let client = TestClient::confidential("app", SECRET)
                    .redirect_uri(format!("{base_url}/authorize/op"))
                    .redirect_uri(format!("{base_url}/authorize/op_two"))
                    .post_logout_redirect_uri(format!("{base_url}/logged-out"));
                change(provider.client(client))
            },
            |issuer| {
                let client = format!(
                    "client_id = 'app'\nclient_secret = '{SECRET}'\nissuer = '{issuer}'\n\
                     api_base_url = '{issuer}/api'\nscope = 'openid profile email'\n"
                );
                let host = issuer.trim_start_matches("http://");
                let settings = settings.replace("ISSUER", issuer).replace("HOST", host);
                format!("[oauth.op]\n{client}{settings}\n\n[oauth.op_two]\n{client}")
            },
        )
        .await
    }

    /// Starts both. The client is registered for this response type too.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn with_response_type(package: &str, response_type: &str, settings: &str) -> Self {
        Self::with_client(package, |client| client.response_type(response_type), settings).await
    }

    /// Starts both, with changes to the client at the provider and more settings of `op`. There is no other client.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn with_client(
        package: &str,
        change: impl FnOnce(TestClient) -> TestClient,
        settings: &str,
    ) -> Self {
        Self::start(
            package,
            |provider, base_url| {
                let callback = format!("{base_url}/authorize/op");
                provider.client(change(TestClient::confidential("app", SECRET).redirect_uri(callback)))
            },
            |issuer| {
                format!(
                    "[oauth.op]\nclient_id = 'app'\nclient_secret = '{SECRET}'\nissuer = '{issuer}'\n\
                     api_base_url = '{issuer}/api'\nscope = 'openid profile email'\n{settings}"
                )
            },
        )
        .await
    }

    /// Starts both. The only client, `op`, uses plain OAuth 2.0, with these settings and without metadata.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn plain(package: &str, settings: &str) -> Self {
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nclient_secret = '{SECRET}'\nscope = 'profile'\n\
             authorize_url = 'ISSUER/authorize'\naccess_token_url = 'ISSUER/token'\n\
             userinfo_endpoint = 'ISSUER/userinfo'\napi_base_url = 'ISSUER/api'\n{settings}\n"
        );
        Self::configured(package, &config, &[]).await
    }

    /// Starts both. The only client, `op`, is an OAuth 1.0a client (RFC 5849) with Authlib's setting names. In
    /// `settings`, `ISSUER` is replaced with the provider's URL.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn oauth1(package: &str, settings: &str) -> Self {
        Self::start(
            package,
            |provider, base_url| {
                let callback = format!("{base_url}/authorize/op");
                provider.client(TestClient::oauth1("app", SECRET).redirect_uri(callback))
            },
            |issuer| {
                let client = format!(
                    "[oauth.op]\nclient_id = 'app'\nclient_secret = '{SECRET}'\n\
                     request_token_url = 'ISSUER/oauth1/request_token'\n\
                     authorize_url = 'ISSUER/oauth1/authorize'\n\
                     access_token_url = 'ISSUER/oauth1/access_token'\n\
                     api_base_url = 'ISSUER/oauth1/api'\n{settings}\n"
                );
                client.replace("ISSUER", issuer)
            },
        )
        .await
    }

    /// Starts both, with this configuration file and environment, in which `ISSUER` is replaced with the
    /// provider's URL. The provider knows the client `app` with its [`secret`](Self::secret), the
    /// public client `spa`, and the client `installed`, whose secret is empty.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn configured(package: &str, config: &str, vars: &[(&str, &str)]) -> Self {
        let port = free_port();
        Self::start_configured(package, [port, port], config, vars).await
    }

    /// As [`configured`](Self::configured), behind a proxy that listens on the port `front`.
    pub(crate) async fn behind(
        front: u16,
        package: &str,
        config: &str,
        vars: &[(&str, &str)],
    ) -> Self {
        Self::start_configured(package, [front, free_port()], config, vars).await
    }

    async fn start_configured(
        package: &str,
        [front, port]: [u16; 2],
        config: &str,
        vars: &[(&str, &str)],
    ) -> Self {
        let base_url = format!("http://localhost:{front}");
        let server = Self::server(&base_url, |provider, base_url| {
            let callback = format!("{base_url}/authorize/op");
            let app = TestClient::confidential("app", SECRET).redirect_uri(&callback);
            let spa = TestClient::public("spa").redirect_uri(&callback);
            let installed = TestClient::confidential("installed", "").redirect_uri(&callback);
            provider.client(app).client(spa).client(installed)
        })
        .await;
        let filled = |text: &str| text.replace("ISSUER", server.issuer());
        let vars = vars.iter().map(|(name, value)| (*name, filled(value)));
        let vars: Vec<_> = vars.chain([("BASE_URL", base_url)]).collect();
        let app = App::start_with(package, port, &filled(config), &vars).await;
        Self { app, server, _proxy: None }
    }

    pub(crate) fn of(app: App, server: Server) -> Self {
        Self { app, server, _proxy: None }
    }

    /// The secret of the client `app`.
    #[must_use]
    pub fn secret() -> &'static str {
        SECRET
    }

    /// Starts both: `change` gets the app's base URL, `config` the issuer.
    async fn start(
        package: &str,
        change: impl FnOnce(ProviderBuilder, &str) -> ProviderBuilder,
        config: impl FnOnce(&str) -> String,
    ) -> Self {
        let port = free_port();
        let server = Self::server(&format!("http://localhost:{port}"), change).await;
        let config = config(server.issuer());
        Self { app: App::start(package, port, &config).await, server, _proxy: None }
    }

    /// Starts the provider of an app with this base URL.
    async fn server(
        base_url: &str,
        change: impl FnOnce(ProviderBuilder, &str) -> ProviderBuilder,
    ) -> Server {
        Server::start(|issuer| {
            let alice = TestUser::new("alice").name("Alice Example").email("alice@example.com");
            change(Provider::builder(issuer).user(alice), base_url).build()
        })
        .await
        .expect("the provider starts")
    }

    /// Starts both; the base URL of the app has the path `/portal`. With `strips` it is behind a proxy that removes that
    /// path; otherwise it gets it.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start.
    pub async fn below_path(package: &str, strips: bool, settings: &str) -> Self {
        let port = free_port();
        let proxy = if strips { Some(Proxy::start(port, "/portal").await) } else { None };
        let front = proxy.as_ref().map_or(port, Proxy::port);
        let base_url = format!("http://localhost:{front}/portal");
        let server = Self::server(&base_url, |provider, base_url| {
            let callback = format!("{base_url}/authorize/op");
            provider.client(TestClient::confidential("app", SECRET).redirect_uri(callback))
        })
        .await;
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nclient_secret = '{SECRET}'\nissuer = '{0}'\n\
             api_base_url = '{0}/api'\nscope = 'openid profile email'\n{settings}",
            server.issuer()
        );
        let app = App::start_with(package, port, &config, &[("BASE_URL", base_url)]).await;
        Self { app, server, _proxy: proxy }
    }

    /// Starts another process of the app, with the base URL of the first and settings as in
    /// [`configured`](Self::configured).
    ///
    /// # Panics
    ///
    /// If it doesn't start.
    pub async fn replica(&self, package: &str, config: &str, vars: &[(&str, &str)]) -> App {
        let filled = |text: &str| text.replace("ISSUER", self.server.issuer());
        let vars = vars.iter().map(|(name, value)| (*name, filled(value)));
        let vars: Vec<_> = vars.chain([("BASE_URL", self.app.base_url().to_owned())]).collect();
        App::start_with(package, free_port(), &filled(config), &vars).await
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        self.server.provider()
    }

    /// A URL of the app.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.base_url())
    }

    /// Starts a login with `op` and lets Alice allow it; returns the URL of the callback.
    pub async fn allowed(&self, browser: &Browser) -> Url {
        self.allowed_with(browser, "op", "").await
    }

    /// As [`allowed`](Self::allowed), with another client and query.
    ///
    /// # Panics
    ///
    /// If the app doesn't redirect to the provider, or the provider not back.
    pub async fn allowed_with(&self, browser: &Browser, client: &str, query: &str) -> Url {
        let page = browser.get(self.url(&format!("/login/{client}{query}"))).await;
        assert_eq!(page.status, 303, "{}", page.body);
        self.provider().approve(page.location().as_str(), "alice").expect("a callback")
    }

    /// A whole login with `op`.
    pub async fn log_in(&self, browser: &Browser) -> Page {
        let callback = self.allowed(browser).await;
        browser.get(callback).await
    }

    /// Whether the browser is logged in as Alice. If not, it must not be logged in at all.
    ///
    /// # Panics
    ///
    /// If another user is logged in.
    pub async fn is_alice(&self, browser: &Browser) -> bool {
        let page = browser.get_json(self.url("/profile")).await;
        match page.status {
            401 => false,
            200 => {
                assert_eq!(page.json()["sub"], "alice");
                true
            }
            other => panic!("{other}: {}", page.body),
        }
    }

    /// Logs in with this fault of the provider, and checks that the login fails: this status, no user logged
    /// in, the pending login used up, no secret on the page.
    ///
    /// # Panics
    ///
    /// If the login succeeds or a check fails.
    pub async fn assert_rejects(&self, fault: Fault, status: u16) -> Page {
        let browser = Browser::new();
        self.provider().inject(fault.clone());
        let start = browser.get_json(self.url("/login/op")).await;
        let page = if start.status == 303 {
            let back =
                self.provider().approve(start.location().as_str(), "alice").expect("a callback");
            let page = browser.get_json(&back).await;
            let again = browser.get_json(&back).await;
            assert_eq!(again.status, 400, "{fault:?}: the login is still pending: {}", again.body);
            page
        } else {
            start
        };
        self.provider().clear_faults();
        assert_eq!(page.status, status, "{fault:?}: {}", page.body);
        assert!(page.json()["error"].is_string(), "{fault:?}: {}", page.body);
        assert!(!page.body.contains("s3cr3t"), "{fault:?}");
        assert!(!self.is_alice(&browser).await, "{fault:?} logged a user in");
        page
    }

    /// Stops the provider and returns the app.
    #[must_use]
    pub fn without_provider(self) -> App {
        self.app
    }

    /// The number of requests to an endpoint of the provider.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.provider().count(endpoint)
    }
}
