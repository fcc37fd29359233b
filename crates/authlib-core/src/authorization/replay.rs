//! [`UsedStates`]: the replay guard for `state` within this process (RFC 6749 §10.12).
//!
//! Two concurrent callbacks load the same snapshot of the session, and both find the pending login; the
//! first to insert its `state` here wins. Across processes,
//! [`PendingLoginStore::take`](crate::store::PendingLoginStore::take) gives the same guarantee.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::pending::PENDING_TTL;
use crate::ttl_map::TtlMap;

/// How many used values are remembered. At twenty minutes each, it takes 200 callbacks a second to fill
/// the map; then the oldest are forgotten.
const CAPACITY: usize = 250_000;

/// Keyed hashes of the used values: a collision of two, one in 10¹⁹, costs the user a second login.
pub(crate) struct UsedStates {
    hasher: RandomState,
    used: Mutex<TtlMap<u64, ()>>,
}

impl UsedStates {
    /// Whether `state` is used for the first time. Values of expired logins are forgotten: those logins are
    /// rejected for their age.
    pub(crate) fn mark_used(&self, state: &str, now: SystemTime) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(self.hasher.hash_one(state), (), PENDING_TTL * 2, now).is_none()
    }

    /// Whether `state` was used.
    pub(crate) fn is_used(&self, state: &str, now: SystemTime) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(&self.hasher.hash_one(state), now).is_some()
    }
}

impl Default for UsedStates {
    fn default() -> Self {
        Self { hasher: RandomState::new(), used: Mutex::new(TtlMap::new(CAPACITY)) }
    }
}

debug_fields!(UsedStates {});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_used_once() {
        let used = UsedStates::default();
        let now = SystemTime::UNIX_EPOCH;
        assert!(used.mark_used("a", now));
        assert!(!used.mark_used("a", now));
        assert!(used.mark_used("b", now));
        assert!(!used.mark_used("b", now + PENDING_TTL * 2 - std::time::Duration::from_secs(1)));
        assert!(used.mark_used("a", now + PENDING_TTL * 2));
    }
}
