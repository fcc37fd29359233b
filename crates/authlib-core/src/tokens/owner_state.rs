//! [`OwnerStates`]: what one process remembers of each owner's token beside the store.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::Shared;

use crate::backoff::Backoff;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::store::{Lease, TokenOwner};
use crate::transport::BoxFuture;
use crate::ttl_map::TtlMap;

/// The longest pause that a provider may ask for (`Retry-After`).
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The most owners that are remembered. Some never come back, so their number needs a bound.
const MAX_OWNERS: usize = 10_000;

/// How long past failures and short lifetimes are remembered.
const HISTORY: Duration = Duration::from_secs(24 * 3600);

/// A refresh, which belongs to no request: if the one that started it is dropped, the next continues it, so
/// that a rotated refresh token is not lost.
pub(super) type Refresh = Shared<BoxFuture<'static, Result<Token>>>;

/// The states by owner. If there are too many, past failures are forgotten before unsaved tokens, and the
/// oldest first; a refresh that a request awaits is never forgotten.
pub(super) struct OwnerStates(Mutex<TtlMap<TokenOwner, OwnerState>>);

#[derive(Default)]
pub(super) struct OwnerState {
    pub(super) in_flight: Option<Refresh>,
    /// Whether the refresh in flight is a task of its own.
    pub(super) is_spawned: bool,
    /// The error of the last refresh, which is returned until the next one may begin.
    failure: Option<Error>,
    refresh_backoff: Backoff,
    /// Pauses between refreshes whose tokens the API rejected as well.
    rejection_backoff: Backoff,
    pub(super) unsaved: Option<Unsaved>,
    /// A lease that the store could not release.
    pub(super) unreleased: Option<Lease>,
    revocations: usize,
    /// The lifetime of tokens that live no longer than the client's leeway.
    pub(super) short_lifetime: Option<Duration>,
    /// When the token was last refreshed to learn if the provider still knows the user.
    pub(super) validated_at: Option<SystemTime>,
}

/// A token that the provider issued and the store could not store, and the one before.
#[derive(Clone)]
pub(super) struct Unsaved {
    pub(super) old: Option<Token>,
    pub(super) new: Token,
}

/// Remembers a changed state. It is outside of [`OwnerStates::update`] so that each closure is not compiled with it.
fn put_back(
    mut states: MutexGuard<'_, TtlMap<TokenOwner, OwnerState>>,
    owner: &TokenOwner,
    state: OwnerState,
    now: SystemTime,
) {
    let mut evicted = Vec::new();
    if let Some(lifetime) = state.lifetime() {
        evicted = states.make_room(now, |state| !state.is_pinned());
        states.put(owner.clone(), state, lifetime, now);
    }
    drop(states);
    // A refresh that is dropped may release a lease: not under our lock.
    drop(evicted);
}

impl OwnerStates {
    pub(super) fn new() -> Self {
        Self(Mutex::new(TtlMap::new(MAX_OWNERS)))
    }

    /// Reads the owner's state; the default if there is none.
    pub(super) fn read<T: Default>(
        &self,
        owner: &TokenOwner,
        now: SystemTime,
        read: impl FnOnce(&OwnerState) -> T,
    ) -> T {
        self.lock().get(owner, now).map(read).unwrap_or_default()
    }

    /// Changes the owner's state, and forgets it if nothing is left to remember.
    pub(super) fn update<T>(
        &self,
        owner: &TokenOwner,
        now: SystemTime,
        update: impl FnOnce(&mut OwnerState) -> T,
    ) -> T {
        let mut states = self.lock();
        let mut state = states.take(owner, now).unwrap_or_default();
        let updated = update(&mut state);
        put_back(states, owner, state, now);
        updated
    }

    /// Lets no refresh of the owner's token begin until the guard is dropped: the revocation would not know
    /// its token.
    pub(super) fn block_refreshes(&self, owner: &TokenOwner, now: SystemTime) -> impl Drop {
        self.update(owner, now, |state| state.revocations += 1);
        RevocationGuard { states: self, owner: owner.clone(), now }
    }

    /// The refreshes in flight.
    pub(super) fn in_flight(&self, now: SystemTime) -> Vec<(TokenOwner, Refresh)> {
        let states = self.lock();
        let refreshes = states.iter(now).filter_map(|(owner, state)| {
            let refresh = state.in_flight.as_ref()?;
            refresh.peek().is_none().then(|| (owner.clone(), refresh.clone()))
        });
        refreshes.collect()
    }

    fn lock(&self) -> MutexGuard<'_, TtlMap<TokenOwner, OwnerState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct RevocationGuard<'a> {
    states: &'a OwnerStates,
    owner: TokenOwner,
    now: SystemTime,
}

impl Drop for RevocationGuard<'_> {
    fn drop(&mut self) {
        self.states.update(&self.owner, self.now, |state| {
            state.revocations = state.revocations.saturating_sub(1);
        });
    }
}

impl OwnerState {
    /// Joins the refresh in progress, or begins one. One that has finished is not joined: its token may
    /// have expired since.
    ///
    /// # Errors
    ///
    /// That of the last refresh, until the next one may begin; [`ErrorKind::Unauthenticated`] while the
    /// token is being revoked.
    pub(super) fn join_refresh(
        &mut self,
        now: SystemTime,
        begin: impl FnOnce() -> Refresh,
    ) -> Result<Refresh> {
        if let Some(refresh) = self.in_flight.as_ref().filter(|refresh| refresh.peek().is_none()) {
            return Ok(refresh.clone());
        }
        if self.revocations > 0 {
            return Err(Error::new(ErrorKind::Unauthenticated, "the token is being revoked"));
        }
        if let Some(error) = self.failure.as_ref().filter(|_| self.refresh_backoff.is_pausing(now))
        {
            return Err(error.clone());
        }
        self.is_spawned = false;
        Ok(self.in_flight.insert(begin()).clone())
    }

    /// Forgets a refresh that has finished, unless another has begun since.
    pub(super) fn finish_refresh(&mut self, refresh: &Refresh) {
        if self.in_flight.as_ref().is_some_and(|current| current.ptr_eq(refresh)) {
            self.in_flight = None;
            self.is_spawned = false;
        }
    }

    /// Records a failed refresh: the next one has to wait.
    pub(super) fn record_failure(&mut self, error: &Error, now: SystemTime) {
        let retry_after = error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER);
        self.refresh_backoff.record_failure(retry_after, now);
        self.failure = Some(error.clone());
    }

    /// Records a refresh whose token has this lifetime.
    pub(super) fn record_success(&mut self, lifetime: Option<Duration>, leeway: Duration) {
        self.refresh_backoff.record_success();
        self.failure = None;
        self.short_lifetime = lifetime.filter(|lifetime| *lifetime <= leeway);
    }

    /// Records whether the API rejected a refreshed token as well.
    pub(super) fn record_retry(&mut self, is_rejected: bool, now: SystemTime) {
        if is_rejected {
            self.rejection_backoff.record_failure(Duration::ZERO, now);
        } else {
            self.rejection_backoff.record_success();
        }
    }

    /// Whether the API rejected a refreshed token a moment ago.
    pub(super) fn is_refused_after_refresh(&self, now: SystemTime) -> bool {
        self.rejection_backoff.is_pausing(now)
    }

    /// Whether the state must not be evicted.
    fn is_pinned(&self) -> bool {
        let is_awaited = |refresh: &Refresh| refresh.strong_count().is_some_and(|count| count > 1);
        self.revocations > 0 || self.in_flight.as_ref().is_some_and(is_awaited)
    }

    /// How long the state is remembered; `None` if there is nothing to remember.
    fn lifetime(&self) -> Option<Duration> {
        if self.in_flight.is_some() || self.unsaved.is_some() || self.revocations > 0 {
            return Some(Duration::MAX);
        }
        let is_idle = self.failure.is_none()
            && self.unreleased.is_none()
            && self.short_lifetime.is_none()
            && self.validated_at.is_none()
            && self.rejection_backoff.is_idle();
        (!is_idle).then_some(HISTORY)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::numeric_date::from_unix_seconds;

    fn owner(number: usize) -> TokenOwner {
        TokenOwner::new("c", number.to_string())
    }

    fn at(number: usize) -> SystemTime {
        from_unix_seconds(u64::try_from(number).unwrap())
    }

    fn never() -> Refresh {
        let never: BoxFuture<'static, _> = Box::pin(std::future::pending());
        never.shared()
    }

    fn done() -> Refresh {
        let done: BoxFuture<'static, _> = Box::pin(std::future::ready(Ok(Token::bearer("t"))));
        done.shared()
    }

    fn unsaved() -> Unsaved {
        Unsaved { old: None, new: Token::bearer("t") }
    }

    fn owners(states: &OwnerStates, has: impl Fn(&OwnerState) -> bool) -> usize {
        states.lock().iter(at(MAX_OWNERS)).filter(|(_, state)| has(state)).count()
    }

    /// Owners that never come back don't fill the memory, and refreshes that are awaited stay.
    #[test]
    fn states_are_bounded_and_the_oldest_is_evicted() {
        let states = OwnerStates::new();
        let error = Error::new(ErrorKind::Transport, "unreachable");
        let awaited = states.update(&owner(0), at(0), |state| state.join_refresh(at(0), never));
        let awaited = awaited.unwrap();
        for number in 0..=MAX_OWNERS {
            let now = at(number);
            states.update(&owner(number), now, |state| {
                drop(state.join_refresh(now, never).unwrap());
                state.record_failure(&error, now);
                state.unsaved = Some(unsaved());
                state.record_retry(true, now);
            });
        }
        assert_eq!(owners(&states, |_| true), MAX_OWNERS);
        assert_eq!(owners(&states, |state| state.unsaved.is_some()), MAX_OWNERS);
        assert!(!states.read(&owner(1), at(1), |state| state.in_flight.is_some()));
        assert!(
            states
                .read(&owner(0), at(1), |state| state.in_flight.clone())
                .unwrap()
                .ptr_eq(&awaited)
        );
    }

    /// An unsaved token is the only copy of its refresh token; a short lifetime is a hint.
    #[test]
    fn unsaved_tokens_are_evicted_last() {
        let states = OwnerStates::new();
        states.update(&owner(0), at(0), |state| state.unsaved = Some(unsaved()));
        let second = Duration::from_secs(1);
        for number in 1..=MAX_OWNERS {
            states.update(&owner(number), at(number), |state| {
                state.record_success(Some(second), second);
            });
        }
        assert_eq!(owners(&states, |state| state.short_lifetime.is_some()), MAX_OWNERS - 1);
        assert!(states.read(&owner(0), at(MAX_OWNERS), |state| state.unsaved.clone()).is_some());
        assert!(states.read(&owner(1), at(MAX_OWNERS), |state| state.short_lifetime).is_none());
    }

    /// A request that awaited a finished refresh must not end the next one, which would then begin twice.
    #[test]
    fn finished_refresh_does_not_end_a_later_one() {
        let (states, now) = (OwnerStates::new(), at(0));
        let update = |change: &dyn Fn(&mut OwnerState)| states.update(&owner(0), now, change);
        let join = |begin: fn() -> Refresh| {
            states.update(&owner(0), now, |state| state.join_refresh(now, begin)).unwrap()
        };
        let first = join(done);
        first.clone().now_or_never().unwrap().unwrap();
        let second = join(never);
        update(&|state| state.finish_refresh(&first));
        let current = || states.read(&owner(0), now, |state| state.in_flight.clone());
        assert!(current().unwrap().ptr_eq(&second));
        update(&|state| state.finish_refresh(&second));
        assert!(current().is_none());
        assert_eq!(owners(&states, |_| true), 0, "nothing is left to remember");
    }

    #[test]
    fn no_refresh_begins_while_a_revocation_is_in_progress() {
        let (states, owner, now) = (OwnerStates::new(), owner(0), at(0));
        let join = || states.update(&owner, now, |state| state.join_refresh(now, never).err());
        let [first, second] = [(), ()].map(|()| states.block_refreshes(&owner, now));
        drop(first);
        assert_eq!(join().unwrap().kind(), ErrorKind::Unauthenticated);
        drop(second);
        assert_eq!(owners(&states, |_| true), 0);
        assert!(join().is_none());
    }

    #[test]
    fn extreme_clock_does_not_panic() {
        let mut end = SystemTime::UNIX_EPOCH;
        for exponent in (0..63).rev() {
            end = end.checked_add(Duration::from_secs(1 << exponent)).unwrap_or(end);
        }
        let states = OwnerStates::new();
        for _ in 0..3 {
            states.update(&owner(0), end, |state| {
                state.record_failure(&Error::new(ErrorKind::Transport, "unreachable"), end);
                drop(state.join_refresh(end, never));
            });
        }
    }
}
