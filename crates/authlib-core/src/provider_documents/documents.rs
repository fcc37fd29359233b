//! [`ProviderDocuments`]: one client's view of its provider.

use std::sync::Arc;

use super::cache::Cached;
use super::refetch_limit::RefetchLimit;
use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::http_exchange::HttpExchange;
use crate::jose::JwkSet;
use crate::oauth2::metadata::ServerMetadata;

/// One client's view of its provider: what is configured wins over what the provider publishes.
pub(crate) struct ProviderDocuments {
    pub(super) settings: Arc<ClientSettings>,
    pub(super) exchange: HttpExchange,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metadata: Cached<ServerMetadata>,
    pub(super) jwks: Cached<JwkSet>,
    pub(super) refetches: RefetchLimit,
    /// The keys for ID tokens if none have to be fetched: the setting `jwks`, or the client secret
    /// for HMAC.
    pub(super) configured_keys: Option<JwkSet>,
}

impl ProviderDocuments {
    pub(crate) fn new(
        settings: Arc<ClientSettings>,
        exchange: HttpExchange,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            metadata: Cached::new(&settings.name, "metadata"),
            jwks: Cached::new(&settings.name, "keys"),
            configured_keys: settings.own_keys(),
            settings,
            exchange,
            clock,
            refetches: RefetchLimit::new(),
        }
    }
}

debug_fields!(ProviderDocuments { metadata, jwks });
