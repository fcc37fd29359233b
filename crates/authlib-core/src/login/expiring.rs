//! [`Expiring`]: values in this process that end by themselves, for frameworks that bring no session
//! store of their own.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::{Clock, SystemClock};

/// Values by key, each until its end, in the memory of this process. Their number has a bound: at one
/// more, those that are over are dropped, and if that is not enough the half that would end first. Its
/// clones are one.
///
/// ```
/// use std::time::Duration;
/// use authlib_core::login::Expiring;
///
/// let sessions = Expiring::new(1000);
/// sessions.put("id", "value", Duration::from_secs(60));
/// assert_eq!(sessions.get("id"), Some("value"));
/// sessions.remove("id");
/// assert_eq!(sessions.get("id"), None);
/// ```
#[derive(Clone)]
pub struct Expiring<V> {
    values: Arc<Mutex<Values<V>>>,
    most: usize,
    clock: Arc<dyn Clock>,
}

type Values<V> = HashMap<String, (SystemTime, V)>;

impl<V: Clone> Expiring<V> {
    /// No values, and at most `most` at any time.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self::with_clock(most, Arc::new(SystemClock))
    }

    /// As [`new`](Self::new), by another clock than the system's.
    #[must_use]
    pub fn with_clock(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { values: Arc::default(), most: most.max(1), clock }
    }

    /// Keeps a value for this long, in the place of an older one.
    pub fn put(&self, key: impl Into<String>, value: V, lifetime: Duration) {
        let (key, now) = (key.into(), self.clock.now());
        let mut values = self.values();
        if values.len() >= self.most && !values.contains_key(&key) {
            values.retain(|_, (end, _)| *end > now);
            if values.len() >= self.most {
                let mut ends: Vec<_> = values.values().map(|(end, _)| *end).collect();
                let middle = *ends.select_nth_unstable(self.most / 2).1;
                values.retain(|_, (end, _)| *end > middle);
            }
        }
        values.insert(key, (end(now, lifetime), value));
    }

    /// The value, if it is not over.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<V> {
        let now = self.clock.now();
        self.values().get(key).filter(|(end, _)| *end > now).map(|(_, value)| value.clone())
    }

    /// Lets a value that is there live this long from now on.
    pub fn extend(&self, key: &str, lifetime: Duration) {
        let now = self.clock.now();
        if let Some(value) = self.values().get_mut(key).filter(|(end, _)| *end > now) {
            value.0 = end(now, lifetime);
        }
    }

    /// Drops a value.
    pub fn remove(&self, key: &str) {
        self.values().remove(key);
    }
}

impl<V> Expiring<V> {
    fn values(&self) -> MutexGuard<'_, Values<V>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(now: SystemTime, lifetime: Duration) -> SystemTime {
    now.checked_add(lifetime).unwrap_or(now)
}

impl<V> fmt::Debug for Expiring<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expiring({} values)", self.values().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    const SECOND: Duration = Duration::from_secs(1);

    fn values(most: usize) -> (Expiring<u32>, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
        (Expiring::with_clock(most, clock.clone()), clock)
    }

    #[test]
    fn a_value_is_there_until_its_end_and_an_end_is_final() {
        let (values, clock) = values(10);
        values.put("a", 1, SECOND * 10);
        clock.advance(SECOND * 9);
        values.extend("a", SECOND * 10);
        clock.advance(SECOND * 9);
        assert_eq!(values.clone().get("a"), Some(1), "clones are one");
        clock.advance(SECOND);
        assert_eq!(values.get("a"), None);
        values.extend("a", SECOND * 10);
        assert_eq!(values.get("a"), None);
    }

    #[test]
    fn the_number_has_a_bound_and_what_ends_first_goes_first() {
        let (values, clock) = values(10);
        values.put("keep", 0, SECOND * 1000);
        for number in 1..100 {
            values.put(number.to_string(), number, SECOND * number);
            assert!(values.values().len() <= 10);
        }
        assert_eq!(values.get("keep"), Some(0));
        // What is over goes alone.
        clock.advance(SECOND * 500);
        for number in 0..9 {
            values.put(format!("new {number}"), number, SECOND);
        }
        assert_eq!(values.values().len(), 10);
    }

    #[test]
    fn many_that_end_at_once_are_bounded_too() {
        let (values, _) = values(10);
        for number in 0..100 {
            values.put(number.to_string(), number, SECOND);
        }
        assert!(values.values().len() <= 10);
        assert_eq!(values.get("99"), Some(99));
    }
}
