//! [`OAuth`]: the registry of clients.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use url::Url;

use super::client::RegisteredClient;
use super::factory::ClientFactory;
use super::ports::Ports;
use super::registered_clients::RegisteredClients;
use super::reload::Reloadable;
use super::sourced_clients::SourcedClients;
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
    /// A reload replaces the list. The lock is held for a look-up only.
    clients: RwLock<Arc<RegisteredClients>>,
    factory: Arc<ClientFactory>,
    sourced: Option<SourcedClients>,
    /// `None` if nothing was loaded that can change.
    reloadable: Option<Reloadable>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.factory.ports.replaced.clear();
    }
}

/// The most clients that an error lists: anybody can request a client that does not exist.
const MAX_LISTED: usize = 20;

impl OAuth {
    pub(super) fn new(
        clients: RegisteredClients,
        factory: Arc<ClientFactory>,
        sourced: Option<SourcedClients>,
        reloadable: Option<Reloadable>,
    ) -> Self {
        let clients = RwLock::new(Arc::new(clients));
        Self(Arc::new(Registry { clients, factory, sourced, reloadable }))
    }

    fn ports(&self) -> &Ports {
        &self.0.factory.ports
    }

    pub(super) fn factory(&self) -> &ClientFactory {
        &self.0.factory
    }

    pub(super) fn reloadable(&self) -> Option<&Reloadable> {
        self.0.reloadable.as_ref()
    }

    fn read(&self) -> RwLockReadGuard<'_, Arc<RegisteredClients>> {
        self.0.clients.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The registered clients at this time.
    pub(super) fn snapshot(&self) -> Arc<RegisteredClients> {
        self.read().clone()
    }

    pub(super) fn set_clients(&self, clients: RegisteredClients) {
        let clients = Arc::new(clients);
        let mut current = self.0.clients.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = std::mem::replace(&mut *current, clients);
        // The lock is released before the clients are dropped.
        drop(current);
        drop(replaced);
    }

    pub(super) fn registered(&self, name: &str) -> Option<RegisteredClient> {
        self.read().get(name).cloned()
    }

    /// The registered client of this name. [`find_client`](Self::find_client) also finds those of a
    /// [`ClientSource`](crate::ClientSource).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownClient`] if no client is registered under this name.
    pub fn client(&self, name: &str) -> Result<RegisteredClient> {
        self.registered(name).ok_or_else(|| {
            let clients = self.snapshot();
            let known = clients.list().iter().take(MAX_LISTED);
            let known: Vec<_> = known.map(RegisteredClient::name).collect();
            let others = clients.list().len().saturating_sub(known.len());
            let more = if others > 0 { format!(" and {others} others") } else { String::new() };
            let name: String = name.chars().take(60).collect();
            Error::new(ErrorKind::UnknownClient, format!("no client is registered as {name:?}"))
                .with_hint(format!("registered are: {}{more}", known.join(", ")))
        })
    }

    /// The client of this name: a registered one, or else that of the [`ClientSource`](crate::ClientSource). Extractors
    /// find their clients by this method.
    ///
    /// ```
    /// # async fn call(oauth: authlib_core::OAuth) -> authlib_core::Result<()> {
    /// // In a background job of a customer.
    /// let customer = oauth.find_client("acme").await?;
    /// # let _ = customer;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownClient`] if there is none, [`ErrorKind::Config`] if the source returned a configuration that is
    /// not valid, and [`ErrorKind::Store`] if the source failed.
    pub async fn find_client(&self, name: &str) -> Result<RegisteredClient> {
        if let Some(client) = self.registered(name) {
            return Ok(client);
        }
        match &self.0.sourced {
            Some(sourced) => sourced.find(name).await,
            None => self.client(name),
        }
    }

    /// The client whose users have e-mail addresses of this domain, for a login that begins with the address
    /// (home-realm discovery). The argument is an address or a domain; only the domain is used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownClient`] if there is none or the address has no domain, and those of
    /// [`find_client`](Self::find_client).
    pub async fn client_of_email(&self, email: &str) -> Result<RegisteredClient> {
        let name = match &self.0.sourced {
            Some(sourced) => sourced.name_of_email(email).await?,
            None => None,
        };
        match name {
            Some(name) => self.find_client(&name).await,
            None => Err(unknown_realm("no client has the domain of the e-mail address")
                .with_hint("see `ClientSource::client_of_domain`")),
        }
    }

    /// The client whose users open the application at this host, which may have a port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownClient`] if there is none, and those of [`find_client`](Self::find_client).
    pub async fn client_of_host(&self, host: &str) -> Result<RegisteredClient> {
        let name = match &self.0.sourced {
            Some(sourced) => sourced.name_of_host(host).await?,
            None => None,
        };
        match name {
            Some(name) => self.find_client(&name).await,
            None => Err(unknown_realm("no client has this host")
                .with_hint("see `ClientSource::client_of_host`")),
        }
    }

    /// Forgets what the [`ClientSource`](crate::ClientSource) said about a client, and about domains and hosts that
    /// belong to it or to nobody: the next request asks again. Call it after the configuration has changed, in every
    /// process; others see the change after the [lifetime](crate::ClientCache::lifetime). Requests that have the client
    /// already finish with it.
    pub fn forget_client(&self, name: &str) {
        if let Some(sourced) = &self.0.sourced {
            sourced.forget(name);
        }
    }

    /// Whether there can be other clients than the registered ones.
    #[doc(hidden)]
    #[must_use]
    pub fn has_client_source(&self) -> bool {
        self.0.sourced.is_some()
    }

    /// All registered clients, in the order of their registration. A [reload](Self::reload) does not change what the
    /// iterator returns.
    pub fn clients(&self) -> impl Iterator<Item = RegisteredClient> + use<> {
        let clients = self.snapshot();
        (0..).map_while(move |index| clients.at(index).cloned())
    }

    /// The application's own URL, if it is configured.
    #[must_use]
    pub fn base_url(&self) -> Option<&Url> {
        self.ports().base_url.as_ref().map(BaseUrl::as_url)
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
        self.ports().subscribers.push(subscriber);
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
        for tokens in self.0.factory.token_managers() {
            tokens.finish_refreshes().await;
        }
    }

    /// How long a browser login lasts at most ([`OAuthBuilder::login_lifetime`](super::OAuthBuilder::login_lifetime)).
    #[must_use]
    pub fn login_lifetime(&self) -> Duration {
        self.ports().login_policy.lifetime
    }

    /// Whether a logout keeps the application's values in the session.
    pub(crate) fn keeps_session_at_logout(&self) -> bool {
        self.ports().keep_session_at_logout
    }

    pub(crate) fn token_store(&self) -> &dyn TokenStore {
        self.ports().token_store.as_ref()
    }

    /// The keys that encrypt cookies: those of the application, or a random one of this process.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.ports().keyring
    }

    pub(crate) fn error_pages(&self) -> &ErrorPages {
        &self.ports().error_pages
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.ports().has_keys
    }

    /// The current time by the registry's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.ports().clock.now()
    }
}

/// The page says the same for every address of the domain, so it tells nobody who has an account.
fn unknown_realm(check: &'static str) -> Error {
    Error::new(ErrorKind::UnknownClient, check).with_page_title("No login found").with_page_text(
        "There is no login for this organization. Check the address, or ask your administrator.",
    )
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot().list().iter().map(RegisteredClient::name)).finish()
    }
}
