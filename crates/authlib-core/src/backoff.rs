//! [`Backoff`]: growing pauses between attempts after repeated failures.

use std::time::{Duration, SystemTime};

/// The pause after the first failure that is not free; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, unless the caller asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Counts the failures of one operation, and says when the next attempt may begin: after 1 s, 2 s, 4 s, … up
/// to a minute. A minute after the last pause the pauses begin at 1 s again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// How many failures in a row cause no pause.
    free: u32,
    failures: u32,
    until: SystemTime,
}

impl Backoff {
    /// A backoff whose first `free` failures cause no pause.
    pub(crate) fn new(free: u32) -> Self {
        Self { free, failures: 0, until: SystemTime::UNIX_EPOCH }
    }

    /// Records a failure. The pause is `at_least` this long, for a server that sent `Retry-After`.
    pub(crate) fn record_failure(&mut self, at_least: Duration, now: SystemTime) {
        if self.until.checked_add(MAX_PAUSE).is_some_and(|end| end <= now) {
            // No new free failures: the operation has not succeeded since.
            self.failures = self.failures.min(self.free);
        }
        self.failures = self.failures.saturating_add(1);
        let pause = match self.failures.checked_sub(self.free.saturating_add(1)) {
            Some(doublings) => {
                FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_PAUSE)
            }
            None => Duration::ZERO,
        };
        self.until = now.checked_add(pause.max(at_least)).unwrap_or(now);
    }

    /// Forgets the failures.
    pub(crate) fn record_success(&mut self) {
        *self = Self::new(self.free);
    }

    /// Whether no failure is remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.failures == 0
    }

    /// Whether the next attempt has to wait.
    pub(crate) fn is_pausing(&self, now: SystemTime) -> bool {
        self.until > now
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    /// The seconds until the next attempt, after each of a row of failures without a break.
    fn pauses(free: u32, count: u32) -> Vec<u64> {
        let mut backoff = Backoff::new(free);
        let mut now = at(0);
        let mut fail = || {
            backoff.record_failure(Duration::ZERO, now);
            let begun = now;
            while backoff.is_pausing(now) {
                now += Duration::from_secs(1);
            }
            now.duration_since(begun).unwrap().as_secs()
        };
        (0..count).map(|_| fail()).collect()
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        assert_eq!(pauses(0, 9), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pauses(2, 5), [0, 0, 1, 2, 4]);
    }

    #[test]
    fn success_and_a_quiet_minute_reset_the_pause() {
        let mut backoff = Backoff::new(0);
        for _ in 0..10 {
            backoff.record_failure(Duration::ZERO, at(0));
        }
        assert!(backoff.is_pausing(at(59)) && !backoff.is_pausing(at(60)));
        backoff.record_failure(Duration::ZERO, at(121));
        assert!(backoff.is_pausing(at(121)) && !backoff.is_pausing(at(122)));
        backoff.record_success();
        assert!(!backoff.is_pausing(at(121)));
    }

    #[test]
    fn quiet_minute_grants_no_new_free_failures() {
        let mut backoff = Backoff::new(2);
        for _ in 0..4 {
            backoff.record_failure(Duration::ZERO, at(0));
        }
        backoff.record_failure(Duration::ZERO, at(1000));
        assert!(backoff.is_pausing(at(1000)) && !backoff.is_pausing(at(1001)));
    }

    #[test]
    fn pause_is_at_least_what_the_server_asks_for() {
        let mut backoff = Backoff::new(0);
        backoff.record_failure(Duration::from_secs(300), at(0));
        assert!(backoff.is_pausing(at(299)) && !backoff.is_pausing(at(300)));
    }
}
