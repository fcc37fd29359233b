//! [`OAuth`], the registry, and [`RemoteApp`], a registered client with its caches.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::driver::Driver;
use crate::events::Subscribers;
use crate::oauth2::metadata::ServerMetadata;
use crate::random::Random;
use crate::store::{LoginStore, TokenStore};
use crate::transport::HttpClient;

mod api;
mod ask;
mod authorize;
mod cached;
mod device;
mod grants;
mod id_token;
mod keys;
mod logout;
mod metadata;
pub(crate) mod oauth1;
mod options;
mod pending;
mod refreshes;
mod registration;
mod registry;
mod renew;
mod request;
mod response;
mod revoke;
mod spent;
mod tokens;

pub(crate) use self::api::verbs;
pub use self::device::{DeviceLogin, DevicePoll};
pub use self::logout::LogoutOptions;
pub use self::options::AuthorizeOptions;
pub(crate) use self::pending::is_over;
pub use self::pending::{PENDING_TTL, PendingLogin, PendingLogout};
pub use self::registration::Registration;
pub use self::registry::{OAuth, OAuthBuilder};
pub use self::request::ApiRequest;
pub use self::response::ApiResponse;

/// A registered client: our registration at one provider, with the provider's cached metadata and
/// keys.
///
/// Cheap to clone; all clones share the caches. It comes from [`OAuth::client`].
#[derive(Clone)]
pub struct RemoteApp {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: ClientSettings,
    pub(crate) ports: Ports,
    pub(crate) driver: Driver,
    pub(crate) metadata: cached::Cached<ServerMetadata>,
    pub(crate) keys: keys::Keys,
    pub(crate) refreshes: refreshes::Refreshes,
}

/// What all clients of a registry share.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) logins: Option<Arc<dyn LoginStore>>,
    pub(crate) subscribers: Arc<Mutex<Subscribers>>,
    pub(crate) spent: Arc<spent::Spent>,
    pub(crate) base_url: Option<url::Url>,
}

impl RemoteApp {
    pub(crate) fn new(settings: ClientSettings, http: Arc<dyn HttpClient>, ports: Ports) -> Self {
        let driver = Driver::new(http, settings.user_agent.as_deref(), settings.timeout);
        let inner = Inner {
            settings,
            ports,
            driver,
            metadata: cached::Cached::new(),
            keys: keys::Keys::new(),
            refreshes: refreshes::Refreshes::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The name under which the client is registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.settings.name
    }

    /// What a button for this client says: the configured label, else the name.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.inner.settings.label
    }

    /// The `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.inner.settings.client_id
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.inner.ports.clock.now()
    }

    pub(crate) fn subscribers(&self) -> Subscribers {
        self.inner.ports.subscribers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for RemoteApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteApp")
            .field("name", &self.name())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}
