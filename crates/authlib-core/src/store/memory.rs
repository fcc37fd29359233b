//! [`MemoryTokenStore`] and [`MemoryPendingLoginStore`]: for one process, and lost when it ends.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::indexed_rows::IndexedRows;
use super::{
    FoundRow, Lease, LocalEndedLogins, LocalLeases, LoginQuery, PendingLoginStore, ReplaceOutcome,
    TokenOwner, TokenRow, TokenStore,
};
use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::oauth2::Token;
use crate::transport::BoxFuture;
use crate::ttl_map::TtlMap;

/// Tokens in memory: at most 100,000 rows by default. When it is full, the row that expires next is
/// dropped, and of rows without a lifetime the oldest.
pub struct MemoryTokenStore {
    clock: Arc<dyn Clock>,
    leases: LocalLeases,
    ended: LocalEndedLogins,
    rows: Mutex<IndexedRows>,
}

impl MemoryTokenStore {
    /// The default capacity.
    pub const CAPACITY: usize = 100_000;

    /// A store for [`CAPACITY`](Self::CAPACITY) rows, on the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::on_clock(Arc::new(SystemClock), Self::CAPACITY)
    }

    /// A store for `capacity` rows on another clock.
    #[must_use]
    pub fn on_clock(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        let leases = LocalLeases::on_clock(clock.clone());
        let ended = LocalEndedLogins::on_clock(clock.clone());
        Self { clock, leases, ended, rows: Mutex::new(IndexedRows::new(capacity)) }
    }

    /// A store that holds one owner's token.
    #[must_use]
    pub fn holding(owner: TokenOwner, token: Token) -> Self {
        let store = Self::new();
        store.put(TokenRow::new(owner, token));
        store
    }

    fn put(&self, row: TokenRow) {
        self.rows().put(row, self.clock.now());
    }

    fn rows(&self) -> MutexGuard<'_, IndexedRows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

debug_fields!(MemoryTokenStore { rows });

impl TokenStore for MemoryTokenStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        let token = self.rows().get(owner, self.clock.now()).map(|row| row.token.clone());
        Box::pin(ready(Ok(token)))
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        self.put(row.clone());
        Box::pin(ready(Ok(())))
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        let (owner, now) = (lease.owner(), self.clock.now());
        let mut rows = self.rows();
        let row = rows.get(owner, now);
        let stored = row.map(|row| &row.token);
        let is_same = stored.map(|t| &t.access_token) == old.map(|t| &t.access_token);
        if !is_same || !self.leases.is_held(lease) {
            let outcome = ReplaceOutcome::Conflict(stored.cloned().map(Box::new));
            return Box::pin(ready(Ok(outcome)));
        }
        let mut row = row.cloned().unwrap_or_else(|| TokenRow::new(owner.clone(), new.clone()));
        row.token = new.clone();
        rows.put(row, now);
        Box::pin(ready(Ok(ReplaceOutcome::Replaced)))
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.rows().remove(owner);
        Box::pin(ready(Ok(())))
    }

    fn find_rows<'a>(&'a self, query: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        let found = self.rows().find(query, self.clock.now());
        Box::pin(ready(Ok(found)))
    }

    fn end_logins<'a>(
        &'a self,
        query: &'a LoginQuery,
        at: SystemTime,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        self.ended.insert(query, at, lifetime);
        Box::pin(ready(Ok(())))
    }

    fn logins_ended_at<'a>(
        &'a self,
        queries: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(ready(Ok(self.ended.latest(queries))))
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        Box::pin(ready(Ok(self.leases.acquire(owner, ttl))))
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        drop(lease);
        Box::pin(ready(Ok(())))
    }
}

/// Pending logins in memory, at most 100,000; when it is full, the one that expires next is dropped.
pub struct MemoryPendingLoginStore {
    clock: Arc<dyn Clock>,
    records: Mutex<TtlMap<String, String>>,
}

impl MemoryPendingLoginStore {
    /// The maximum number of records.
    pub const CAPACITY: usize = 100_000;

    /// An empty store on the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::on_clock(Arc::new(SystemClock))
    }

    /// An empty store on another clock.
    #[must_use]
    pub fn on_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, records: Mutex::new(TtlMap::new(Self::CAPACITY)) }
    }

    fn records(&self) -> MutexGuard<'_, TtlMap<String, String>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryPendingLoginStore {
    fn default() -> Self {
        Self::new()
    }
}

debug_fields!(MemoryPendingLoginStore {});

impl PendingLoginStore for MemoryPendingLoginStore {
    fn insert<'a>(
        &'a self,
        key: &'a str,
        record: String,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        self.records().insert(key.to_owned(), record, ttl, self.clock.now());
        Box::pin(ready(Ok(())))
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let record = self.records().take(key, self.clock.now());
        Box::pin(ready(Ok(record)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn done<T>(future: BoxFuture<'_, Result<T>>) -> T {
        future.now_or_never().unwrap().unwrap()
    }

    #[test]
    fn owners_compare_bytewise_and_oldest_is_evicted() {
        let store = MemoryTokenStore::on_clock(Arc::new(SystemClock), 2);
        for user in ["abc", "ABC", "x"] {
            done(store.save(&TokenRow::new(TokenOwner::new("c", user), Token::bearer(user))));
        }
        assert!(done(store.load(&TokenOwner::new("c", "abc"))).is_none());
        let kept = done(store.load(&TokenOwner::new("c", "ABC"))).unwrap();
        assert_eq!(kept.access_token.expose(), "ABC");
        assert!(done(store.load(&TokenOwner::new("d", "ABC"))).is_none());
    }
}
