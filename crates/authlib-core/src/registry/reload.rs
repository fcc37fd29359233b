//! [`OAuth::reload`]: reads the configuration again, and replaces the clients that it changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::client::RegisteredClient;
use super::configuration::{Configuration, ReadConfiguration};
use super::factory::{CheckedClient, ClientFactory};
use super::oauth::OAuth;
use super::registered_clients::RegisteredClients;
use crate::config::{ClientConfig, ConfigProblem, ConfigProblems, LoginPolicy};
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::{KEYS_VARIABLE, Keyring};

/// What a [reload](OAuth::reload) did: the names of the clients, in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReloadedClients {
    /// The clients that are registered now.
    pub added: Vec<String>,
    /// The clients with other settings than before.
    pub changed: Vec<String>,
    /// The clients that are no longer registered.
    pub removed: Vec<String>,
    /// The clients that stay as they are, with their caches and connections.
    pub unchanged: Vec<String>,
}

/// What a reload reads again, and compares with. Reloads take turns by its lock.
pub(super) struct Reloadable {
    configuration: Configuration,
    loaded: Mutex<Loaded>,
}

/// The configuration in use.
struct Loaded {
    configs: HashMap<String, ClientConfig>,
    login_policy: LoginPolicy,
}

/// What becomes of a client.
enum Next {
    Keep(RegisteredClient),
    Make(Box<CheckedClient>),
}

impl Reloadable {
    pub(super) fn new(
        configuration: Configuration,
        configs: Vec<ClientConfig>,
        login_policy: LoginPolicy,
    ) -> Self {
        let loaded = Mutex::new(Loaded { configs: by_name(configs), login_policy });
        Self { configuration, loaded }
    }
}

impl OAuth {
    /// Reads the configuration again from where the builder read it, and replaces the clients that it changes: files
    /// ([`load_file`](super::OAuthBuilder::load_file)), the environment ([`load_env`](super::OAuthBuilder::load_env)) and functions
    /// ([`load_env_with`](super::OAuthBuilder::load_env_with), [`load_table_with`](super::OAuthBuilder::load_table_with)). What the code
    /// registers stays. Everything is checked as by [`build`](super::OAuthBuilder::build); after an error nothing is changed.
    ///
    /// All clones of the registry have the new clients from then on. A request that has a client already finishes with it.
    /// A client whose settings are the same keeps its caches, refreshes and connections.
    ///
    /// A login that was started before finishes with the client id, issuer and endpoints that it started with: up to 4
    /// replaced configurations of a client are kept, each for 10 minutes
    /// ([`PENDING_TTL`](crate::authorization::PENDING_TTL)). Another process does not have them: if it has other settings, the
    /// user starts the login again. Logins with a removed client, pending or finished, end.
    ///
    /// The policy for logins (`login_lifetime`, `login_idle_timeout`, `login_revalidate_after`) and the keys (`AUTHLIB_KEYS`) are
    /// checked, but stay as they were at the start. A client that was registered at its provider by
    /// [`build_registered`](super::OAuthBuilder::build_registered) stays registered; one that is new or changed needs a restart.
    ///
    /// Files are read by this call, which blocks the thread meanwhile.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use authlib_core::OAuth;
    ///
    /// let id = Arc::new(Mutex::new("first"));
    /// let oauth = {
    ///     let id = id.clone();
    ///     let vars = move || [("GITHUB_CLIENT_ID", *id.lock().unwrap()), ("GITHUB_CLIENT_SECRET", "s")];
    ///     let vars = move || vars().map(|(name, value)| (name.to_owned(), value.to_owned()));
    ///     let builder = OAuth::builder().base_url("https://app.example.com");
    ///     builder.register("github").load_env_with(vars).build()?
    /// };
    /// *id.lock().unwrap() = "second";
    /// let reloaded = oauth.reload()?;
    /// assert_eq!(reloaded.changed, ["github"]);
    /// assert_eq!(oauth.client("github")?.client_id(), "second");
    /// # Ok::<(), authlib_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with all errors of all clients, one a line.
    pub fn reload(&self) -> Result<ReloadedClients> {
        let Some(reloadable) = self.reloadable() else {
            let unchanged = self.clients().map(|client| client.name().to_owned()).collect();
            let reloaded = ReloadedClients { unchanged, ..ReloadedClients::default() };
            return Ok(reloaded.logged());
        };
        let mut loaded = reloadable.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let ReadConfiguration { login_policy, keys, configs, mut problems } =
            reloadable.configuration.read();
        check_keys(keys.as_deref(), &mut problems);
        let factory = self.factory();
        let mut next = Vec::with_capacity(configs.len());
        for config in &configs {
            let is_same = loaded.configs.get(&config.name) == Some(config);
            let current = self.registered(&config.name).filter(|_| is_same);
            next.extend(next_client(factory, config, current, &mut problems));
        }
        if !problems.is_empty() {
            return Err(Error::new(ErrorKind::Config, ConfigProblems(problems)));
        }
        let reloaded = self.replace(next);
        loaded.configs = by_name(configs);
        if login_policy != loaded.login_policy {
            loaded.login_policy = login_policy;
            tracing::warn!(
                "changed policy for logins not used until a restart (`login_lifetime` and the like)"
            );
        }
        Ok(reloaded.logged())
    }

    /// Replaces the clients at once.
    fn replace(&self, next: Vec<Next>) -> ReloadedClients {
        let factory = self.factory();
        let (before, now) = (self.snapshot(), self.now());
        factory.ports.replaced.remove_old(now);
        let mut reloaded = ReloadedClients::default();
        let mut list = Vec::with_capacity(next.len());
        for next in next {
            let (client, is_new) = match next {
                Next::Keep(client) => (client, false),
                Next::Make(checked) => (factory.make(*checked), true),
            };
            let names = match before.get(client.name()) {
                None => &mut reloaded.added,
                Some(replaced) if is_new => {
                    // Before the new one is found: a callback finds it here or there.
                    factory.ports.replaced.add(replaced.clone(), now);
                    &mut reloaded.changed
                }
                Some(_) => &mut reloaded.unchanged,
            };
            names.push(client.name().to_owned());
            list.push(client);
        }
        let after = RegisteredClients::new(list);
        for client in before.list().iter().filter(|client| after.get(client.name()).is_none()) {
            factory.ports.replaced.remove(client.name());
            reloaded.removed.push(client.name().to_owned());
        }
        self.set_clients(after);
        reloaded
    }
}

/// The checked client, or the current one of the same configuration.
fn next_client(
    factory: &ClientFactory,
    config: &ClientConfig,
    current: Option<RegisteredClient>,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Next> {
    if let Some(key) = config.incomplete_by() {
        if current.is_none() {
            let problem =
                "is new or changed, which takes effect at a restart: a reload sends no requests";
            problems.push(ConfigProblem::new(&config.name, key, problem));
        }
        return current.map(Next::Keep);
    }
    let checked = factory.checks.check(config.clone(), problems)?;
    Some(match current {
        // The file of CA certificates may have changed. Files of secrets and certificates are read again by themselves.
        Some(current) if checked.trusts_same_authorities(current.settings()) => Next::Keep(current),
        _ => Next::Make(Box::new(checked)),
    })
}

fn check_keys(text: Option<&str>, problems: &mut Vec<ConfigProblem>) {
    let text = text.filter(|text| !text.trim().is_empty());
    if let Some(Err(error)) = text.map(Keyring::parse) {
        let problem = format!("is not valid: {}", error.report());
        problems.push(ConfigProblem::new("", KEYS_VARIABLE, problem));
    }
}

fn by_name(configs: Vec<ClientConfig>) -> HashMap<String, ClientConfig> {
    configs.into_iter().map(|config| (config.name.clone(), config)).collect()
}

impl ReloadedClients {
    fn logged(self) -> Self {
        let Self { added, changed, removed, unchanged } = &self;
        let unchanged = unchanged.len();
        tracing::info!(?added, ?changed, ?removed, unchanged, "configuration reloaded");
        self
    }
}
