//! [`WrappedStore`]: a token store that fails, or is changed by another process, at a chosen call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use authlib_core::store::{
    FoundRow, Lease, LoginQuery, MemoryTokenStore, ReplaceOutcome, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result, Token};

use crate::test_bed::stores::Shared;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Call {
    Acquire,
    Delete,
    Load,
    Release,
    Replace,
    Save,
}

type Intercept = Arc<dyn Fn(Call) -> Result<()> + Send + Sync>;

/// An in-memory store that calls a function before each change and after each read.
#[derive(Clone)]
pub(crate) struct WrappedStore {
    rows: Shared,
    intercept: Intercept,
    /// Leases always succeed, as if each process had its own.
    has_no_leases: bool,
}

impl WrappedStore {
    pub(crate) fn new(
        rows: &Shared,
        intercept: impl Fn(Call) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { rows: rows.clone(), intercept: Arc::new(intercept), has_no_leases: false }
    }

    /// A store whose leases never block a refresh.
    pub(crate) fn without_leases(rows: &Shared) -> Self {
        Self { has_no_leases: true, ..Self::new(rows, |_| Ok(())) }
    }

    fn check(&self, call: Call) -> Result<()> {
        (self.intercept)(call)
    }
}

impl TokenStore for WrappedStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(async move {
            let found = self.rows.load(owner).await;
            self.check(Call::Load)?;
            found
        })
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check(Call::Save)?;
            self.rows.save(row).await
        })
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        Box::pin(async move {
            self.check(Call::Replace)?;
            if !self.has_no_leases {
                return self.rows.replace(lease, old, new).await;
            }
            let lease = self.rows.acquire(lease.owner(), Duration::from_secs(60)).await?.unwrap();
            self.rows.replace(&lease, old, new).await
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check(Call::Delete)?;
            self.rows.delete(owner).await
        })
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        self.rows.find_rows(query)
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        self.rows.end_logins(query, at, lifetime)
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        self.rows.logins_ended_at(queries)
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        Box::pin(async move {
            self.check(Call::Acquire)?;
            if self.has_no_leases {
                return Ok(Some(Lease::new(owner.clone(), 0)));
            }
            self.rows.acquire(owner, ttl).await
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(Call::Release)?;
            self.rows.release(lease).await
        })
    }
}

/// A store that fails at the calls that `fails_at` selects while the switch is on.
pub(crate) fn failing_store(
    fails_at: impl Fn(Call) -> bool + Send + Sync + 'static,
) -> (WrappedStore, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    let is_on = switch.clone();
    let store = WrappedStore::new(&Arc::new(MemoryTokenStore::new()), move |call| {
        if is_on.load(Ordering::Relaxed) && fails_at(call) {
            return Err(Error::new(ErrorKind::Store, "the token store failed"));
        }
        Ok(())
    });
    (store, switch)
}

/// Stores a token as an application or another process would.
pub(crate) async fn save(store: &impl TokenStore, owner: &TokenOwner, token: Token) {
    store.save(&TokenRow::new(owner.clone(), token)).await.unwrap();
}
