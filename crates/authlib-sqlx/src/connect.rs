//! [`SqlxStore::connect`]: a pool from a URL.

use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result};

use crate::store::SqlxStore;

impl SqlxStore {
    /// A store with a pool of its own: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
    ///
    /// A SQLite file is created if there is none, readable only by the user of the process, and put into WAL mode, so
    /// several processes can use it. PostgreSQL's URL has sqlx's parameters, such as `sslmode` and `sslrootcert`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the URL names no database that this build supports, and [`ErrorKind::Store`] if the
    /// database can't be reached. The URL, which has a password, is not in the error.
    pub async fn connect(url: &str) -> Result<Self> {
        // Boxed as `Send`: the compiler can't prove it of a caller's future that contains these.
        let connection: BoxFuture<'_, Result<Self>> = match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => {
                Box::pin(async move { sqlite::connect(url).await.map(Self::from_sqlite) })
            }
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                Box::pin(async move { postgres::connect(url).await.map(Self::from_postgres) })
            }
            _ => {
                let check = "the database of the URL is not supported";
                return Err(Error::new(ErrorKind::Config, check).with_hint(SUPPORTED));
            }
        };
        connection.await
    }
}

const SUPPORTED: &str = "this build supports `sqlite:PATH` with the feature `sqlite`, and `postgres://…` with the \
                         feature `postgres`";

#[cfg(feature = "postgres")]
mod postgres {
    use std::time::Duration;

    use authlib_core::{Error, ErrorKind, Result};
    use sqlx::PgPool;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use crate::pool::failed;

    /// How long a request waits for a connection: it fails then, instead of piling up behind a lost database.
    const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

    pub(super) async fn connect(url: &str) -> Result<PgPool> {
        let options: PgConnectOptions = url.parse().map_err(|_| {
            Error::new(ErrorKind::Config, "the PostgreSQL URL is malformed")
                .with_hint("write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, percent-encoded")
        })?;
        let pool = PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
        pool.connect_with(options).await.map_err(failed)
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;
    use std::time::Duration;

    use authlib_core::{Error, ErrorKind, Result};
    use sqlx::SqlitePool;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use crate::pool::failed;

    /// How long a statement waits for another writer.
    const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

    /// SQLite has one writer at a time; more connections would only wait.
    const CONNECTIONS: u32 = 4;

    pub(super) async fn connect(url: &str) -> Result<SqlitePool> {
        let options: SqliteConnectOptions = url.parse().map_err(|_| {
            Error::new(ErrorKind::Config, "the SQLite URL is malformed")
                .with_hint("write `sqlite:PATH` or `sqlite::memory:`")
        })?;
        let options = options.busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new();
        if url.contains(":memory:") || url.contains("mode=memory") {
            // The database is gone when its last connection is.
            let pool = pool.max_connections(1).idle_timeout(None).max_lifetime(None);
            return pool.connect_with(options).await.map_err(failed);
        }
        if !url.contains("mode=ro") {
            create(options.get_filename())?;
        }
        let pool = pool.max_connections(CONNECTIONS).connect_with(options).await.map_err(failed)?;
        use_wal(&pool).await?;
        Ok(pool)
    }

    /// Creates the file so that only the user of the process can read it. SQLite gives its other files the same mode.
    fn create(path: &Path) -> Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(_) => Ok(()),
            // It is there, and can only be read.
            Err(_) if path.is_file() => Ok(()),
            Err(error) => {
                let check = format!("the database file {}: {error}", path.display());
                Err(Error::new(ErrorKind::Store, check))
            }
        }
    }

    /// The mode stays in the file. SQLite's busy timeout does not apply to the change: when two processes make it at the
    /// same time, one of them fails, and finds it made.
    async fn use_wal(pool: &SqlitePool) -> Result<()> {
        let changed = sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await;
        let Err(error) = changed else { return Ok(()) };
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.map_err(failed)?;
        if mode != "wal" {
            tracing::warn!(error = %failed(error), mode, "could not put the SQLite file into WAL mode");
        }
        Ok(())
    }
}
