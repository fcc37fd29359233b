//! Tests for implementations of [`TokenStore`] and [`PendingLoginStore`]: each requirement of the traits is one
//! case. They need no runtime, and on a store with a real clock they take about 20 seconds.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! use authlib_core::clock::FixedClock;
//! use authlib_core::store::MemoryTokenStore;
//!
//! # async fn test() {
//! let clock = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
//! let store = MemoryTokenStore::on_clock(clock.clone(), 1000); // yours
//! authlib_store_conformance::check_token_store(&store, &*clock).await.unwrap();
//! # }
//! ```
//!
//! The [`Clock`]'s `sleep` makes time pass: use [`SystemClock`](authlib_core::clock::SystemClock) if the store takes
//! the time from a database. The store may hold other rows; the cases use clients named `conformance-…`.

mod pending_logins;
mod tokens;

use std::fmt;
use std::time::Duration;

use authlib_core::Error;
use authlib_core::clock::Clock;
use authlib_core::store::{PendingLoginStore, TokenStore};

/// Checks every promise of [`TokenStore`].
///
/// # Errors
///
/// The promises that the store breaks.
pub async fn check_token_store(
    store: &dyn TokenStore,
    clock: &dyn Clock,
) -> Result<(), Violations> {
    let mut broken = Vec::new();
    for (promise, case) in tokens::CASES {
        let bench = tokens::Bench { store, clock, case: promise };
        broken.extend(case(&bench).await.err().map(|violation| (*promise, violation)));
    }
    Violations::check(broken)
}

/// Checks every promise of [`PendingLoginStore`].
///
/// # Errors
///
/// The promises that the store breaks.
pub async fn check_pending_login_store(
    store: &dyn PendingLoginStore,
    clock: &dyn Clock,
) -> Result<(), Violations> {
    let mut broken = Vec::new();
    for (promise, case) in pending_logins::CASES {
        broken.extend(case(store, clock).await.err().map(|violation| (*promise, violation)));
    }
    Violations::check(broken)
}

/// The promises that a store breaks.
pub struct Violations(Vec<(&'static str, Violation)>);

impl Violations {
    fn check(broken: Vec<(&'static str, Violation)>) -> Result<(), Self> {
        if broken.is_empty() { Ok(()) } else { Err(Self(broken)) }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store breaks promises:")?;
        self.0.iter().try_for_each(|(promise, how)| write!(f, "\n- {promise}: {}", how.0))
    }
}

impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Violations {}

/// How a promise was broken.
struct Violation(String);

impl From<Error> for Violation {
    fn from(error: Error) -> Self {
        Self(format!("the store failed: {}", error.report()))
    }
}

type Case = Result<(), Violation>;

fn ensure(is_kept: bool, violation: &str) -> Case {
    if is_kept { Ok(()) } else { Err(Violation(violation.to_owned())) }
}

/// Lifetimes of rows and leases in the cases. Databases that count whole seconds are given one more.
const TTL: Duration = Duration::from_secs(2);
const SLACK: Duration = Duration::from_secs(1);

/// How many callers are concurrent in the cases.
const CALLERS: usize = 8;
