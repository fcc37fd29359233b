//! [`Running`]: a statement on a connection to PostgreSQL, which may never respond.

use std::time::Duration;

use authlib_core::{Error, ErrorKind};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

/// How long a statement may take. Each works on a few rows.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// A connection whose statement may be dropped before it is complete: it is closed then. sqlx would wait for the rest of
/// the response before it gives the connection out again, and on a dead connection nothing comes.
pub(crate) struct Running(Option<PoolConnection<Postgres>>);

impl Running {
    pub(crate) async fn start(pool: &PgPool) -> Result<Self, sqlx::Error> {
        pool.acquire().await.map(|connection| Self(Some(connection)))
    }

    /// Its connection.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        #[expect(clippy::expect_used, reason = "only `complete` and `Drop` take it")]
        self.0.as_mut().expect("a connection")
    }

    /// Gives the connection back.
    pub(crate) fn complete(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

pub(crate) fn timed_out() -> Error {
    let check = format!("the database failed: no response within {} seconds", TIMEOUT.as_secs());
    Error::new(ErrorKind::Store, check)
}
