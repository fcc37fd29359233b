//! [`TtlMap`]: an in-memory map with an expiry per entry and a size limit.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::time::{Duration, SystemTime};

/// Stands for "never" where a lifetime is longer than the clock can count.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How many protected entries are passed over by one insertion: looking at all of them would take linear time.
const MAX_PASSED: usize = 16;

/// A map with an expiry per entry and a size limit. When it is full, an insertion first removes the
/// expired entries and then the one that expires next; of those that expire together, the oldest.
///
/// The time is an argument, so the map needs no clock. Inserting and evicting take logarithmic time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use authlib_core::store::TtlMap;
///
/// let (mut sessions, now) = (TtlMap::new(1000), SystemTime::UNIX_EPOCH);
/// sessions.insert("id", "value", Duration::from_secs(60), now);
/// assert_eq!(sessions.get("id", now), Some(&"value"));
/// assert_eq!(sessions.get("id", now + Duration::from_secs(60)), None);
/// ```
pub struct TtlMap<K, V> {
    capacity: usize,
    entries: HashMap<K, Entry<V>>,
    /// The keys in the order of their expiry.
    order: BTreeMap<Place, K>,
    inserted: u64,
}

struct Entry<V> {
    place: Place,
    value: V,
}

/// When an entry expires, and a number that tells entries apart that expire together.
type Place = (SystemTime, u64);

impl<K: Clone + Eq + Hash, V> TtlMap<K, V> {
    /// An empty map for at most `capacity` entries (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let (entries, order) = (HashMap::new(), BTreeMap::new());
        Self { capacity: capacity.max(1), entries, order, inserted: 0 }
    }

    /// Inserts a value that expires after `lifetime`, and returns the unexpired one that it replaces.
    pub fn insert(&mut self, key: K, value: V, lifetime: Duration, now: SystemTime) -> Option<V> {
        if !self.entries.contains_key(&key) {
            drop(self.make_room(now, |_| true));
        }
        self.put(key, value, lifetime, now)
    }

    /// As [`insert`](Self::insert), without making room.
    pub(crate) fn put(
        &mut self,
        key: K,
        value: V,
        lifetime: Duration,
        now: SystemTime,
    ) -> Option<V> {
        let old = self.take(&key, now);
        let place = self.next_place(lifetime, now);
        self.order.insert(place, key.clone());
        self.entries.insert(key, Entry { place, value });
        old
    }

    /// The value, if it has not expired.
    pub fn get<Q>(&self, key: &Q, now: SystemTime) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.get(key).filter(|entry| entry.place.0 > now).map(|entry| &entry.value)
    }

    /// Restarts the lifetime of an entry, unless it has expired.
    pub fn extend<Q>(&mut self, key: &Q, lifetime: Duration, now: SystemTime)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let place = self.next_place(lifetime, now);
        if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.place.0 > now)
            && let Some(key) = self.order.remove(&entry.place)
        {
            entry.place = place;
            self.order.insert(place, key);
        }
    }

    /// Removes an entry.
    pub fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.place);
        }
    }

    /// Removes an entry and returns its value, if it has not expired.
    pub fn take<Q>(&mut self, key: &Q, now: SystemTime) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let is_live = self.entries.get(key).is_some_and(|entry| entry.place.0 > now);
        self.pull(key).filter(|_| is_live)
    }

    /// Removes an entry and returns its value, expired or not.
    pub(crate) fn pull<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.place);
        Some(entry.value)
    }

    /// The entries that have not expired, in no particular order.
    pub fn iter(&self, now: SystemTime) -> impl Iterator<Item = (&K, &V)> {
        let live = self.entries.iter().filter(move |(_, entry)| entry.place.0 > now);
        live.map(|(key, entry)| (key, &entry.value))
    }

    /// Makes room for one more entry if the map is full, and returns the values that had to go. Entries that
    /// `may_evict` protects stay and get a lifetime without end. If they are many, the map exceeds its capacity.
    pub(crate) fn make_room(&mut self, now: SystemTime, may_evict: impl Fn(&V) -> bool) -> Vec<V> {
        let mut evicted = Vec::new();
        let mut protected = Vec::new();
        while self.entries.len() >= self.capacity
            && protected.len() < MAX_PASSED
            && let Some((place, key)) = self.order.pop_first()
        {
            match self.entries.get(&key) {
                Some(entry) if place.0 > now && !may_evict(&entry.value) => protected.push(key),
                _ => evicted.extend(self.entries.remove(&key).map(|entry| entry.value)),
            }
        }
        // Behind all others, so that the next call does not pass them again.
        for key in protected {
            let place = self.next_place(Duration::MAX, now);
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.place = place;
                self.order.insert(place, key);
            }
        }
        evicted
    }

    fn next_place(&mut self, lifetime: Duration, now: SystemTime) -> Place {
        self.inserted = self.inserted.wrapping_add(1);
        let end = now.checked_add(lifetime).or_else(|| now.checked_add(CENTURY)).unwrap_or(now);
        (end, self.inserted)
    }
}

impl<K, V> fmt::Debug for TtlMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TtlMap({} entries)", self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + SECOND * seconds
    }

    fn is_consistent<V>(map: &TtlMap<String, V>) -> bool {
        map.entries.len() == map.order.len()
            && map.entries.iter().all(|(key, entry)| map.order.get(&entry.place) == Some(key))
    }

    #[test]
    fn value_is_returned_until_it_expires_and_expiry_is_final() {
        let mut map = TtlMap::new(10);
        map.insert("a".to_owned(), 1, SECOND * 10, at(0));
        map.extend("a", SECOND * 10, at(9));
        assert_eq!(map.get("a", at(18)), Some(&1));
        assert_eq!(map.iter(at(18)).count(), 1);
        assert_eq!(map.get("a", at(19)), None);
        map.extend("a", SECOND * 10, at(19));
        assert_eq!(map.get("a", at(19)), None);
        assert_eq!(map.iter(at(19)).count(), 0);
        assert_eq!(map.take("a", at(19)), None);
        assert!(is_consistent(&map) && map.entries.is_empty());
    }

    #[test]
    fn full_map_evicts_the_entry_that_expires_next() {
        let mut map = TtlMap::new(10);
        map.insert("keep".to_owned(), 0, SECOND * 1000, at(0));
        for number in 1..100 {
            map.insert(number.to_string(), number, SECOND * number, at(0));
            assert!(map.entries.len() <= 10 && is_consistent(&map));
        }
        assert_eq!(map.get("keep", at(0)), Some(&0));
        assert_eq!(map.get("99", at(0)), Some(&99));
        // An expired entry goes first, and a replaced one needs no room.
        map.insert("99".to_owned(), 1, SECOND * 2000, at(500));
        map.insert("new".to_owned(), 1, SECOND, at(500));
        assert_eq!(map.get("keep", at(500)), Some(&0));
        assert_eq!(map.get("99", at(500)), Some(&1));
        assert!(is_consistent(&map));
    }

    #[test]
    fn oldest_of_equal_expiry_is_evicted_first() {
        let mut map = TtlMap::new(3);
        for number in 0..100 {
            map.insert(number.to_string(), number, Duration::MAX, at(0));
        }
        let mut left: Vec<_> = map.iter(at(1_000_000_000)).map(|(_, number)| *number).collect();
        left.sort_unstable();
        assert_eq!(left, [97, 98, 99]);
    }

    #[test]
    fn protected_entries_are_not_evicted() {
        let mut map = TtlMap::new(2);
        map.insert("a".to_owned(), 1, SECOND, at(0));
        map.insert("b".to_owned(), 2, SECOND * 2, at(0));
        assert_eq!(map.make_room(at(0), |value| *value != 1), [2]);
        map.insert("c".to_owned(), 3, SECOND * 3, at(0));
        assert!(map.make_room(at(0), |_| false).is_empty());
        assert!(is_consistent(&map) && map.get("a", at(5)).is_some());
        assert_eq!(map.make_room(at(0), |value| *value == 3), [3]);
    }

    /// The work of an insertion does not grow with the number of protected entries.
    #[test]
    fn few_protected_entries_are_passed_at_once() {
        let mut map = TtlMap::new(1000);
        for number in 0..1000 {
            map.insert(number.to_string(), number, SECOND, at(0));
        }
        let passed = std::cell::Cell::new(0);
        let may_evict = |value: &i32| {
            passed.set(passed.get() + 1);
            *value == 999
        };
        let mut calls = 0;
        while map.make_room(at(0), may_evict).is_empty() {
            calls += 1;
            assert_eq!(passed.replace(0), MAX_PASSED);
        }
        // An entry that may be evicted is found although each call looks at a few only.
        assert_eq!(calls, 999 / MAX_PASSED);
        assert!(is_consistent(&map));
    }

    #[test]
    fn extreme_clock_does_not_panic() {
        let mut end = SystemTime::UNIX_EPOCH;
        for exponent in (0..63).rev() {
            end = end.checked_add(SECOND * 2).unwrap_or(end);
            end = end.checked_add(Duration::from_secs(1 << exponent)).unwrap_or(end);
        }
        let mut map = TtlMap::new(2);
        map.insert("a", 1, Duration::MAX, end);
        assert_eq!(map.get("a", end), None);
    }
}
