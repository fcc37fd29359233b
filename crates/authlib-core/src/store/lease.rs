//! [`Lease`]: the exclusive right to refresh one owner's token; [`LocalLeases`]: the leases of one process.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::TokenOwner;
use crate::clock::{Clock, SystemClock};
use crate::ttl_map::TtlMap;

/// The exclusive right to refresh or revoke one owner's token, until it is released or expires.
///
/// Its fencing number is greater than that of every earlier lease of the owner.
/// [`replace`](super::TokenStore::replace) compares it, so that a holder whose lease expired cannot
/// overwrite the token of its successor.
pub struct Lease {
    owner: TokenOwner,
    fencing_number: u64,
    /// Released when it is dropped.
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Lease {
    /// The lease that a store granted.
    #[must_use]
    pub fn new(owner: TokenOwner, fencing_number: u64) -> Self {
        Self { owner, fencing_number, guard: None }
    }

    /// Ties a guard to the lease, such as a locked file, which is dropped with it.
    #[must_use]
    pub fn with_guard(mut self, guard: impl Send + Sync + 'static) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    /// The owner of the token.
    #[must_use]
    pub fn owner(&self) -> &TokenOwner {
        &self.owner
    }

    /// The fencing number.
    #[must_use]
    pub fn fencing_number(&self) -> u64 {
        self.fencing_number
    }
}

debug_fields!(Lease { owner, fencing_number });

/// The leases of a store whose rows only one process changes. Dropping such a lease releases it.
///
/// ```
/// use std::time::Duration;
/// use authlib_core::store::{LocalLeases, TokenOwner};
///
/// let (leases, owner) = (LocalLeases::new(), TokenOwner::new("github", "42"));
/// let lease = leases.acquire(&owner, Duration::from_secs(60)).expect("it is free");
/// assert!(leases.acquire(&owner, Duration::from_secs(60)).is_none());
/// assert!(leases.is_held(&lease));
/// drop(lease);
/// assert!(leases.acquire(&owner, Duration::from_secs(60)).is_some());
/// ```
pub struct LocalLeases {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    last: u64,
    held: TtlMap<TokenOwner, u64>,
}

/// The most leases at a time; when there are more, the one that expires next is lost.
const CAPACITY: usize = 100_000;

impl LocalLeases {
    /// No leases, on the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::on_clock(Arc::new(SystemClock))
    }

    /// No leases, on another clock.
    #[must_use]
    pub fn on_clock(clock: Arc<dyn Clock>) -> Self {
        let state = State { last: 0, held: TtlMap::new(CAPACITY) };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// The lease of the owner's token, or `None` while another is held.
    #[must_use]
    pub fn acquire(&self, owner: &TokenOwner, ttl: Duration) -> Option<Lease> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        if state.held.get(owner, now).is_some() {
            return None;
        }
        state.last += 1;
        let number = state.last;
        state.held.insert(owner.clone(), number, ttl, now);
        drop(state);
        let guard = Guard { state: self.state.clone(), owner: owner.clone(), number };
        Some(Lease::new(owner.clone(), number).with_guard(guard))
    }

    /// Whether the lease has neither expired nor been followed by another.
    #[must_use]
    pub fn is_held(&self, lease: &Lease) -> bool {
        let held = lock(&self.state).held.get(lease.owner(), self.clock.now()).copied();
        held == Some(lease.fencing_number())
    }
}

impl Default for LocalLeases {
    fn default() -> Self {
        Self::new()
    }
}

debug_fields!(LocalLeases {});

/// Releases a lease when it is dropped.
struct Guard {
    state: Arc<Mutex<State>>,
    owner: TokenOwner,
    number: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if state.held.get(&self.owner, std::time::UNIX_EPOCH) == Some(&self.number) {
            state.held.remove(&self.owner);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::numeric_date::from_unix_seconds;

    const TTL: Duration = Duration::from_secs(60);

    #[test]
    fn late_holder_cannot_release_next_lease() {
        let clock = Arc::new(FixedClock::new(from_unix_seconds(1)));
        let leases = LocalLeases::on_clock(clock.clone());
        let owner = TokenOwner::new("c", "u");
        let first = leases.acquire(&owner, TTL).unwrap();
        clock.advance(TTL / 2);
        assert!(leases.acquire(&owner, TTL).is_none());
        assert!(leases.acquire(&TokenOwner::new("c", "U"), TTL).is_some());
        clock.advance(TTL / 2);
        assert!(!leases.is_held(&first));
        let second = leases.acquire(&owner, TTL).unwrap();
        assert!(second.fencing_number() > first.fencing_number());
        drop(first);
        assert!(leases.is_held(&second));
        assert!(leases.acquire(&owner, TTL).is_none());
        drop(second);
        assert!(leases.acquire(&owner, TTL).is_some());
    }
}
