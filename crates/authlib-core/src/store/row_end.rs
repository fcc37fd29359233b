//! [`RowEnd`]: when the row of a token ends. With the times that a database counts.

use std::time::{Duration, SystemTime};

use crate::oauth2::Token;

/// When the row of a token ends: at a time, or if there is none, after a while without use. In milliseconds, for authors of
/// stores over a database.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use authlib_core::Token;
/// use authlib_core::store::RowEnd;
///
/// let mut token = Token::bearer("at");
/// token.expires_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
/// assert_eq!(RowEnd::of(&token, None, RowEnd::UNUSED_FOR).at, Some(2_000_000_000_000));
/// // A refresh token can be used after the access token's expiry.
/// token.refresh_token = Some("rt".into());
/// assert_eq!(RowEnd::of(&token, None, RowEnd::UNUSED_FOR).at, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowEnd {
    /// The time at which it ends, since 1970.
    pub at: Option<i64>,
    /// If there is no such time: how long after it was written.
    pub after: i64,
}

impl RowEnd {
    /// How long the stores of this project keep a token that is not used: 90 days by default.
    pub const UNUSED_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

    /// A row ends
    ///
    /// - after its `lifetime` ([`TokenRow::lifetime`](super::TokenRow::lifetime)), if it has one;
    /// - at the token's expiry, if there is no refresh token: it is of no use then;
    /// - after `unused_for` otherwise.
    #[must_use]
    pub fn of(token: &Token, lifetime: Option<Duration>, unused_for: Duration) -> Self {
        let at = token.expires_at.filter(|_| token.refresh_token.is_none() && lifetime.is_none());
        Self { at: at.map(unix_millis), after: millis(lifetime.unwrap_or(unused_for)) }
    }

    /// Of a row without a lifetime: a use of the token is noted, by moving the end, when less than this is left. So there
    /// is one write a day, and not one for each use.
    #[must_use]
    pub fn noted_below(self) -> i64 {
        const DAY: i64 = 24 * 3600 * 1000;
        self.after - DAY.min(self.after / 2)
    }
}

/// Milliseconds, at most a century: the sum of two, or of one and a time, does not overflow.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    const CENTURY: i64 = 100 * 365 * 24 * 3600 * 1000;
    i64::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}

/// Milliseconds since 1970, as far as a database counts exactly whose numbers are floating point (2⁵²).
#[must_use]
pub fn unix_millis(at: SystemTime) -> i64 {
    const LAST: i64 = 1 << 52;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(LAST).min(LAST)
}

/// The time of [`unix_millis`]. `None` if it is before 1970, or not a time of this platform.
#[must_use]
pub fn from_unix_millis(millis: i64) -> Option<SystemTime> {
    let since = Duration::from_millis(u64::try_from(millis).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_do_not_overflow() {
        assert_eq!(millis(Duration::from_millis(1500)), 1500);
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        assert_eq!(unix_millis(at), 2_000_000_000_000);
        assert_eq!(from_unix_millis(unix_millis(at)), Some(at));
        assert!(unix_millis(at).checked_add(2 * millis(Duration::MAX)).is_some());
        assert_eq!(from_unix_millis(-1), None);
        assert_eq!(unix_millis(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
    }

    #[test]
    fn lifetime_comes_before_expiry_and_expiry_before_use() {
        let day = Duration::from_secs(24 * 3600);
        let mut token = Token::bearer("at");
        token.expires_at = Some(SystemTime::UNIX_EPOCH + day);
        let end = |token: &Token, lifetime| {
            let RowEnd { at, after } = RowEnd::of(token, lifetime, 90 * day);
            (at, after)
        };
        let days = |number| number * millis(day);
        assert_eq!(end(&token, None), (Some(days(1)), days(90)));
        assert_eq!(end(&token, Some(2 * day)), (None, days(2)));
        token.refresh_token = Some("rt".into());
        assert_eq!(end(&token, None), (None, days(90)));
        assert_eq!(end(&Token::bearer("at"), None), (None, days(90)));
    }

    #[test]
    fn use_is_noted_once_a_day_or_in_the_second_half() {
        let end = |after| RowEnd { at: None, after };
        assert_eq!(end(millis(RowEnd::UNUSED_FOR)).noted_below(), 89 * 24 * 3600 * 1000);
        assert_eq!(end(1000).noted_below(), 500);
    }
}
