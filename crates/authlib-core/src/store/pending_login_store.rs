//! [`PendingLoginStore`]: pending logins outside the browser's session.

use std::time::Duration;

use crate::error::Result;
use crate::transport::BoxFuture;

/// Stores pending logins outside the browser's session, which then holds a reference only.
///
/// An implementation must keep three promises, which
/// `check_pending_login_store` of the crate `authlib-store-conformance` tests:
///
/// 1. [`take`](Self::take) gives a record to **one** of any number of concurrent callers.
/// 2. A record is gone after its `ttl`.
/// 3. Keys are compared byte by byte, and records come back unchanged.
///
/// As for [`TokenStore`](super::TokenStore#implementing-it), methods return `Box::pin(async move { .. })`.
///
/// # Errors
///
/// Every method fails with [`ErrorKind::Store`](crate::ErrorKind::Store) if the store could not be reached.
pub trait PendingLoginStore: Send + Sync {
    /// Stores `record` under a new, random `key` for `ttl`.
    fn insert<'a>(
        &'a self,
        key: &'a str,
        record: String,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>>;

    /// Removes the record and returns it, in one step.
    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>>>;
}
