//! [`LookupCache`]: the answers of a client source, each asked for once by concurrent callers.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use super::source::ClientCache;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;
use crate::ttl_map::TtlMap;

/// The fewest cached answers that a key is unknown, and the most calls in flight that a new caller joins.
const MIN_CAPACITY: usize = 1000;

/// The maximum age of a call that a new caller still joins.
const ABANDONED: Duration = Duration::from_secs(60);

/// A call of the source. It is a shared future that every caller polls, so it goes on if its first caller is dropped.
type Call<T> = Shared<BoxFuture<'static, Result<Option<T>>>>;

pub(super) struct LookupCache<T> {
    limits: ClientCache,
    answers: Mutex<Answers<T>>,
}

struct Answers<T> {
    known: TtlMap<String, T>,
    /// `None`: there is no such key. They are apart, so that requests for unknown keys evict no known one.
    unknown: TtlMap<String, Option<Error>>,
    in_flight: TtlMap<String, Call<T>>,
}

impl<T> Answers<T> {
    fn new(limits: ClientCache) -> Self {
        Self {
            known: TtlMap::new(limits.capacity),
            unknown: TtlMap::new(MIN_CAPACITY.max(limits.capacity / 10)),
            in_flight: TtlMap::new(MIN_CAPACITY),
        }
    }
}

enum Found<T> {
    Answer(Result<Option<T>>),
    Call(Call<T>),
}

impl<T: Clone + Send + Sync + 'static> LookupCache<T> {
    pub(super) fn new(limits: ClientCache) -> Self {
        Self { limits, answers: Mutex::new(Answers::new(limits)) }
    }

    /// The cached answer, or that of `ask`, which is called once for concurrent callers.
    pub(super) async fn get<F>(
        &self,
        key: &str,
        now: SystemTime,
        ask: impl FnOnce(String) -> F,
    ) -> Result<Option<T>>
    where
        F: Future<Output = Result<Option<T>>> + Send + 'static,
    {
        let call = match self.find(key, now, ask) {
            Found::Answer(answer) => return answer,
            Found::Call(call) => call,
        };
        let answer = call.clone().await;
        self.record(key, &call, &answer, now);
        answer
    }

    fn find<F>(&self, key: &str, now: SystemTime, ask: impl FnOnce(String) -> F) -> Found<T>
    where
        F: Future<Output = Result<Option<T>>> + Send + 'static,
    {
        let mut answers = self.lock();
        if let Some(value) = answers.known.get(key, now) {
            return Found::Answer(Ok(Some(value.clone())));
        }
        if let Some(error) = answers.unknown.get(key, now) {
            return Found::Answer(error.clone().map_or(Ok(None), Err));
        }
        if let Some(call) = answers.in_flight.get(key, now) {
            return Found::Call(call.clone());
        }
        let future: BoxFuture<'static, _> = Box::pin(ask(key.to_owned()));
        let call = future.shared();
        answers.in_flight.insert(key.to_owned(), call.clone(), ABANDONED, now);
        Found::Call(call)
    }

    /// The first caller to see the end of a call records its answer, unless the key was forgotten meanwhile.
    fn record(&self, key: &str, call: &Call<T>, answer: &Result<Option<T>>, now: SystemTime) {
        let mut answers = self.lock();
        if !answers.in_flight.get(key, now).is_some_and(|own| own.ptr_eq(call)) {
            return;
        }
        answers.in_flight.remove(key);
        let unknown_lifetime = self.limits.unknown_lifetime;
        match answer {
            Ok(Some(value)) => {
                answers.known.insert(key.to_owned(), value.clone(), self.limits.lifetime, now);
            }
            Ok(None) => {
                answers.unknown.insert(key.to_owned(), None, unknown_lifetime, now);
            }
            // Only an invalid configuration: a source that failed is asked again at once.
            Err(error) if error.kind() == ErrorKind::Config => {
                answers.unknown.insert(key.to_owned(), Some(error.clone()), unknown_lifetime, now);
            }
            Err(_) => {}
        }
    }

    /// Forgets what is known of a key. A call in progress is not joined any more.
    pub(super) fn forget(&self, key: &str) {
        let mut answers = self.lock();
        answers.known.remove(key);
        answers.unknown.remove(key);
        answers.in_flight.remove(key);
    }

    /// Forgets all keys with this value, and all unknown keys.
    pub(super) fn forget_value(&self, is_it: impl Fn(&T) -> bool, now: SystemTime) {
        let mut answers = self.lock();
        let keys = answers.known.iter(now).filter(|(_, value)| is_it(value));
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            answers.known.remove(&key);
        }
        let Answers { unknown, in_flight, .. } = Answers::new(self.limits);
        (answers.unknown, answers.in_flight) = (unknown, in_flight);
    }

    fn lock(&self) -> MutexGuard<'_, Answers<T>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
