//! [`Spent`]: the states that were taken in this process, so that two callbacks at the same moment,
//! each with its own copy of the session, can't both spend one login.
//!
//! Across processes the same is promised by a [`PendingLoginStore`](crate::store::PendingLoginStore), whose `take`
//! hands a record out once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::app::PENDING_TTL;

/// How many states are remembered before expired ones are swept.
const SWEEP_AT: usize = 1024;

/// States are kept as hashes under a key of this process: a busy login server remembers many, and a clash of
/// two, one in 10¹⁹, costs no more than a second try.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    hasher: RandomState,
    taken: Mutex<HashMap<u64, SystemTime>>,
}

impl Spent {
    /// Whether this is the first time that `state` is taken. States of logins that expired are
    /// forgotten: those are refused for their age.
    pub(crate) fn first(&self, state: &str, now: SystemTime) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= SWEEP_AT && taken.len().is_power_of_two() {
            taken.retain(|_, at| now.duration_since(*at).unwrap_or_default() <= PENDING_TTL * 2);
        }
        taken.insert(self.hasher.hash_one(state), now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_taken_once() {
        let spent = Spent::default();
        let now = SystemTime::UNIX_EPOCH;
        assert!(spent.first("a", now));
        assert!(!spent.first("a", now));
        assert!(spent.first("b", now));
    }
}
