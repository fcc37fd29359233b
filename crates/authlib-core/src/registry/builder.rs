//! [`OAuthBuilder`]: collects clients and their environment, and checks everything at once.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};

use super::{OAuth, Ports, RegisteredClient};
use crate::base_url::BaseUrl;
use crate::clock::{Clock, SystemClock};
use crate::config::{ClientConfig, ClientSettings, ConfigProblem, ConfigProblems, Sources};
use crate::error::{Error, ErrorKind, Result};
use crate::random::{Random, SystemRandom};
use crate::store::{MemoryTokenStore, PendingLoginStore, TokenStore};
use crate::token_updates::{Subscribers, TokenUpdate};
use crate::transport::HttpClient;

/// The default of [`OAuthBuilder::login_lifetime`].
const LOGIN_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// Collects clients, stores and settings; [`build`](Self::build) checks everything at once.
#[derive(Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct OAuthBuilder {
    sources: Sources,
    required: Vec<String>,
    base_url: Option<String>,
    http: Option<Arc<dyn HttpClient>>,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    tokens: Option<Arc<dyn TokenStore>>,
    login_lifetime: Option<Duration>,
    logins: Option<Arc<dyn PendingLoginStore>>,
    subscribers: Subscribers,
}

impl OAuthBuilder {
    /// Registers a client: a [`ClientConfig`], a preset of [`providers`](crate::providers), or the
    /// name of one. What it lacks may come from a file or the environment.
    pub fn register(mut self, client: impl Into<ClientConfig>) -> Self {
        self.sources.register(client.into());
        self
    }

    /// Demands that a client of this name is registered in the end.
    pub fn require(mut self, name: impl Into<String>) -> Self {
        self.required.push(name.into());
        self
    }

    /// Lays the tables `[oauth.NAME]` of a TOML file over what is registered, and registers the names
    /// that are new. A file that can't be read is a problem.
    pub fn load_file(mut self, path: impl AsRef<Path>) -> Self {
        self.sources.file(path.as_ref());
        self
    }

    /// As [`load_file`](Self::load_file), from a TOML text.
    pub fn load_toml(mut self, text: &str) -> Self {
        self.sources.toml(text, "the TOML text");
        self
    }

    /// As [`load_file`](Self::load_file), from a value that the application read by itself; its
    /// `oauth` member holds a table for each client.
    pub fn load_value(mut self, document: Map<String, Value>) -> Self {
        self.sources.document(document);
        self
    }

    /// Lays `{NAME}_{KEY}` variables of the environment over everything else, such as
    /// `GITHUB_CLIENT_SECRET`. A preset whose `{NAME}_CLIENT_ID` is set is registered, and so is another
    /// name with that and `{NAME}_ISSUER` or `{NAME}_SERVER_METADATA_URL`, in lower case.
    pub fn load_env(mut self) -> Self {
        self.sources.env();
        self
    }

    /// As [`load_env`](Self::load_env), from variables of your own.
    pub fn load_vars(mut self, vars: impl IntoIterator<Item = (String, String)>) -> Self {
        self.sources.vars(vars.into_iter().collect());
        self
    }

    /// The application's own URL, under which redirect URIs that are given as paths are taken. It is
    /// never built from what a request says of its host.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sends requests by another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(http));
        self
    }

    /// Tells the time by another clock than the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// As [`clock`](Self::clock), for one that is shared.
    pub fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Takes randomness from elsewhere than the system: for tests only.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Some(Arc::new(random));
        self
    }

    /// Keeps tokens elsewhere than in memory.
    pub fn token_store(mut self, tokens: impl TokenStore + 'static) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// How long the token of a browser login stays in the token store after the login or the last refresh: at
    /// least as long as a session may last. 90 days by default.
    pub fn login_lifetime(mut self, lifetime: Duration) -> Self {
        self.login_lifetime = Some(lifetime);
        self
    }

    /// Keeps pending logins outside the browser's session, with a marker in it.
    pub fn pending_login_store(mut self, logins: impl PendingLoginStore + 'static) -> Self {
        self.logins = Some(Arc::new(logins));
        self
    }

    /// Calls `subscriber` after each refreshed token was stored.
    pub fn on_token_update(
        mut self,
        subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static,
    ) -> Self {
        self.subscribers.push(subscriber);
        self
    }

    /// Checks everything and makes the registry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem of every client, one a line.
    pub fn build(self) -> Result<OAuth> {
        let (configs, mut problems) = self.sources.merge(crate::providers::NAMES);
        let base_url = self.base_url.as_deref().map(BaseUrl::parse).transpose();
        let base_url = base_url.unwrap_or_else(|cause| {
            problems.push(ConfigProblem::new("", "base_url", format!("is refused: {cause}")));
            None
        });
        for name in &self.required {
            if !configs.iter().any(|config| config.name == *name) {
                problems.push(ConfigProblem::new(name, "", "is used, but nowhere registered"));
            }
        }
        let http = match self.http {
            Some(http) => Some(http),
            None => built_in(&mut problems),
        };
        let mut settings = Vec::new();
        for config in configs {
            match config.resolve() {
                Ok(resolved) => {
                    if self.base_url.is_none() {
                        without_base(&resolved, &mut problems);
                    }
                    settings.push(resolved);
                }
                Err(found) => problems.extend(found),
            }
        }
        let Some(http) = http.filter(|_| problems.is_empty()) else {
            return Err(Error::new(ErrorKind::Config, ConfigProblems(problems)));
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let tokens = self.tokens.unwrap_or_else(|| {
            Arc::new(MemoryTokenStore::on_clock(clock.clone(), MemoryTokenStore::CAPACITY))
        });
        let ports = Ports {
            clock,
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
            token_store: tokens,
            login_lifetime: self.login_lifetime.unwrap_or(LOGIN_LIFETIME),
            pending_login_store: self.logins,
            subscribers: Arc::new(Mutex::new(self.subscribers)),
            used_states: Arc::default(),
            base_url,
        };
        let clients = settings
            .into_iter()
            .map(|settings| RegisteredClient::new(settings, http.clone(), ports.clone()))
            .collect();
        Ok(OAuth::new(clients, ports))
    }
}

/// Paths that stand for URLs need the base that they are under.
fn without_base(settings: &ClientSettings, problems: &mut Vec<ConfigProblem>) {
    for (key, uri) in [
        ("redirect_uri", &settings.redirect_uri),
        ("post_logout_redirect_uri", &settings.post_logout_redirect_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| uri.starts_with('/')) {
            let problem = "is a path, but the registry has no `base_url`";
            problems.push(ConfigProblem::new(&settings.name, key, problem));
        }
    }
}

#[cfg(feature = "reqwest")]
fn built_in(problems: &mut Vec<ConfigProblem>) -> Option<Arc<dyn HttpClient>> {
    match crate::transport::ReqwestClient::new() {
        Ok(client) => Some(Arc::new(client)),
        Err(cause) => {
            problems.push(ConfigProblem::new("", "", format!("no HTTP client: {cause}")));
            None
        }
    }
}

#[cfg(not(feature = "reqwest"))]
fn built_in(problems: &mut Vec<ConfigProblem>) -> Option<Arc<dyn HttpClient>> {
    let problem = "no HTTP client: give one with `.http_client(..)`, or turn on feature `reqwest`";
    problems.push(ConfigProblem::new("", "", problem));
    None
}

impl fmt::Debug for OAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthBuilder").field("sources", &self.sources).finish_non_exhaustive()
    }
}
