//! [`LocalEndedLogins`]: the logins that ended, as one process knows them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::LoginQuery;
use crate::clock::{Clock, SystemClock};
use crate::ttl_map::TtlMap;

/// The ended logins of a store that only one process uses: at most 100,000; when there are more, the one that
/// expires next is forgotten.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use authlib_core::store::{LocalEndedLogins, LoginQuery};
///
/// let (ended, now) = (LocalEndedLogins::new(), SystemTime::now());
/// let alice = LoginQuery::ClientSubject { client: "github".to_owned(), sub: "1".to_owned() };
/// ended.insert(&alice, now, Duration::from_secs(60));
/// assert_eq!(ended.latest(&[alice]), Some(now));
/// ```
pub struct LocalEndedLogins {
    clock: Arc<dyn Clock>,
    ended: Mutex<TtlMap<LoginQuery, SystemTime>>,
}

const CAPACITY: usize = 100_000;

impl LocalEndedLogins {
    /// No ended logins, on the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::on_clock(Arc::new(SystemClock))
    }

    /// No ended logins, on another clock.
    #[must_use]
    pub fn on_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ended: Mutex::new(TtlMap::new(CAPACITY)) }
    }

    /// As [`TokenStore::end_logins`](super::TokenStore::end_logins).
    pub fn insert(&self, query: &LoginQuery, at: SystemTime, lifetime: Duration) {
        let now = self.clock.now();
        let mut ended = self.lock();
        let at = ended.get(query, now).map_or(at, |before| at.max(*before));
        ended.insert(query.clone(), at, lifetime, now);
    }

    /// As [`TokenStore::logins_ended_at`](super::TokenStore::logins_ended_at).
    #[must_use]
    pub fn latest(&self, queries: &[LoginQuery]) -> Option<SystemTime> {
        let (ended, now) = (self.lock(), self.clock.now());
        queries.iter().filter_map(|query| ended.get(query, now)).max().copied()
    }

    fn lock(&self) -> MutexGuard<'_, TtlMap<LoginQuery, SystemTime>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LocalEndedLogins {
    fn default() -> Self {
        Self::new()
    }
}

debug_fields!(LocalEndedLogins {});
