//! Token stores of tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::store::{MemoryTokenStore, TokenStore};
use authlib_core::transport::HttpClient;
use authlib_core::{ClientConfig, OAuth};

use super::wrapped_store::{Call, WrappedStore, failing_store};
use super::{ISSUER, SECRET, TestBed};

/// One store for several registries, like the database of several replicas.
pub(crate) type Shared = Arc<MemoryTokenStore>;

/// A store that can always be read, but not written while the disk is full.
#[derive(Clone)]
pub(crate) struct Disk(WrappedStore, Arc<AtomicBool>);

impl Default for Disk {
    fn default() -> Self {
        let (store, full) = failing_store(|call| matches!(call, Call::Replace | Call::Save));
        Self(store, full)
    }
}

impl Disk {
    pub(crate) fn fill(&self, full: bool) {
        self.1.store(full, Ordering::Relaxed);
    }

    pub(crate) fn store(&self) -> WrappedStore {
        self.0.clone()
    }
}

/// Another process of the same application, with the same store.
pub(crate) fn replica(
    bed: &TestBed,
    store: impl TokenStore + 'static,
    http: impl HttpClient + 'static,
) -> OAuth {
    let client = ClientConfig::new("op")
        .client_id("app")
        .client_secret(SECRET)
        .issuer(ISSUER)
        .scope("openid profile email");
    OAuth::builder()
        .register(client)
        .http_client(http)
        .clock(bed.clock.clone())
        .token_store(store)
        .build()
        .unwrap()
}
