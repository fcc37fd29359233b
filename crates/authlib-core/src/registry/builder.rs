//! [`OAuthBuilder`]: collects clients and their environment, and checks everything at once.

#[cfg(feature = "toml")]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::configuration::{Configuration, ReadConfiguration};
use super::factory::{Checks, ClientFactory};
use super::oauth::OAuth;
use super::ports::Ports;
use super::registered_clients::RegisteredClients;
use super::registration::Preparation;
use super::reload::Reloadable;
use super::replaced_clients::ReplacedClients;
use super::source::{ClientCache, ClientSource};
use super::sourced_clients::SourcedClients;
use crate::authorization::LinkPolicy;
use crate::base_url::BaseUrl;
use crate::clock::{Clock, SystemClock};
use crate::config::{ClientConfig, ClientSettings, ConfigProblem, ConfigProblems};
use crate::endpoint_url::is_loopback;
use crate::error::{Error, ErrorKind, Result};
use crate::error_pages::{ErrorPage, ErrorPages};
use crate::first_error;
use crate::keyring::{KEYS_VARIABLE, Keyring};
use crate::random::{Random, SystemRandom};
use crate::store::{MemoryTokenStore, PendingLoginStore, TokenStore};
use crate::token_updates::{Subscribers, TokenUpdate};
use crate::transport::{self, HttpClient, MakeClient, Tls};

/// Collects clients, stores and settings; [`build`](Self::build) checks everything at once.
#[derive(Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct OAuthBuilder {
    configuration: Configuration,
    client_source: Option<Arc<dyn ClientSource>>,
    client_cache: ClientCache,
    base_url: Option<String>,
    http: Option<Arc<dyn HttpClient>>,
    default_http: Option<MakeClient>,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    tokens: Option<Arc<dyn TokenStore>>,
    link_policy: LinkPolicy,
    keep_session_at_logout: bool,
    logins: Option<Arc<dyn PendingLoginStore>>,
    subscribers: Subscribers,
    keyring: Option<Keyring>,
    error_pages: ErrorPages,
    hides_error_details: bool,
}

impl OAuth {
    /// Starts a registry.
    pub fn builder() -> OAuthBuilder {
        OAuthBuilder::default()
    }
}

impl OAuthBuilder {
    /// Registers a client: a [`ClientConfig`], a preset of [`providers`](crate::providers), or the name of
    /// one. Missing settings can come from a file or the environment.
    pub fn register(mut self, client: impl Into<ClientConfig>) -> Self {
        self.configuration.sources.register(client.into());
        self
    }

    /// Makes [`build`](Self::build) fail if no client of this name is registered.
    pub fn require_client(mut self, name: impl Into<String>) -> Self {
        self.configuration.required.push(name.into());
        self
    }

    /// Reads the tables `[oauth.NAME]` of a TOML file, when the registry is built and at each
    /// [reload](OAuth::reload). They override the settings of registered clients. A table of
    /// another client is an error, unless [`discover_clients`](Self::discover_clients) is called.
    #[cfg(feature = "toml")]
    pub fn load_file(mut self, path: impl AsRef<Path>) -> Self {
        self.configuration.sources.file(path.as_ref());
        self
    }

    /// As [`load_file`](Self::load_file), from TOML text.
    #[cfg(feature = "toml")]
    pub fn load_toml(mut self, text: &str) -> Self {
        self.configuration.sources.toml(text, "the TOML text");
        self
    }

    /// As [`load_file`](Self::load_file), from a document that the application has parsed. It stays the same at a
    /// [reload](OAuth::reload); see [`load_table_with`](Self::load_table_with).
    pub fn load_table(mut self, document: Map<String, Value>) -> Self {
        self.configuration.sources.document(document);
        self
    }

    /// As [`load_file`](Self::load_file), from the document that a function returns, for example a file of another
    /// format. A [reload](OAuth::reload) calls it again. Its error is one of the configuration.
    ///
    /// ```
    /// use authlib_core::{Error, ErrorKind, OAuth};
    ///
    /// let read = || {
    ///     let text = std::fs::read("clients.json").map_err(|cause| Error::new(ErrorKind::Config, cause))?;
    ///     serde_json::from_slice(&text).map_err(|cause| Error::new(ErrorKind::Config, cause))
    /// };
    /// let builder = OAuth::builder().register("github").load_table_with(read);
    /// # let _ = builder;
    /// ```
    pub fn load_table_with(
        mut self,
        read: impl Fn() -> Result<Map<String, Value>> + Send + Sync + 'static,
    ) -> Self {
        self.configuration.sources.documents(read);
        self
    }

    /// Reads the environment variables `{NAME}_{KEY}`, such as `GITHUB_CLIENT_SECRET`, which override all
    /// other settings. Only registered clients are configured, unless
    /// [`discover_clients`](Self::discover_clients) is called.
    pub fn load_env(mut self) -> Self {
        self.configuration.sources.env();
        self
    }

    /// As [`load_env`](Self::load_env), from the given variables. They stay the same at a
    /// [reload](OAuth::reload); see [`load_env_with`](Self::load_env_with).
    pub fn load_env_from(mut self, vars: impl IntoIterator<Item = (String, String)>) -> Self {
        self.configuration.sources.vars(vars.into_iter().collect());
        self
    }

    /// As [`load_env`](Self::load_env), from the variables that a function returns, for example those of a `.env` file. A
    /// [reload](OAuth::reload) calls it again.
    ///
    /// ```
    /// use authlib_core::OAuth;
    ///
    /// let vars = || [("GITHUB_CLIENT_ID".to_owned(), "id".to_owned())];
    /// let builder = OAuth::builder().register("github").load_env_with(vars);
    /// # let _ = builder;
    /// ```
    pub fn load_env_with<V>(mut self, vars: impl Fn() -> V + Send + Sync + 'static) -> Self
    where
        V: IntoIterator<Item = (String, String)>,
    {
        self.configuration.sources.vars_of(move || vars().into_iter().collect());
        self
    }

    /// Also registers the clients that files and the environment configure, and the code does not name. **Each of
    /// them is a way to log in**, so call this only if the operator decides who can: in a program for any
    /// provider, not in an application with a known one.
    ///
    /// A table `[oauth.NAME]` registers its client, `{NAME}_CLIENT_ID` registers a preset; together with
    /// `{NAME}_ISSUER`, `{NAME}_SERVER_METADATA_URL` or `{NAME}_AUTHORIZE_URL` it registers any other client,
    /// named in lower case.
    ///
    /// ```
    /// use authlib_core::OAuth;
    ///
    /// let vars = || [("GITHUB_CLIENT_ID", "id"), ("GITHUB_CLIENT_SECRET", "secret")];
    /// let vars = || vars().map(|(name, value)| (name.to_owned(), value.to_owned()));
    /// let oauth = OAuth::builder().load_env_from(vars()).build()?;
    /// assert_eq!(oauth.clients().count(), 0);
    /// let oauth = OAuth::builder().load_env_from(vars()).discover_clients().build()?;
    /// assert_eq!(oauth.client("github")?.display_name(), "GitHub");
    /// # Ok::<(), authlib_core::Error>(())
    /// ```
    pub fn discover_clients(mut self) -> Self {
        self.configuration.sources.discover();
        self
    }

    /// Finds clients that are not registered, for example one for each customer, when a request names them. See
    /// [`ClientSource`], and [`OAuth::find_client`].
    pub fn client_source(mut self, source: impl ClientSource + 'static) -> Self {
        self.client_source = Some(Arc::new(source));
        self
    }

    /// How long, and how many, answers of the [`client_source`](Self::client_source) are cached.
    pub fn client_cache(mut self, cache: ClientCache) -> Self {
        self.client_cache = cache;
        self
    }

    /// Sets the application's own URL, against which redirect URIs that are paths are resolved.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sends requests with another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(http));
        self
    }

    /// Makes the HTTP client if the program sets none.
    pub(crate) fn default_http_client(mut self, make: MakeClient) -> Self {
        self.default_http = Some(make);
        self
    }

    /// Uses another clock than the system's, for tests. An `Arc` of a clock is a clock too.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Uses another source of randomness than the system's, for tests only.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Some(Arc::new(random));
        self
    }

    /// Keeps tokens in a store of your own instead of in memory.
    pub fn token_store(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// How long a browser login lasts at most, whatever the user does: 12 hours by default. Its token stays in the
    /// token store as long after the login or the last refresh. In files: `login_lifetime` in the table `[oauth]`,
    /// in seconds; in the environment: `AUTHLIB_LOGIN_LIFETIME`.
    pub fn login_lifetime(mut self, lifetime: Duration) -> Self {
        self.configuration.login_policy.lifetime = lifetime;
        self
    }

    /// Ends a browser login this long after the last request of its session that asked for the user. The time of that
    /// request is kept in the session, with a resolution of a minute. Off by default, and by zero. In files:
    /// `login_idle_timeout`, in seconds; in the environment: `AUTHLIB_LOGIN_IDLE_TIMEOUT`.
    pub fn login_idle_timeout(mut self, timeout: Duration) -> Self {
        self.configuration.login_policy.idle_timeout = Some(timeout);
        self
    }

    /// Keeps the application's own values in the session at a logout. By default a logout removes every value of the
    /// session, so that the next user of the browser does not see those of the last one.
    pub fn keep_session_at_logout(mut self) -> Self {
        self.keep_session_at_logout = true;
        self
    }

    /// Refreshes the token of a browser login when a request asks for the user this long after the login or the last
    /// refresh. If the provider rejects the refresh token, for example because the account was disabled, the
    /// login ends; if the provider can't be reached, it does not. **A login without a refresh token ends** at that
    /// time: many providers need the scope `offline_access`. Off by default, and by zero. In files:
    /// `login_revalidate_after`, in seconds; in the environment: `AUTHLIB_LOGIN_REVALIDATE_AFTER`.
    pub fn login_revalidate_after(mut self, interval: Duration) -> Self {
        self.configuration.login_policy.revalidate_after = Some(interval);
        self
    }

    /// Which accounts at providers may belong to one user of the application. By default an account belongs to one
    /// user, and an e-mail address never links it to a user.
    pub fn link_policy(mut self, policy: LinkPolicy) -> Self {
        self.link_policy = policy;
        self
    }

    /// Keeps pending logins in a store of your own; the browser's session then holds only a reference.
    pub fn pending_login_store(mut self, logins: impl PendingLoginStore + 'static) -> Self {
        self.logins = Some(Arc::new(logins));
        self
    }

    /// Sets the keys that encrypt the cookies of logins; [`load_env`](Self::load_env) reads them from `AUTHLIB_KEYS`.
    /// Without keys, a random one is used, which ends with the process: replicas and restarts need the same keys.
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Changes the error pages before they are sent: translate their texts, or set [`ErrorPage::html`] to a page of your
    /// own. The texts are also those of JSON responses.
    pub fn error_pages(mut self, change: impl Fn(&mut ErrorPage) + Send + Sync + 'static) -> Self {
        self.error_pages.set_change(change);
        self
    }

    /// Shows on error pages which check failed and what to change, **to everybody who sees the page**. They have no
    /// secrets, but names of settings and URLs. A debug build with a loopback base URL does so by itself; no other does.
    pub fn dangerous_show_error_details(mut self) -> Self {
        self.error_pages.shows_details = true;
        self
    }

    /// Shows error pages as in production, also in a debug build with a loopback base URL.
    pub fn hide_error_details(mut self) -> Self {
        self.hides_error_details = true;
        self
    }

    /// Makes [`build`](Self::build) fail unless aws-lc-rs, the cryptography of this library and of its TLS, is the FIPS module and
    /// runs in FIPS mode. The application selects the module in its own `Cargo.toml`. In files: `require_fips = true` in the
    /// table `[oauth]`; in the environment: `AUTHLIB_REQUIRE_FIPS=true`. None of them switches off what another requires.
    ///
    /// ```
    /// use authlib_core::OAuth;
    ///
    /// match OAuth::builder().require_fips(true).build() {
    ///     Ok(_) => println!("the FIPS module is in use"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// ```
    pub fn require_fips(mut self, is_required: bool) -> Self {
        self.configuration.requires_fips = is_required;
        self
    }

    /// Prints no error to stderr. By default, the first error of the process is printed there if the program has no
    /// `tracing` subscriber, because nobody would see it otherwise.
    pub fn without_first_error_on_stderr(self) -> Self {
        first_error::print_none();
        self
    }

    /// Calls `subscriber` after each refreshed token was stored.
    pub fn on_token_update(
        self,
        subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static,
    ) -> Self {
        self.subscribers.push(subscriber);
        self
    }

    /// Checks the whole configuration and builds the registry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with all errors of all clients, one a line.
    pub fn build(self) -> Result<OAuth> {
        let read = self.configuration.read();
        let configs = self.kept(&read);
        self.finish(read, configs)
    }

    /// As [`build`](Self::build), after the issuers of clients with a
    /// [`webfinger_resource`](ClientConfig::webfinger_resource) were found, and clients with
    /// [`dynamic_registration`](ClientConfig::dynamic_registration) were registered.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build), and of [`Registration::register`](crate::Registration::register).
    pub async fn build_registered(self) -> Result<OAuth> {
        let mut read = self.configuration.read();
        let configs = self.kept(&read);
        if read.problems.is_empty() {
            let base_url = self.base_url.as_deref().and_then(|text| BaseUrl::parse(text).ok());
            let now = self.clock.as_ref().map_or_else(|| SystemClock.now(), |clock| clock.now());
            let make = self.default_http.unwrap_or(transport::default_client);
            for config in read.configs.iter_mut().filter(|config| config.is_incomplete()) {
                let http = match &self.http {
                    Some(http) => http.clone(),
                    None => make(&config.tls())?,
                };
                let base_url = base_url.as_ref();
                Preparation { http: &http, base_url, now }.complete(config).await?;
            }
        }
        self.finish(read, configs)
    }

    /// What a reload compares with: the configurations before any client is registered at its provider. `None` if no source
    /// can change.
    fn kept(&self, read: &ReadConfiguration) -> Option<Vec<ClientConfig>> {
        self.configuration.sources.change().then(|| read.configs.clone())
    }

    /// `configs` are [kept](Self::kept) for reloads.
    fn finish(self, read: ReadConfiguration, configs: Option<Vec<ClientConfig>>) -> Result<OAuth> {
        let ReadConfiguration { login_policy, keys, configs: read, mut problems } = read;
        let keyring = keyring(self.keyring, keys.as_deref(), &mut problems);
        let base_url = self.base_url.as_deref().and_then(|text| {
            let base_url = BaseUrl::parse(text);
            base_url
                .map_err(|cause| problems.push(ConfigProblem::url("", "base_url", text, cause)))
                .ok()
        });
        let make_http = self.default_http.unwrap_or(transport::default_client);
        let checks = Checks {
            make_http,
            has_own_http: self.http.is_some(),
            has_base_url: self.base_url.is_some(),
        };
        let http = self.http.map_or_else(|| make_http(&Tls::default()), Ok);
        let http =
            http.map_err(|cause| problems.push(ConfigProblem::new("", "", cause.to_string())));
        let checked: Vec<_> =
            read.into_iter().filter_map(|config| checks.check(config, &mut problems)).collect();
        let (Ok(http), Some((keyring, has_keys)), true) = (http, keyring, problems.is_empty())
        else {
            return Err(Error::new(ErrorKind::Config, ConfigProblems(problems)));
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let tokens_in = if self.tokens.is_some() { "token store" } else { "memory" };
        let tokens = self.tokens.unwrap_or_else(|| {
            Arc::new(MemoryTokenStore::on_clock(clock.clone(), MemoryTokenStore::CAPACITY))
        });
        let is_local = base_url.as_ref().is_some_and(|url| is_loopback(url.as_url()));
        let mut error_pages = self.error_pages;
        error_pages.shows_details |= cfg!(debug_assertions) && is_local;
        error_pages.shows_details &= !self.hides_error_details;
        if !checked.is_empty() || self.client_source.is_some() {
            log_registry(base_url.as_ref(), tokens_in, has_keys, error_pages.shows_details);
        }
        let ports = Ports {
            clock,
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
            token_store: tokens,
            link_policy: self.link_policy,
            login_policy,
            keep_session_at_logout: self.keep_session_at_logout,
            pending_login_store: self.logins,
            subscribers: self.subscribers,
            used_states: Arc::default(),
            unknown_sessions: Arc::default(),
            session_turns: Arc::default(),
            replaced: ReplacedClients::default(),
            base_url,
            keyring,
            has_keys,
            error_pages,
        };
        let factory = ClientFactory::new(checks, http, Arc::new(ports));
        let clients = checked
            .into_iter()
            .map(|checked| {
                log_registration(&checked.settings, tokens_in);
                factory.make(checked)
            })
            .collect();
        let factory = Arc::new(factory);
        let source = self.client_source;
        let sourced =
            source.map(|source| SourcedClients::new(source, self.client_cache, factory.clone()));
        let reloadable =
            configs.map(|configs| Reloadable::new(self.configuration, configs, login_policy));
        Ok(OAuth::new(RegisteredClients::new(clients), factory, sourced, reloadable))
    }
}

/// The application's keys, or a random one, and whether it is the application's.
fn keyring(
    set: Option<Keyring>,
    variable: Option<&str>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<(Keyring, bool)> {
    let variable = variable.filter(|text| !text.trim().is_empty());
    let keyring = match (set, variable) {
        (Some(keyring), _) => Ok((keyring, true)),
        (None, Some(text)) => Keyring::parse(text).map(|keyring| (keyring, true)),
        (None, None) => Keyring::generate("process").map(|keyring| (keyring, false)),
    };
    let problem = |error: Error| {
        ConfigProblem::new("", KEYS_VARIABLE, format!("is not valid: {}", error.report()))
    };
    keyring.map_err(|error| problems.push(problem(error))).ok()
}

/// Logs what an operator wants to know of the registry.
fn log_registry(base_url: Option<&BaseUrl>, tokens: &str, has_keys: bool, development: bool) {
    let Some(base_url) = base_url else { return };
    let keys = if has_keys {
        "of the application"
    } else {
        "random: sessions in cookies end at a restart"
    };
    tracing::info!(base_url = %base_url.as_url(), tokens, keys, development, "logins set up");
}

/// Logs what an operator wants to know of a client of the registry.
fn log_registration(settings: &ClientSettings, tokens: &str) {
    if !settings.extensions.standalone {
        tracing::info!(
            client = settings.name,
            issuer = settings.issuer,
            redirect_uri = settings.redirect_uri,
            accepts_logins = settings.accepts_logins,
            tokens,
            "client registered"
        );
    }
}

debug_fields!(OAuthBuilder { configuration });
