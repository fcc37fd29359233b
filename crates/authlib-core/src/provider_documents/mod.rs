//! The documents of a client's provider, fetched once and cached: metadata (RFC 8414) and keys
//! (RFC 7517). What needs the keys, such as the verification of ID tokens, is here too.

use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::http_exchange::Driver;
use crate::jose::JwkSet;
use crate::oauth2::metadata::ServerMetadata;

mod cache;
mod id_token;
mod jwks;
mod metadata;
mod refetch_limit;

use self::cache::Cached;
pub(crate) use self::id_token::ExpectedIdToken;
use self::refetch_limit::RefetchLimit;

/// One client's view of its provider: what is configured wins over what the provider publishes.
pub(crate) struct ProviderDocuments {
    settings: Arc<ClientSettings>,
    exchange: Driver,
    clock: Arc<dyn Clock>,
    metadata: Cached<ServerMetadata>,
    jwks: Cached<JwkSet>,
    refetches: RefetchLimit,
    /// The keys for ID tokens if none have to be fetched: the setting `jwks`, or the client secret
    /// for HMAC.
    configured_keys: Option<JwkSet>,
}

impl ProviderDocuments {
    pub(crate) fn new(
        settings: Arc<ClientSettings>,
        exchange: Driver,
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

impl fmt::Debug for ProviderDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderDocuments")
            .field("metadata", &self.metadata)
            .field("jwks", &self.jwks)
            .finish_non_exhaustive()
    }
}
