//! [`Cached`]: a value that is fetched once for many, kept for a time, and outlives its source's
//! failures.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::transport::BoxFuture;

/// How long a document is taken for fresh.
pub(crate) const TTL: Duration = Duration::from_secs(3600);

/// How long an old document serves when no new one is to be had.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// How many failures in a row cause no pause before the next attempt.
const FREE_FAILURES: u32 = 2;

/// How long an old value is served without a try after a failure.
const MOMENT: Duration = Duration::from_secs(1);

/// How long a fetch that nobody goes on with is worth going on with.
const ABANDONED: Duration = Duration::from_secs(60);

/// A fetch under way. It is a shared future and belongs to nobody: whoever waits for it carries it on,
/// so that one whose caller went away, or was parked in the middle, holds nobody up.
type Fetch<T> = Shared<BoxFuture<'static, Result<Arc<T>>>>;

/// A value behind one fetch at a time.
pub(crate) struct Cached<T> {
    slot: Mutex<Slot<T>>,
}

struct Slot<T> {
    value: Option<(Arc<T>, SystemTime)>,
    failure: Option<(Error, SystemTime)>,
    backoff: Backoff,
    under_way: Option<(Fetch<T>, SystemTime)>,
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub(crate) fn new() -> Self {
        let backoff = Backoff::new(FREE_FAILURES);
        let slot = Slot { value: None, failure: None, backoff, under_way: None };
        Self { slot: Mutex::new(slot) }
    }

    /// The value if it is there and was fetched less than `ttl` ago.
    pub(crate) fn fresh(&self, now: SystemTime) -> Option<Arc<T>> {
        self.younger_than(TTL, now)
    }

    /// The value, fetched by `fetch` where there is no fresh one.
    pub(crate) async fn get<F>(&self, now: SystemTime, fetch: impl FnOnce() -> F) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        match self.fresh(now).or_else(|| self.spared(now)) {
            Some(value) => Ok(value),
            None => self.join(now, false, fetch).await,
        }
    }

    /// Fetches, whatever is there; or takes the outcome of the fetch that was under way already.
    pub(crate) async fn refetch<F>(
        &self,
        now: SystemTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.join(now, true, fetch).await
    }

    /// The outcome of the fetch under way, or of a new one. Which of them is found in one step, so that of
    /// two threads that find none, one begins it.
    async fn join<F>(
        &self,
        now: SystemTime,
        is_forced: bool,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        match self.find(now, is_forced, fetch) {
            Ok(Found::Fetch(fetch)) => self.carry_on(fetch, now).await,
            Ok(Found::Value(value)) => Ok(value),
            Err(failure) => self.younger_than(STALE, now).ok_or(failure),
        }
    }

    /// The error is that of the last fetch, while it is too soon for another.
    fn find<F>(
        &self,
        now: SystemTime,
        is_forced: bool,
        fetch: impl FnOnce() -> F,
    ) -> Result<Found<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut slot = self.lock();
        // One that has come to its end and is not written down yet is as good as its value.
        if let Some(under_way) = slot.under_way(now, !is_forced) {
            return Ok(Found::Fetch(under_way));
        }
        if let Some(value) = slot.younger_than(TTL, now).filter(|_| !is_forced) {
            // Somebody was faster since we looked.
            return Ok(Found::Value(value));
        }
        if let Some(failure) = slot.pausing(now) {
            return Err(failure);
        }
        let fetch = fetch();
        let future: BoxFuture<'static, _> = Box::pin(async move { fetch.await.map(Arc::new) });
        let fetch = future.shared();
        let abandoned = slot.under_way.replace((fetch.clone(), now));
        // What it holds is let go after our lock.
        drop(slot);
        drop(abandoned);
        Ok(Found::Fetch(fetch))
    }

    /// The value once no fetch is under way: for who may not cause one, but may profit from another's.
    pub(crate) async fn settled(&self, now: SystemTime) -> Result<Arc<T>> {
        let under_way = self.lock().under_way(now, false);
        match under_way {
            Some(fetch) => self.carry_on(fetch, now).await,
            None => self.outcome(now),
        }
    }

    /// Carries a fetch to its end; the first to see it writes it down. What it brought counts for all who
    /// carried it where nothing newer is there, also where another has begun since.
    async fn carry_on(&self, fetch: Fetch<T>, now: SystemTime) -> Result<Arc<T>> {
        let fetched = fetch.clone().await;
        self.keep(&fetch, fetched.clone(), now);
        self.younger_than(STALE, now).map_or(fetched, Ok)
    }

    /// Why the last fetch failed, if it did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failure.as_ref().map(|(error, _)| error.clone())
    }

    fn keep(&self, fetch: &Fetch<T>, fetched: Result<Arc<T>>, now: SystemTime) {
        let mut slot = self.lock();
        if !slot.under_way.as_ref().is_some_and(|(own, _)| own.ptr_eq(fetch)) {
            return;
        }
        slot.under_way = None;
        match fetched {
            Ok(value) => {
                slot.value = Some((value, now));
                slot.failure = None;
                slot.backoff.record_success();
            }
            Err(error) => {
                tracing::warn!(error = %error.report(), "a document of the provider could not be fetched");
                slot.failure = Some((error, now));
                slot.backoff.record_failure(Duration::ZERO, now);
            }
        }
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
        self.lock().younger_than(age, now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody who wants a value waits for.
enum Found<T> {
    Fetch(Fetch<T>),
    Value(Arc<T>),
}

impl<T> Slot<T> {
    fn younger_than(&self, age: Duration, now: SystemTime) -> Option<Arc<T>> {
        let (value, fetched_at) = self.value.as_ref()?;
        (now.duration_since(*fetched_at).unwrap_or_default() < age).then(|| value.clone())
    }

    fn under_way(&self, now: SystemTime, or_ended: bool) -> Option<Fetch<T>> {
        let (fetch, since) = self.under_way.as_ref()?;
        let worth = now.duration_since(*since).unwrap_or_default() < ABANDONED;
        (worth && (or_ended || fetch.peek().is_none())).then(|| fetch.clone())
    }

    /// The last failure, while it is too soon for another attempt.
    fn pausing(&self, now: SystemTime) -> Option<Error> {
        let (error, _) = self.failure.as_ref().filter(|_| self.backoff.is_pausing(now))?;
        Some(error.clone())
    }
}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = self.slot.lock().unwrap_or_else(PoisonError::into_inner).value.is_some();
        f.debug_struct("Cached").field("filled", &filled).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::error::ErrorKind;
    use crate::numeric_date::from_unix_seconds;

    fn at(seconds: u64) -> SystemTime {
        from_unix_seconds(1_000_000 + seconds)
    }

    async fn get(cache: &Cached<u32>, count: &Arc<AtomicU32>, now: u64, up: bool) -> Result<u32> {
        let count = count.clone();
        let fetch = || async move {
            // Whoever waits carries the fetch on: it must last until all of them do.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            if up { Ok(nth) } else { Err(Error::new(ErrorKind::Transport, format!("down {nth}"))) }
        };
        cache.get(at(now), fetch).await.map(|value| *value)
    }

    #[tokio::test]
    async fn many_who_need_it_at_once_share_one_fetch_and_one_failure() {
        let (cache, count) = (Cached::new(), Arc::new(AtomicU32::new(0)));
        let failed = join_all((0..50).map(|_| get(&cache, &count, 0, false))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let got = join_all((0..50).map(|_| get(&cache, &count, 0, true))).await;
        assert!(got.iter().all(|value| *value.as_ref().unwrap() == 2));
    }

    #[tokio::test]
    async fn it_is_fresh_for_an_hour_and_serves_a_day_while_its_source_is_down() {
        let (cache, count) = (Cached::new(), Arc::new(AtomicU32::new(0)));
        assert_eq!(get(&cache, &count, 0, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3599, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3600, false).await.unwrap(), 1);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(get(&cache, &count, 3601, true).await.unwrap(), 3);
        assert!(get(&cache, &count, 3601 + 24 * 3600, false).await.is_err());
    }

    #[tokio::test]
    async fn a_source_that_stays_down_is_asked_ever_more_rarely_and_recovers() {
        let (cache, count) = (Cached::new(), Arc::new(AtomicU32::new(0)));
        for _ in 0..100 {
            assert!(get(&cache, &count, 0, false).await.is_err());
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
        assert!(get(&cache, &count, 1, false).await.is_err());
        assert!(get(&cache, &count, 2, false).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 4);
        assert_eq!(get(&cache, &count, 3, true).await.unwrap(), 5);
    }

    /// A caller that stops in the middle, and is kept somewhere without being dropped, holds nobody up.
    #[tokio::test]
    async fn a_fetch_whose_caller_stopped_is_carried_on_by_the_next() {
        let (cache, count) = (Cached::new(), Arc::new(AtomicU32::new(0)));
        let mut parked = Box::pin(get(&cache, &count, 0, true));
        assert!((&mut parked).now_or_never().is_none());
        assert_eq!(get(&cache, &count, 0, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3600, true).await.unwrap(), 2);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(parked.await.unwrap(), 2);
    }

    /// Threads that find nothing at the same moment fetch once, and all get what it brought.
    #[test]
    fn threads_at_the_same_moment_fetch_once_and_all_get_the_value() {
        for _ in 0..200 {
            let (cache, count) = (Cached::<u32>::new(), AtomicU32::new(0));
            let start = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let runtime =
                            tokio::runtime::Builder::new_current_thread().build().unwrap();
                        start.wait();
                        let got = runtime.block_on(cache.get(at(0), || {
                            count.fetch_add(1, Ordering::SeqCst);
                            async {
                                tokio::task::yield_now().await;
                                Ok(7)
                            }
                        }));
                        assert_eq!(*got.unwrap(), 7);
                    });
                }
            });
            assert_eq!(count.load(Ordering::SeqCst), 1);
        }
    }
}
