//! Token stores of tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authlib_core::store::{MemoryTokenStore, Saved, TokenOwner, TokenStore};
use authlib_core::transport::{BoxFuture, HttpClient};
use authlib_core::{ClientConfig, Error, ErrorKind, OAuth, Result, Token};

use super::{ISSUER, SECRET, TestBed};

/// One store for several registries, like the database of several replicas.
pub(crate) type Shared = Arc<MemoryTokenStore>;

/// A store that can always be read, but not written while the disk is full.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    rows: Shared,
    full: Arc<AtomicBool>,
}

impl Disk {
    pub(crate) fn fill(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    fn check(&self) -> Result<()> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Store, "the disk is full"));
        }
        Ok(())
    }
}

impl TokenStore for Disk {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        self.rows.load(owner)
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check()?;
            self.rows.save(owner, token).await
        })
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        Box::pin(async move {
            self.check()?;
            self.rows.replace(owner, old, new).await
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.rows.delete(owner)
    }
}

/// Another process of the same application, with the same store.
pub(crate) fn replica(
    world: &TestBed,
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
        .shared_clock(world.clock.clone())
        .token_store(store)
        .build()
        .unwrap()
}
