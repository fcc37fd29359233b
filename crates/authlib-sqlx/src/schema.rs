//! The tables, and creating them.

use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result};

use sqlx::Executor as _;

use crate::pool::{Pool, failed};
use crate::statements::Dialect;
use crate::store::SqlxStore;

/// What each version of the schema adds to the one before. A version is never changed after its release, and adds
/// only what an older version of this crate can ignore: replicas of both run at the same time.
struct Step {
    #[cfg(feature = "postgres")]
    postgres: &'static str,
    #[cfg(feature = "sqlite")]
    sqlite: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        #[cfg(feature = "postgres")]
        postgres: include_str!("schema/postgres.sql"),
        #[cfg(feature = "sqlite")]
        sqlite: include_str!("schema/sqlite.sql"),
    },
    // Rows of before have no `refresh_hash` until they are written again.
    Step {
        #[cfg(feature = "postgres")]
        postgres: include_str!("schema/postgres-2.sql"),
        #[cfg(feature = "sqlite")]
        sqlite: include_str!("schema/sqlite-2.sql"),
    },
];

impl SqlxStore {
    /// Creates the tables, or adds what a newer version of this crate needs. Any number of replicas may call it at the same
    /// time. If the tables are complete, it only reads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the database fails, or its user may not create tables.
    pub async fn migrate(&self) -> Result<()> {
        let version = self.version();
        let sql = version.as_str();
        // Fails if there is no table.
        if self.pool.number(sql, &[]).await.is_ok_and(is_complete) {
            return Ok(());
        }
        // Boxed as `Send`: the compiler can't prove it of a caller's future that contains these.
        let migration: BoxFuture<'_, Result<(), sqlx::Error>> = match &self.pool {
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => Box::pin(self.migrate_postgres(pool)),
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => Box::pin(self.migrate_sqlite(pool)),
        };
        migration.await.map_err(failed)?;
        match self.pool.number(sql, &[]).await? {
            version if is_complete(version) => Ok(()),
            _ => Err(Error::new(ErrorKind::Store, "the tables were not created")),
        }
    }

    /// The SQL that creates the tables, for applications with their own migrations.
    #[must_use]
    pub fn schema(&self) -> String {
        STEPS.iter().map(|step| self.sql(step)).collect()
    }

    #[cfg(feature = "postgres")]
    async fn migrate_postgres(&self, pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
        /// Of the advisory lock: "authlib" in ASCII.
        const LOCK: i64 = 0x61_75_74_68_6c_69_62;
        let mut transaction = pool.begin().await?;
        // Waits for a replica that migrates; the transaction's end unlocks.
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await?;
        let table = format!("{}schema", self.statements.prefix);
        let exists = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
        let version = if exists.fetch_one(&mut *transaction).await? {
            sqlx::query_scalar(&self.version()).fetch_one(&mut *transaction).await?
        } else {
            None
        };
        for step in self.missing(version) {
            (&mut *transaction).execute(step.as_str()).await?;
        }
        transaction.commit().await
    }

    #[cfg(feature = "sqlite")]
    async fn migrate_sqlite(&self, pool: &sqlx::SqlitePool) -> Result<(), sqlx::Error> {
        // Locks the file at once, so that nothing changes between reading and writing.
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        let table = format!("{}schema", self.statements.prefix);
        let exists = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
        let exists = sqlx::query_scalar(exists).bind(table);
        let exists: i64 = exists.fetch_one(&mut *transaction).await?;
        let version = if exists > 0 {
            sqlx::query_scalar(&self.version()).fetch_one(&mut *transaction).await?
        } else {
            None
        };
        for step in self.missing(version) {
            (&mut *transaction).execute(step.as_str()).await?;
        }
        transaction.commit().await
    }

    fn version(&self) -> String {
        format!("SELECT MAX(version) FROM {}schema", self.statements.prefix)
    }

    /// The steps after `version`.
    fn missing(&self, version: Option<i64>) -> Vec<String> {
        let done = usize::try_from(version.unwrap_or_default()).unwrap_or_default();
        STEPS.iter().skip(done).map(|step| self.sql(step)).collect()
    }

    fn sql(&self, step: &Step) -> String {
        let text = match self.statements.dialect {
            #[cfg(feature = "postgres")]
            Dialect::Postgres => step.postgres,
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => step.sqlite,
        };
        text.replace("authlib_", &self.statements.prefix)
    }
}

fn is_complete(version: Option<i64>) -> bool {
    let version = version.and_then(|version| usize::try_from(version).ok());
    version.is_some_and(|version| version >= STEPS.len())
}
