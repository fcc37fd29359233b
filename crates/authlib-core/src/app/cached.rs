//! [`Cached`]: a value that is fetched once for many, kept for a time, and outlives its source's
//! failures.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex as AsyncMutex;

use crate::error::{Error, Result};

/// How long a document is taken for fresh.
pub(crate) const TTL: Duration = Duration::from_secs(3600);

/// How long an old document serves when no new one is to be had.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// After this many failures in a row, tries are spaced out.
const FREE_FAILURES: u32 = 3;

/// How long an old value is served without a try after a failure.
const MOMENT: Duration = Duration::from_secs(1);

/// The longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A value behind one fetch at a time.
pub(crate) struct Cached<T> {
    /// Held across the fetch, so that all who need the value wait for one request.
    fetching: AsyncMutex<()>,
    /// Counts finished fetches: who waited for one takes its outcome, good or bad.
    finished: AtomicU64,
    slot: Mutex<Slot<T>>,
}

struct Slot<T> {
    value: Option<(Arc<T>, SystemTime)>,
    failure: Option<(Error, SystemTime)>,
    failures: u32,
}

impl<T> Cached<T> {
    pub(crate) fn new() -> Self {
        let slot = Slot { value: None, failure: None, failures: 0 };
        Self { fetching: AsyncMutex::new(()), finished: AtomicU64::new(0), slot: Mutex::new(slot) }
    }

    /// The value if it is there and was fetched less than `ttl` ago.
    pub(crate) fn fresh(&self, now: SystemTime) -> Option<Arc<T>> {
        self.younger_than(TTL, now)
    }

    /// The value, fetched by `fetch` where there is no fresh one.
    ///
    /// A caller that is dropped while it fetches leaves everything as it was, and the next one
    /// fetches.
    pub(crate) async fn get<F>(&self, now: SystemTime, fetch: impl FnOnce() -> F) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>>,
    {
        match self.fresh(now).or_else(|| self.spared(now)) {
            Some(value) => Ok(value),
            None => self.refetch(now, fetch).await,
        }
    }

    /// Fetches, whatever is there; or takes the outcome of the fetch that was under way already.
    pub(crate) async fn refetch<F>(
        &self,
        now: SystemTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let before = self.finished.load(Ordering::Acquire);
        let _turn = self.fetching.lock().await;
        if self.finished.load(Ordering::Acquire) != before {
            return self.outcome(now);
        }
        if let Some(failure) = self.pausing(now) {
            return self.younger_than(STALE, now).ok_or(failure);
        }
        let fetched = fetch().await;
        self.keep(fetched, now);
        self.outcome(now)
    }

    /// The value once no fetch is under way: for who may not cause one, but may profit from another's.
    pub(crate) async fn settled(&self, now: SystemTime) -> Result<Arc<T>> {
        let _turn = self.fetching.lock().await;
        self.outcome(now)
    }

    /// Why the last fetch failed, if it did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failure.as_ref().map(|(error, _)| error.clone())
    }

    fn keep(&self, fetched: Result<T>, now: SystemTime) {
        let mut slot = self.lock();
        match fetched {
            Ok(value) => {
                *slot = Slot { value: Some((Arc::new(value), now)), failure: None, failures: 0 };
            }
            Err(error) => {
                tracing::warn!(%error, "a document of the provider could not be fetched");
                slot.failure = Some((error, now));
                slot.failures = slot.failures.saturating_add(1);
            }
        }
        self.finished.fetch_add(1, Ordering::Release);
    }

    /// What the last fetch came to: its value; or an old value in spite of its failure; or the failure.
    fn outcome(&self, now: SystemTime) -> Result<Arc<T>> {
        match (self.younger_than(STALE, now), self.failure()) {
            (Some(value), _) => Ok(value),
            (None, Some(error)) => Err(error),
            (None, None) => {
                Err(Error::new(crate::error::ErrorKind::Transport, "the document has expired"))
            }
        }
    }

    /// An old value while its source has failed a moment ago: it would only fail again.
    fn spared(&self, now: SystemTime) -> Option<Arc<T>> {
        let failed_at = self.lock().failure.as_ref().map(|(_, at)| *at)?;
        let moment = now.duration_since(failed_at).unwrap_or_default() < MOMENT;
        moment.then(|| self.younger_than(STALE, now)).flatten()
    }

    fn younger_than(&self, age: Duration, now: SystemTime) -> Option<Arc<T>> {
        let slot = self.lock();
        let (value, fetched_at) = slot.value.as_ref()?;
        (now.duration_since(*fetched_at).unwrap_or_default() < age).then(|| value.clone())
    }

    /// The last failure, while it is too soon for another try: 1 s, 2 s, 4 s, … up to a minute, once
    /// the free tries are spent.
    fn pausing(&self, now: SystemTime) -> Option<Error> {
        let slot = self.lock();
        let (error, at) = slot.failure.as_ref()?;
        let doublings = slot.failures.checked_sub(FREE_FAILURES)?.min(6);
        let pause = Duration::from_secs(1 << doublings).min(MAX_PAUSE);
        (now.duration_since(*at).unwrap_or_default() < pause).then(|| error.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("filled", &self.lock().value.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use futures_util::future::join_all;

    use super::*;
    use crate::error::ErrorKind;
    use crate::numeric_date::from_unix_seconds;

    fn at(seconds: u64) -> SystemTime {
        from_unix_seconds(1_000_000 + seconds)
    }

    async fn get(cache: &Cached<u32>, count: &AtomicU32, now: u64, up: bool) -> Result<u32> {
        let fetch = || async {
            tokio::task::yield_now().await;
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            if up { Ok(nth) } else { Err(Error::new(ErrorKind::Transport, format!("down {nth}"))) }
        };
        cache.get(at(now), fetch).await.map(|value| *value)
    }

    #[tokio::test]
    async fn many_who_need_it_at_once_share_one_fetch_and_one_failure() {
        let (cache, count) = (Cached::new(), AtomicU32::new(0));
        let failed = join_all((0..50).map(|_| get(&cache, &count, 0, false))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let got = join_all((0..50).map(|_| get(&cache, &count, 0, true))).await;
        assert!(got.iter().all(|value| *value.as_ref().unwrap() == 2));
    }

    #[tokio::test]
    async fn it_is_fresh_for_an_hour_and_serves_a_day_while_its_source_is_down() {
        let (cache, count) = (Cached::new(), AtomicU32::new(0));
        assert_eq!(get(&cache, &count, 0, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3599, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3600, false).await.unwrap(), 1);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(get(&cache, &count, 3601, true).await.unwrap(), 3);
        assert!(get(&cache, &count, 3601 + 24 * 3600, false).await.is_err());
    }

    #[tokio::test]
    async fn a_source_that_stays_down_is_asked_ever_more_rarely_and_recovers() {
        let (cache, count) = (Cached::new(), AtomicU32::new(0));
        for _ in 0..100 {
            assert!(get(&cache, &count, 0, false).await.is_err());
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
        assert!(get(&cache, &count, 1, false).await.is_err());
        assert!(get(&cache, &count, 2, false).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 4);
        assert_eq!(get(&cache, &count, 3, true).await.unwrap(), 5);
    }
}
