//! Times as numbers of seconds, as JSON Web Tokens and stores write them (RFC 7519 §2).

use std::time::{Duration, SystemTime};

/// Seconds since the Unix epoch, as JSON's dates are written (RFC 7519 §2); 0 before it.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of `seconds` since the Unix epoch, at most some 8000 years from it.
pub(crate) fn from_unix_seconds(seconds: u64) -> SystemTime {
    const YEAR_9999: u64 = 253_402_300_799;
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(YEAR_9999))
}
