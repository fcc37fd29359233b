//! [`UnknownSessions`]: a limit for front-channel logouts of sessions in which no login was found.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Anybody can send a front-channel logout request. For a session in which no login has a row, the store has to
/// remember for hours that it ended, because a login without a row may belong to it. So there are only so many in an
/// hour, for all clients of a registry together.
pub(crate) struct UnknownSessions(Mutex<(SystemTime, u32)>);

const HOUR: Duration = Duration::from_secs(3600);

/// How many there may be in an hour.
pub(crate) const LIMIT: u32 = 1_000;

impl UnknownSessions {
    /// Whether one more may be remembered.
    pub(crate) fn admit(&self, now: SystemTime) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(counted.0).map_or(true, |since| since >= HOUR) {
            *counted = (now, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        counted.1 <= LIMIT
    }
}

impl Default for UnknownSessions {
    fn default() -> Self {
        Self(Mutex::new((SystemTime::UNIX_EPOCH, 0)))
    }
}

debug_fields!(UnknownSessions {});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_admitted_up_to_the_limit_of_an_hour() {
        let sessions = UnknownSessions::default();
        let now = SystemTime::UNIX_EPOCH + HOUR * 10;
        assert!((0..LIMIT).all(|_| sessions.admit(now)));
        assert!(!sessions.admit(now + HOUR / 2));
        assert!(sessions.admit(now + HOUR));
    }
}
