//! Both stores in the process's memory: for one process, and gone with it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{PendingLoginStore, Saved, TokenOwner, TokenStore};
use crate::clock::{Clock, SystemClock};
use crate::error::Result;
use crate::oauth2::Token;
use crate::transport::BoxFuture;
use crate::ttl_map::TtlMap;

/// Tokens in memory: the newest 100 000 owners' unless told otherwise. A session that ends without a
/// logout leaves its token behind, so there must be a bound.
pub struct MemoryTokenStore {
    capacity: usize,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    tokens: HashMap<TokenOwner, Token>,
    /// Owners by the time of their login, oldest first; may name owners that are gone.
    order: VecDeque<TokenOwner>,
}

impl MemoryTokenStore {
    /// How many owners' tokens are kept by default.
    pub const CAPACITY: usize = 100_000;

    /// A store for [`CAPACITY`](Self::CAPACITY) owners.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::CAPACITY)
    }

    /// A store for `capacity` owners; one more, and the oldest login's token is dropped.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, rows: Mutex::default() }
    }

    /// A store that holds one owner's token.
    #[must_use]
    pub fn holding(owner: TokenOwner, token: Token) -> Self {
        let store = Self::new();
        {
            let mut rows = store.rows();
            rows.order.push_back(owner.clone());
            rows.tokens.insert(owner, token);
        }
        store
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTokenStore").field("tokens", &self.rows().tokens.len()).finish()
    }
}

impl TokenStore for MemoryTokenStore {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(ready(Ok(self.rows().tokens.get(owner).cloned())))
    }

    fn save<'a>(&'a self, owner: &'a TokenOwner, token: &'a Token) -> BoxFuture<'a, Result<()>> {
        let mut rows = self.rows();
        if rows.tokens.insert(owner.clone(), token.clone()).is_none() {
            rows.order.push_back(owner.clone());
        }
        while rows.tokens.len() > self.capacity {
            let Some(oldest) = rows.order.pop_front() else {
                break;
            };
            rows.tokens.remove(&oldest);
        }
        // Owners that logged out leave their place in the order behind; sweep before it outgrows.
        if rows.order.len() > rows.tokens.len().saturating_mul(2).saturating_add(64) {
            let Rows { tokens, order } = &mut *rows;
            order.retain(|owner| tokens.contains_key(owner));
        }
        Box::pin(ready(Ok(())))
    }

    fn replace<'a>(
        &'a self,
        owner: &'a TokenOwner,
        old: &'a Token,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<Saved>> {
        let mut rows = self.rows();
        let saved = match rows.tokens.get_mut(owner) {
            Some(kept) if kept.access_token == old.access_token => {
                *kept = new.clone();
                Saved::Done
            }
            Some(kept) => Saved::Conflict(Some(Box::new(kept.clone()))),
            None => Saved::Conflict(None),
        };
        Box::pin(ready(Ok(saved)))
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.rows().tokens.remove(owner);
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

impl fmt::Debug for MemoryPendingLoginStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPendingLoginStore").finish_non_exhaustive()
    }
}

impl PendingLoginStore for MemoryPendingLoginStore {
    fn put<'a>(&'a self, key: &'a str, record: String, ttl: Duration) -> BoxFuture<'a, Result<()>> {
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
    use crate::clock::FixedClock;
    use crate::numeric_date::from_unix_seconds;

    fn done<T>(future: BoxFuture<'_, Result<T>>) -> T {
        future.now_or_never().unwrap().unwrap()
    }

    #[test]
    fn a_replace_wins_only_over_the_token_that_it_refreshed() {
        let store = MemoryTokenStore::new();
        let owner = TokenOwner::new("c", "u");
        let (first, second, third) = (Token::bearer("1"), Token::bearer("2"), Token::bearer("3"));
        done(store.save(&owner, &first));
        assert!(matches!(done(store.replace(&owner, &first, &second)), Saved::Done));
        let lost = done(store.replace(&owner, &first, &third));
        let Saved::Conflict(Some(kept)) = lost else { panic!("{lost:?}") };
        assert_eq!(kept.access_token.expose(), "2");
        done(store.delete(&owner));
        assert!(matches!(done(store.replace(&owner, &second, &third)), Saved::Conflict(None)));
    }

    #[test]
    fn owners_are_kept_apart_byte_by_byte_and_the_oldest_goes_first() {
        let store = MemoryTokenStore::with_capacity(2);
        for user in ["abc", "ABC", "x"] {
            done(store.save(&TokenOwner::new("c", user), &Token::bearer(user)));
        }
        assert!(done(store.load(&TokenOwner::new("c", "abc"))).is_none());
        let kept = done(store.load(&TokenOwner::new("c", "ABC"))).unwrap();
        assert_eq!(kept.access_token.expose(), "ABC");
        assert!(done(store.load(&TokenOwner::new("d", "ABC"))).is_none());
    }

    #[test]
    fn a_pending_login_is_handed_out_once_and_not_after_its_time() {
        let clock = Arc::new(FixedClock::new(from_unix_seconds(0)));
        let store = MemoryPendingLoginStore::on_clock(clock.clone());
        done(store.put("a", "r".into(), Duration::from_secs(600)));
        done(store.put("b", "r".into(), Duration::from_secs(600)));
        assert_eq!(done(store.take("a")).as_deref(), Some("r"));
        assert_eq!(done(store.take("a")), None);
        clock.advance(Duration::from_secs(600));
        assert_eq!(done(store.take("b")), None);
    }
}
