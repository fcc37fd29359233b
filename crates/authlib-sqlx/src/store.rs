//! [`SqlxStore`]: its settings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use authlib_core::clock::Clock;
use authlib_core::store::{RowEnd, unix_millis};
use authlib_core::{Error, ErrorKind, Keyring, Result, RowEncryption};

use crate::pool::{Arg, Pool};
use crate::statements::Statements;

/// Tokens and pending logins in SQLite or PostgreSQL. Cheap to clone.
///
/// A row ends
///
/// - after [`TokenRow::lifetime`](authlib_core::store::TokenRow::lifetime), if it has one, as the rows of browser logins
///   do;
/// - at the token's expiry, if there is no refresh token;
/// - after 90 days without use ([`unused_for`](Self::unused_for)) otherwise.
///
/// Pending logins end after ten minutes.
///
/// The time is that of the database, so the clocks of several hosts need not agree.
#[derive(Clone)]
pub struct SqlxStore {
    pub(crate) pool: Pool,
    pub(crate) statements: Arc<Statements>,
    pub(crate) encryption: RowEncryption,
    pub(crate) writes: Arc<AtomicU32>,
    pub(crate) unused_for: Duration,
    clock: Option<Arc<dyn Clock>>,
}

/// The default of [`SqlxStore::table_prefix`].
const PREFIX: &str = "authlib_";

/// Names of PostgreSQL have at most 63 bytes; the longest after the prefix has 17.
const MAX_PREFIX: usize = 40;

impl SqlxStore {
    /// A store in the application's SQLite database. Its pool should have a `busy_timeout`, and the database be in WAL
    /// mode.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn from_sqlite(pool: sqlx::SqlitePool) -> Self {
        Self::new(Pool::Sqlite(pool))
    }

    /// A store in the application's PostgreSQL database.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn from_postgres(pool: sqlx::PgPool) -> Self {
        Self::new(Pool::Postgres(pool))
    }

    pub(crate) fn new(pool: Pool) -> Self {
        let statements = Arc::new(Statements::new(pool.dialect(), PREFIX));
        Self {
            pool,
            statements,
            encryption: RowEncryption::new(None),
            writes: Arc::default(),
            unused_for: RowEnd::UNUSED_FOR,
            clock: None,
        }
    }

    /// Encrypts with these keys. `None`, the default, stores clear text.
    ///
    /// If there are rows in clear text, call [`reseal`](Self::reseal) once: otherwise they can't be read.
    #[must_use]
    pub fn keyring(mut self, keys: impl Into<Option<Keyring>>) -> Self {
        self.encryption = RowEncryption::new(keys.into());
        self
    }

    /// Begins the names of tables and indexes with another prefix than `authlib_`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it is not made of at most 40 lower-case letters, digits and `_`, or begins with a digit.
    pub fn table_prefix(mut self, prefix: &str) -> Result<Self> {
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let starts_with_digit = prefix.starts_with(|c: char| c.is_ascii_digit());
        if prefix.len() > MAX_PREFIX || !prefix.chars().all(valid) || starts_with_digit {
            let check = format!(
                "the table prefix {prefix:?} must be at most {MAX_PREFIX} lower-case letters, digits and `_`, and \
                 not begin with a digit"
            );
            return Err(Error::new(ErrorKind::Config, check));
        }
        self.statements = Arc::new(Statements::new(self.pool.dialect(), prefix));
        Ok(self)
    }

    /// Deletes a token with a refresh token or without an expiry when it was not used for this long. 90 days by
    /// default; a use is noted about once a day.
    #[must_use]
    pub fn unused_for(mut self, lifetime: Duration) -> Self {
        self.unused_for = lifetime;
        self
    }

    /// Takes the time from a clock instead of the database, for tests.
    #[must_use]
    pub fn on_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Closes the pool, which ends its connections. Statements that are running are completed.
    pub async fn close(&self) {
        match &self.pool {
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.close().await,
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.close().await,
        }
    }

    /// The arguments of a statement that uses the time: `$1` is the time, or `NULL` for that of the database.
    pub(crate) fn with_now<'a>(&self, args: &[Arg<'a>]) -> Vec<Arg<'a>> {
        let now = Arg::Number(self.clock.as_ref().map(|clock| unix_millis(clock.now())));
        std::iter::once(now).chain(args.iter().copied()).collect()
    }
}

impl fmt::Debug for SqlxStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlxStore").field("unused_for", &self.unused_for).finish_non_exhaustive()
    }
}
