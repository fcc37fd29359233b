//! [`OAuth`]: the registry of clients.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use super::client::RegisteredClient;
use super::ports::Ports;
use crate::base_url::{BasePath, BaseUrl};
use crate::error::{Error, ErrorKind, Result};
use crate::error_pages::ErrorPages;
use crate::keyring::Keyring;
use crate::store::TokenStore;
use crate::token_updates::TokenUpdate;

/// The registered clients. Cheap to clone; all clones are the same registry.
///
/// ```
/// use authlib_core::{ClientConfig, OAuth, providers};
///
/// let oauth = OAuth::builder()
///     .base_url("https://app.example.com")
///     .register(providers::google().client_id("id").client_secret("secret"))
///     .register(ClientConfig::new("intranet").client_id("app").issuer("https://id.example.com"))
///     .build()?;
/// assert_eq!(oauth.client("google")?.display_name(), "Google");
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone)]
pub struct OAuth(Arc<Registry>);

struct Registry {
    /// In the order of their registration.
    clients: Vec<RegisteredClient>,
    index_by_name: HashMap<String, usize>,
    ports: Ports,
}

/// The most clients that an error lists: anybody can request a client that does not exist.
const MAX_LISTED: usize = 20;

impl OAuth {
    pub(super) fn new(clients: Vec<RegisteredClient>, ports: Ports) -> Self {
        let names = clients.iter().map(|client| client.name().to_owned());
        let index_by_name = names.enumerate().map(|(index, name)| (name, index)).collect();
        Self(Arc::new(Registry { clients, index_by_name, ports }))
    }

    /// The client of this name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownClient`] if no client has this name.
    pub fn client(&self, name: &str) -> Result<RegisteredClient> {
        let index = self.0.index_by_name.get(name);
        index.and_then(|index| self.0.clients.get(*index)).cloned().ok_or_else(|| {
            let known: Vec<_> =
                self.clients().take(MAX_LISTED).map(RegisteredClient::name).collect();
            let others = self.0.clients.len().saturating_sub(known.len());
            let more = if others > 0 { format!(" and {others} others") } else { String::new() };
            let name: String = name.chars().take(60).collect();
            Error::new(ErrorKind::UnknownClient, format!("no client is registered as {name:?}"))
                .with_hint(format!("registered are: {}{more}", known.join(", ")))
        })
    }

    /// All clients, in the order of their registration.
    pub fn clients(&self) -> impl Iterator<Item = &RegisteredClient> {
        self.0.clients.iter()
    }

    /// The application's own URL, if it is configured.
    #[must_use]
    pub fn base_url(&self) -> Option<&Url> {
        self.0.ports.base_url.as_ref().map(BaseUrl::as_url)
    }

    /// The path by which browsers know a page of this application: below the path of the base URL. A path that is
    /// already there is returned as it is, so it works behind a proxy that removes the base path and without one.
    ///
    /// ```
    /// use authlib_core::OAuth;
    ///
    /// let oauth = OAuth::builder().base_url("https://example.com/portal").build()?;
    /// assert_eq!(oauth.site_path("/profile"), "/portal/profile");
    /// assert_eq!(oauth.site_path("/portal/profile"), "/portal/profile");
    /// assert_eq!(oauth.site_path("/"), "/portal");
    /// # Ok::<(), authlib_core::Error>(())
    /// ```
    #[must_use]
    pub fn site_path(&self, path: &str) -> String {
        BasePath::of(self.base_url()).external(path)
    }

    /// Calls `subscriber` after each refreshed token was stored. It runs in the request that caused the
    /// refresh: start long work elsewhere.
    pub fn subscribe(&self, subscriber: impl Fn(&TokenUpdate) + Send + Sync + 'static) {
        self.0.ports.subscribers.push(subscriber);
    }

    /// Waits until no token refresh is in progress. Call it when the server has stopped, before the process ends: a
    /// provider that rotates refresh tokens has already replaced the old one, and the new one must be stored.
    ///
    /// A refresh takes as long as its requests and the store; put a timeout around this for a process that must end.
    ///
    /// ```
    /// # async fn stop(oauth: authlib_core::OAuth) {
    /// // The server has stopped.
    /// oauth.shutdown().await;
    /// # }
    /// ```
    pub async fn shutdown(&self) {
        for client in self.clients() {
            client.tokens().finish_refreshes().await;
        }
    }

    /// How long a browser login lasts at most ([`OAuthBuilder::login_lifetime`](super::OAuthBuilder::login_lifetime)).
    #[must_use]
    pub fn login_lifetime(&self) -> Duration {
        self.0.ports.login_policy.lifetime
    }

    /// Whether a logout keeps the application's values in the session.
    pub(crate) fn keeps_session_at_logout(&self) -> bool {
        self.0.ports.keep_session_at_logout
    }

    pub(crate) fn token_store(&self) -> &dyn TokenStore {
        self.0.ports.token_store.as_ref()
    }

    /// The keys that encrypt cookies: those of the application, or a random one of this process.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.ports.keyring
    }

    pub(crate) fn error_pages(&self) -> &ErrorPages {
        &self.0.ports.error_pages
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.0.ports.has_keys
    }

    /// The current time by the registry's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.ports.clock.now()
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clients().map(RegisteredClient::name)).finish()
    }
}
