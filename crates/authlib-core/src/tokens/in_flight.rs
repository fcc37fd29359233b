//! [`Refreshes`]: the renewals under way, what became of those that failed, and the tokens that could
//! not be kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::Shared;

use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::Token;
use crate::store::TokenOwner;
use crate::transport::BoxFuture;

/// How long nobody tries again after a first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, unless the provider asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause that a provider may ask for (`Retry-After`).
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The most owners of whom something is remembered. One more, and the oldest is forgotten: some never
/// come back, and their number must not grow for as long as the process lives.
const MAX_OWNERS: usize = 10_000;

pub(crate) type Refresh = Shared<BoxFuture<'static, Result<Token>>>;

/// The renewals under way, and what became of those that failed, by owner.
///
/// A renewal is a shared future and belongs to nobody: when the request that started one is dropped,
/// the next to ask for the owner's token goes on where it stood, so that the answer with the rotated
/// refresh token is not lost.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<State>);

#[derive(Default)]
struct State {
    under_way: HashMap<TokenOwner, UnderWay>,
    failed: HashMap<TokenOwner, Failure>,
    unsaved: HashMap<TokenOwner, Unsaved>,
    /// Owners whose tokens are being revoked, and by how many.
    revoking: HashMap<TokenOwner, usize>,
    /// Owners whose renewed tokens the API refused as well.
    futile: HashMap<TokenOwner, Pause>,
    /// How long the tokens of owners live that are renewed too early by the client's leeway.
    short: HashMap<TokenOwner, Duration>,
}

/// A revocation under way.
pub(crate) struct Revoking<'a> {
    refreshes: &'a Refreshes,
    owner: TokenOwner,
}

impl Drop for Revoking<'_> {
    fn drop(&mut self) {
        let mut state = self.refreshes.lock();
        if let Some(count) = state.revoking.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                state.revoking.remove(&self.owner);
            }
        }
    }
}

struct UnderWay {
    refresh: Refresh,
    since: SystemTime,
}

struct Failure {
    error: Error,
    pause: Pause,
}

/// The time in which nobody tries again.
#[derive(Clone, Copy)]
struct Pause {
    times: u32,
    until: SystemTime,
}

impl Pause {
    /// The pause after `last`, which is twice as long if that was a short while ago, and at least `wish`.
    fn after(last: Option<Self>, wish: Duration, now: SystemTime) -> Self {
        let recent = |pause: &Self| pause.until.checked_add(MAX_PAUSE).is_none_or(|end| end > now);
        let times = last.filter(recent).map_or(0, |pause| pause.times);
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(times)).min(MAX_PAUSE).max(wish);
        let until = now.checked_add(pause).unwrap_or(now);
        Self { times: times.saturating_add(1), until }
    }
}

/// A token that the provider gave and the store did not take, with the one before.
struct Unsaved {
    old: Option<Token>,
    new: Token,
    since: SystemTime,
}

impl Refreshes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner's renewal under way.
    pub(crate) fn under_way(&self, owner: &TokenOwner) -> Option<Refresh> {
        self.lock().under_way.get(owner).map(|under_way| under_way.refresh.clone())
    }

    /// The renewal under way, or a new one. One that has finished is no help to who comes later.
    ///
    /// # Errors
    ///
    /// That of the last try, while it is too early for another; [`ErrorKind::Unauthenticated`] while the token is
    /// being revoked.
    pub(crate) fn share(
        &self,
        owner: &TokenOwner,
        now: SystemTime,
        begin: impl FnOnce() -> Refresh,
    ) -> Result<Refresh> {
        let mut state = self.lock();
        let known = state.under_way.get(owner).map(|under_way| &under_way.refresh);
        if let Some(refresh) = known.filter(|refresh| refresh.peek().is_none()) {
            return Ok(refresh.clone());
        }
        if state.revoking.contains_key(owner) {
            return Err(Error::new(ErrorKind::Unauthenticated, "the token is being revoked"));
        }
        if let Some(failure) = state.failed.get(owner).filter(|failure| failure.pause.until > now) {
            return Err(failure.error.clone());
        }
        // Only one that nobody waits for makes room.
        let abandoned = |under_way: &UnderWay| under_way.refresh.strong_count() == Some(1);
        let spare = evicted(&mut state.under_way, owner, abandoned, |under_way| under_way.since);
        let refresh = begin();
        let under_way = UnderWay { refresh: refresh.clone(), since: now };
        let before = state.under_way.insert(owner.clone(), under_way);
        // What they hold, such as the store's lock, is let go after ours.
        drop(state);
        drop((spare, before));
        Ok(refresh)
    }

    /// Lets no renewal of the owner's token begin until the guard is dropped: it would bring a token that
    /// the revocation does not know.
    pub(crate) fn revoking(&self, owner: &TokenOwner) -> Revoking<'_> {
        *self.lock().revoking.entry(owner.clone()).or_default() += 1;
        Revoking { refreshes: self, owner: owner.clone() }
    }

    /// Forgets a renewal that has come to its end, unless another has begun since.
    pub(crate) fn finish(&self, owner: &TokenOwner, refresh: &Refresh) {
        let mut state = self.lock();
        if state.under_way.get(owner).is_some_and(|other| other.refresh.ptr_eq(refresh)) {
            state.under_way.remove(owner);
        }
    }

    /// Remembers a failure, so that nobody tries again at once: the provider is away, and a hundred
    /// requests a second would not bring it back.
    pub(crate) fn failed(&self, owner: &TokenOwner, error: &Error, now: SystemTime) {
        let mut state = self.lock();
        let last = state.failed.get(owner).map(|failure| failure.pause);
        let wish = error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER);
        let failure = Failure { error: error.clone(), pause: Pause::after(last, wish, now) };
        evicted(&mut state.failed, owner, |_| true, |failure| failure.pause.until);
        state.failed.insert(owner.clone(), failure);
    }

    /// Forgets the failures of an owner who has a token of this lifetime now.
    pub(crate) fn succeeded(
        &self,
        owner: &TokenOwner,
        lifetime: Option<Duration>,
        leeway: Duration,
    ) {
        let mut state = self.lock();
        state.failed.remove(owner);
        match lifetime.filter(|lifetime| *lifetime <= leeway) {
            Some(lifetime) => {
                evicted(&mut state.short, owner, |_| true, |_| SystemTime::UNIX_EPOCH);
                state.short.insert(owner.clone(), lifetime);
            }
            None => drop(state.short.remove(owner)),
        }
    }

    /// How long before its end a token is renewed: half of its life at most, or one that lives no longer
    /// than `leeway` would be renewed with each call.
    pub(crate) fn leeway(&self, owner: &TokenOwner, leeway: Duration) -> Duration {
        let lifetime = self.lock().short.get(owner).copied();
        lifetime.map_or(leeway, |lifetime| leeway.min(lifetime / 2))
    }

    /// Remembers whether the API took the token that its refusal of another had brought.
    pub(crate) fn repeated(&self, owner: &TokenOwner, is_refused: bool, now: SystemTime) {
        let mut state = self.lock();
        if is_refused {
            let pause = Pause::after(state.futile.get(owner).copied(), Duration::ZERO, now);
            evicted(&mut state.futile, owner, |_| true, |pause| pause.until);
            state.futile.insert(owner.clone(), pause);
        } else {
            state.futile.remove(owner);
        }
    }

    /// Whether another token would be refused as the last one was.
    pub(crate) fn is_futile(&self, owner: &TokenOwner, now: SystemTime) -> bool {
        self.lock().futile.get(owner).is_some_and(|pause| pause.until > now)
    }

    /// Holds a token that the store did not take, until it does.
    pub(crate) fn hold(&self, owner: &TokenOwner, old: Option<Token>, new: Token, now: SystemTime) {
        let mut state = self.lock();
        evicted(&mut state.unsaved, owner, |_| true, |unsaved| unsaved.since);
        state.unsaved.insert(owner.clone(), Unsaved { old, new, since: now });
    }

    /// A token that the store did not take, with the one before.
    pub(crate) fn unsaved(&self, owner: &TokenOwner) -> Option<(Option<Token>, Token)> {
        let state = self.lock();
        state.unsaved.get(owner).map(|unsaved| (unsaved.old.clone(), unsaved.new.clone()))
    }

    pub(crate) fn has_unsaved(&self, owner: &TokenOwner) -> bool {
        self.lock().unsaved.contains_key(owner)
    }

    pub(crate) fn forget_unsaved(&self, owner: &TokenOwner) {
        self.lock().unsaved.remove(owner);
    }
}

/// Makes room for `owner` in a map that is full, and hands out what had to go.
fn evicted<T>(
    map: &mut HashMap<TokenOwner, T>,
    owner: &TokenOwner,
    may_go: impl Fn(&T) -> bool,
    age: impl Fn(&T) -> SystemTime,
) -> Option<T> {
    if map.len() < MAX_OWNERS || map.contains_key(owner) {
        return None;
    }
    let candidates = map.iter().filter(|(_, entry)| may_go(entry));
    let oldest = candidates.min_by_key(|(_, entry)| age(entry)).map(|(owner, _)| owner.clone());
    map.remove(&oldest?)
}

impl fmt::Debug for Refreshes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refreshes", self.lock().under_way.len())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::error::ErrorKind;
    use crate::numeric_date::from_unix_seconds;

    fn owner(number: usize) -> TokenOwner {
        TokenOwner::new("c", number.to_string())
    }

    fn never() -> Refresh {
        let never: BoxFuture<'static, _> = Box::pin(std::future::pending());
        never.shared()
    }

    /// Owners that never come back don't fill the memory, and those that are waited for stay.
    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let refreshes = Refreshes::default();
        let error = Error::new(ErrorKind::Transport, "away");
        let awaited = refreshes.share(&owner(0), from_unix_seconds(0), never).unwrap();
        for number in 0..=MAX_OWNERS {
            let now = from_unix_seconds(u64::try_from(number).unwrap());
            drop(refreshes.share(&owner(number), now, never).unwrap());
            refreshes.failed(&owner(number), &error, now);
            refreshes.hold(&owner(number), None, Token::bearer("t"), now);
            refreshes.repeated(&owner(number), true, now);
            let brief = Duration::from_secs(1);
            refreshes.succeeded(&owner(MAX_OWNERS + number), Some(brief), brief);
        }
        let state = refreshes.lock();
        assert_eq!(state.under_way.len(), MAX_OWNERS);
        assert_eq!(state.failed.len(), MAX_OWNERS);
        assert_eq!(state.unsaved.len(), MAX_OWNERS);
        assert_eq!(state.futile.len(), MAX_OWNERS);
        assert_eq!(state.short.len(), MAX_OWNERS);
        assert!(!state.unsaved.contains_key(&owner(0)));
        assert!(!state.failed.contains_key(&owner(0)));
        assert!(!state.under_way.contains_key(&owner(1)));
        assert!(state.under_way[&owner(0)].refresh.ptr_eq(&awaited));
    }

    /// Who waited for a renewal that is over must not end the next one, which would then begin twice.
    #[test]
    fn the_end_of_a_renewal_forgets_no_later_one() {
        let (refreshes, now) = (Refreshes::default(), from_unix_seconds(0));
        let done = || -> Refresh {
            let done: BoxFuture<'static, _> = Box::pin(std::future::ready(Ok(Token::bearer("t"))));
            done.shared()
        };
        let first = refreshes.share(&owner(0), now, done).unwrap();
        first.clone().now_or_never().unwrap().unwrap();
        let second = refreshes.share(&owner(0), now, never).unwrap();
        refreshes.finish(&owner(0), &first);
        assert!(refreshes.under_way(&owner(0)).unwrap().ptr_eq(&second));
        refreshes.finish(&owner(0), &second);
        assert!(refreshes.under_way(&owner(0)).is_none());
    }

    #[test]
    fn a_clock_at_the_end_of_time_is_no_panic() {
        let mut end = SystemTime::UNIX_EPOCH;
        for exponent in (0..63).rev() {
            end = end.checked_add(Duration::from_secs(1 << exponent)).unwrap_or(end);
        }
        let refreshes = Refreshes::default();
        for _ in 0..3 {
            refreshes.failed(&owner(0), &Error::new(ErrorKind::Transport, "away"), end);
            drop(refreshes.share(&owner(0), end, never).unwrap());
        }
    }
}
