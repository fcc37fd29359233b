//! [`OAuth`], the registry, and [`RegisteredClient`], a registered client with its caches.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::http_exchange::Driver;
use crate::oauth2::metadata::ServerMetadata;
use crate::random::Random;
use crate::store::{PendingLoginStore, TokenStore};
use crate::token_updates::Subscribers;
use crate::transport::HttpClient;

mod api;
pub(crate) mod authorization;
mod endpoints;
mod provider_documents;
mod registry;
mod tokens;

pub(crate) use self::api::allowed_origins::verbs;
pub use self::api::request::ApiRequest;
pub use self::api::response::ApiResponse;
pub use self::authorization::options::AuthorizeOptions;
pub(crate) use self::authorization::pending::is_over;
pub use self::authorization::pending::{PENDING_TTL, PendingLogin, PendingLogout};
pub use self::endpoints::device::{DeviceLogin, DevicePoll};
pub use self::endpoints::end_session::LogoutOptions;
pub use self::endpoints::registration::Registration;
pub use self::registry::{OAuth, OAuthBuilder};

/// A registered client: our registration at one provider, with the provider's cached metadata and
/// keys.
///
/// Cheap to clone; all clones share the caches. It comes from [`OAuth::client`].
#[derive(Clone)]
pub struct RegisteredClient {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: ClientSettings,
    pub(crate) ports: Ports,
    pub(crate) driver: Driver,
    pub(crate) metadata: provider_documents::cache::Cached<ServerMetadata>,
    pub(crate) keys: provider_documents::jwks::Keys,
    pub(crate) refreshes: tokens::in_flight::Refreshes,
}

/// What all clients of a registry share.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) logins: Option<Arc<dyn PendingLoginStore>>,
    pub(crate) subscribers: Arc<Mutex<Subscribers>>,
    pub(crate) used_states: Arc<authorization::replay::UsedStates>,
    pub(crate) base_url: Option<url::Url>,
}

impl RegisteredClient {
    pub(crate) fn new(settings: ClientSettings, http: Arc<dyn HttpClient>, ports: Ports) -> Self {
        let driver = Driver::new(http, settings.user_agent.as_deref(), settings.timeout);
        let inner = Inner {
            settings,
            ports,
            driver,
            metadata: provider_documents::cache::Cached::new(),
            keys: provider_documents::jwks::Keys::new(),
            refreshes: tokens::in_flight::Refreshes::default(),
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

impl fmt::Debug for RegisteredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredClient")
            .field("name", &self.name())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}
