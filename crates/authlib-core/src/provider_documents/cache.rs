//! [`Cached`]: a document that is fetched once for concurrent callers, cached, and still used for a time
//! if it cannot be fetched again.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use crate::backoff::Backoff;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;

/// How long a document is fresh.
const TTL: Duration = Duration::from_secs(3600);

/// How long a document is used if no newer one can be fetched.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// How many failures in a row cause no pause before the next attempt.
const FREE_FAILURES: u32 = 2;

/// How long after a failure an old document is used without another attempt.
const MOMENT: Duration = Duration::from_secs(1);

/// The maximum age of a fetch that a new caller still joins.
const ABANDONED: Duration = Duration::from_secs(60);

/// A fetch in progress. It is a shared future that every caller polls, so it goes on if its first caller is
/// dropped, or not polled any more.
type Fetch<T> = Shared<BoxFuture<'static, Result<Arc<T>>>>;

/// A document, and at most one fetch of it at a time.
pub(super) struct Cached<T> {
    /// For log events.
    client: String,
    document: &'static str,
    slot: Mutex<Slot<T>>,
}

struct Slot<T> {
    value: Option<(Arc<T>, SystemTime)>,
    failure: Option<(Error, SystemTime)>,
    backoff: Backoff,
    in_flight: Option<(Fetch<T>, SystemTime)>,
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub(super) fn new(client: &str, document: &'static str) -> Self {
        let backoff = Backoff::new(FREE_FAILURES);
        let slot = Slot { value: None, failure: None, backoff, in_flight: None };
        Self { client: client.to_owned(), document, slot: Mutex::new(slot) }
    }

    /// The document, if it need not be fetched.
    pub(super) fn usable(&self, now: SystemTime) -> Option<Arc<T>> {
        self.lock().usable(now)
    }

    /// The document, fetched with `fetch` unless it is fresh; if `is_forced`, it is fetched although it may
    /// be fresh. A fetch in progress is joined instead.
    pub(super) async fn get<F>(
        &self,
        now: SystemTime,
        is_forced: bool,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        match self.find(now, is_forced, fetch) {
            Ok(Found::Fetch(fetch)) => self.await_fetch(fetch, now).await,
            Ok(Found::Value(value)) => Ok(value),
            Err(failure) => self.lock().younger_than(STALE, now).ok_or(failure),
        }
    }

    /// The document, or the fetch to wait for: the one in progress, or a new one. It is one step, so that
    /// only one of two threads starts a fetch. The error is that of the last fetch, in the pause after it.
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
        if !is_forced && let Some(value) = slot.usable(now) {
            return Ok(Found::Value(value));
        }
        // A fetch that has ended, and whose result is not recorded yet, is as good as its result.
        if let Some(fetch) = slot.in_flight(now, !is_forced) {
            return Ok(Found::Fetch(fetch));
        }
        if let Some(failure) = slot.pausing(now) {
            return Err(failure);
        }
        let fetch = fetch();
        let future: BoxFuture<'static, _> = Box::pin(async move { fetch.await.map(Arc::new) });
        let fetch = future.shared();
        let abandoned = slot.in_flight.replace((fetch.clone(), now));
        // Its resources are released after the lock.
        drop(slot);
        drop(abandoned);
        Ok(Found::Fetch(fetch))
    }

    /// The result of the fetch in progress, or of the last one: for a caller that must not start one.
    pub(super) async fn settled(&self, now: SystemTime) -> Result<Arc<T>> {
        let in_flight = self.lock().in_flight(now, false);
        if let Some(fetch) = in_flight {
            return self.await_fetch(fetch, now).await;
        }
        let slot = self.lock();
        slot.younger_than(STALE, now).ok_or_else(|| match &slot.failure {
            Some((error, _)) => error.clone(),
            None => Error::new(ErrorKind::Transport, "the cached document has expired"),
        })
    }

    /// Waits for a fetch. The first caller to see its end records the result, which all its callers get
    /// unless there is a newer one.
    async fn await_fetch(&self, fetch: Fetch<T>, now: SystemTime) -> Result<Arc<T>> {
        let fetched = fetch.clone().await;
        self.record(&fetch, fetched.clone(), now);
        self.lock().younger_than(STALE, now).map_or(fetched, Ok)
    }

    /// The error of the last fetch, if it failed.
    pub(super) fn failure(&self) -> Option<Error> {
        self.lock().failure.as_ref().map(|(error, _)| error.clone())
    }

    fn record(&self, fetch: &Fetch<T>, fetched: Result<Arc<T>>, now: SystemTime) {
        let mut slot = self.lock();
        if !slot.in_flight.as_ref().is_some_and(|(own, _)| own.ptr_eq(fetch)) {
            return;
        }
        slot.in_flight = None;
        match fetched {
            Ok(value) => {
                slot.value = Some((value, now));
                slot.failure = None;
                slot.backoff.record_success();
            }
            Err(error) => {
                tracing::warn!(
                    client = self.client,
                    document = self.document,
                    error = %error.report(),
                    "fetching a provider document failed"
                );
                slot.failure = Some((error, now));
                slot.backoff.record_failure(Duration::ZERO, now);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found<T> {
    Fetch(Fetch<T>),
    Value(Arc<T>),
}

impl<T> Slot<T> {
    /// A fresh document; or an old one, if a fetch has failed just now and would probably fail again.
    fn usable(&self, now: SystemTime) -> Option<Arc<T>> {
        let just_now = |at: &SystemTime| now.duration_since(*at).unwrap_or_default() < MOMENT;
        let has_failed = self.failure.as_ref().is_some_and(|(_, at)| just_now(at));
        self.younger_than(if has_failed { STALE } else { TTL }, now)
    }

    fn younger_than(&self, age: Duration, now: SystemTime) -> Option<Arc<T>> {
        let (value, fetched_at) = self.value.as_ref()?;
        (now.duration_since(*fetched_at).unwrap_or_default() < age).then(|| value.clone())
    }

    fn in_flight(&self, now: SystemTime, or_ended: bool) -> Option<Fetch<T>> {
        let (fetch, since) = self.in_flight.as_ref()?;
        let is_recent = now.duration_since(*since).unwrap_or_default() < ABANDONED;
        (is_recent && (or_ended || fetch.peek().is_none())).then(|| fetch.clone())
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
            // The fetch must last until all callers have joined it.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            if up { Ok(nth) } else { Err(Error::new(ErrorKind::Transport, format!("down {nth}"))) }
        };
        cache.get(at(now), false, fetch).await.map(|value| *value)
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_fetch_and_one_failure() {
        let (cache, count) = (Cached::new("c", "keys"), Arc::new(AtomicU32::new(0)));
        let failed = join_all((0..50).map(|_| get(&cache, &count, 0, false))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let got = join_all((0..50).map(|_| get(&cache, &count, 0, true))).await;
        assert!(got.iter().all(|value| *value.as_ref().unwrap() == 2));
    }

    #[tokio::test]
    async fn document_is_fresh_for_an_hour_and_used_for_a_day() {
        let (cache, count) = (Cached::new("c", "keys"), Arc::new(AtomicU32::new(0)));
        assert_eq!(get(&cache, &count, 0, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3599, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3600, false).await.unwrap(), 1);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(get(&cache, &count, 3601, true).await.unwrap(), 3);
        assert!(get(&cache, &count, 3601 + 24 * 3600, false).await.is_err());
    }

    #[tokio::test]
    async fn failed_fetches_back_off_and_recover() {
        let (cache, count) = (Cached::new("c", "keys"), Arc::new(AtomicU32::new(0)));
        for _ in 0..100 {
            assert!(get(&cache, &count, 0, false).await.is_err());
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
        assert!(get(&cache, &count, 1, false).await.is_err());
        assert!(get(&cache, &count, 2, false).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 4);
        assert_eq!(get(&cache, &count, 3, true).await.unwrap(), 5);
    }

    /// A caller that is neither polled nor dropped blocks no other.
    #[tokio::test]
    async fn next_caller_continues_an_abandoned_fetch() {
        let (cache, count) = (Cached::new("c", "keys"), Arc::new(AtomicU32::new(0)));
        let mut parked = Box::pin(get(&cache, &count, 0, true));
        assert!((&mut parked).now_or_never().is_none());
        assert_eq!(get(&cache, &count, 0, true).await.unwrap(), 1);
        assert_eq!(get(&cache, &count, 3600, true).await.unwrap(), 2);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(parked.await.unwrap(), 2);
    }

    #[test]
    fn concurrent_threads_fetch_once() {
        for _ in 0..200 {
            let (cache, count) = (Cached::<u32>::new("c", "keys"), AtomicU32::new(0));
            let start = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let runtime =
                            tokio::runtime::Builder::new_current_thread().build().unwrap();
                        start.wait();
                        let got = runtime.block_on(cache.get(at(0), false, || {
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
