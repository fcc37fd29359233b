//! [`Pool`]: one way to run a statement on either database.

use authlib_core::{Error, ErrorKind, Result};
#[cfg(feature = "postgres")]
use sqlx::PgPool;
#[cfg(feature = "sqlite")]
use sqlx::SqlitePool;
use sqlx::{Arguments as _, Database, Encode, Type};

use crate::statements::Dialect;

/// The application's pool.
#[derive(Clone)]
pub(crate) enum Pool {
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
    #[cfg(feature = "sqlite")]
    Sqlite(SqlitePool),
}

/// An argument of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    Bool(bool),
    Number(Option<i64>),
    Text(Option<&'a str>),
}

impl From<bool> for Arg<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Number(Some(value))
    }
}

impl From<Option<i64>> for Arg<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Number(value)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

/// The arguments of a statement: `$1` is the first.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::pool::Arg::from($value)),*] };
}
pub(crate) use args;

/// Runs the same code on a connection of either pool.
macro_rules! run {
    ($self:expr, $args:expr, |$connection:ident, $arguments:ident| $run:expr) => {
        match $self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => {
                refuse_nul($args)?;
                let $arguments = arguments::<sqlx::Postgres>($args)?;
                let mut running = crate::running::Running::start(pool).await.map_err(failed)?;
                let $connection = running.connection();
                let done = tokio::time::timeout(crate::running::TIMEOUT, async { $run }).await;
                let done = done.map_err(|_| crate::running::timed_out())?;
                running.complete();
                done.map_err(failed)
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite($connection) => {
                let $arguments = arguments::<sqlx::Sqlite>($args)?;
                $run.map_err(failed)
            }
        }
    };
}

// A statement with `RETURNING` must be read to its end (`fetch_all`): SQLite commits it there.
impl Pool {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// How many rows the statement changed.
    pub(crate) async fn execute(&self, sql: &str, args: &[Arg<'_>]) -> Result<u64> {
        run!(self, args, |connection, arguments| {
            let done = sqlx::query_with(sql, arguments).execute(connection).await;
            done.map(|done| done.rows_affected())
        })
    }

    /// The first column of the first row.
    pub(crate) async fn number(&self, sql: &str, args: &[Arg<'_>]) -> Result<Option<i64>> {
        let rows: Vec<(Option<i64>,)> = run!(self, args, |connection, arguments| {
            sqlx::query_as_with(sql, arguments).fetch_all(connection).await
        })?;
        Ok(rows.into_iter().next().and_then(|row| row.0))
    }

    /// The first column of the first row.
    pub(crate) async fn text(&self, sql: &str, args: &[Arg<'_>]) -> Result<Option<String>> {
        let rows: Vec<(String,)> = run!(self, args, |connection, arguments| {
            sqlx::query_as_with(sql, arguments).fetch_all(connection).await
        })?;
        Ok(rows.into_iter().next().map(|row| row.0))
    }

    /// The first row, of a text and a number.
    pub(crate) async fn text_and_number(
        &self,
        sql: &str,
        args: &[Arg<'_>],
    ) -> Result<Option<(String, i64)>> {
        let rows: Vec<(String, i64)> = run!(self, args, |connection, arguments| {
            sqlx::query_as_with(sql, arguments).fetch_all(connection).await
        })?;
        Ok(rows.into_iter().next())
    }

    /// Rows of two texts and a flag.
    pub(crate) async fn found(
        &self,
        sql: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<(String, String, bool)>> {
        run!(self, args, |connection, arguments| {
            sqlx::query_as_with(sql, arguments).fetch_all(connection).await
        })
    }

    /// Rows of three texts.
    pub(crate) async fn texts(
        &self,
        sql: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<(String, String, String)>> {
        run!(self, args, |connection, arguments| {
            sqlx::query_as_with(sql, arguments).fetch_all(connection).await
        })
    }
}

fn arguments<'q, DB: Database>(args: &[Arg<'q>]) -> Result<DB::Arguments<'q>>
where
    bool: Encode<'q, DB> + Type<DB>,
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<&'q str>: Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for arg in args {
        let added = match *arg {
            Arg::Bool(value) => arguments.add(value),
            Arg::Number(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
        };
        added.map_err(|error| Error::new(ErrorKind::Store, error))?;
    }
    Ok(arguments)
}

/// PostgreSQL can't store it in a text.
#[cfg(feature = "postgres")]
fn refuse_nul(args: &[Arg<'_>]) -> Result<()> {
    let has_nul = |arg: &Arg<'_>| matches!(arg, Arg::Text(Some(text)) if text.contains('\0'));
    if args.iter().any(has_nul) {
        let check = "PostgreSQL can't store a text with a NUL character";
        return Err(Error::new(ErrorKind::Unsupported, check).with_hint(
            "encode the user id that your application passes, for example by percent-encoding",
        ));
    }
    Ok(())
}

/// The message only: the debug form of a database's error has the values of the row.
pub(crate) fn failed(error: sqlx::Error) -> Error {
    let sqlx::Error::Database(error) = error else {
        return Error::new(ErrorKind::Store, format!("the database failed: {error}"));
    };
    let message = error.message();
    let failed = Error::new(ErrorKind::Store, format!("the database failed: {message}"));
    let is_missing = error.code().is_some_and(|code| code == UNDEFINED_TABLE);
    if is_missing || message.starts_with("no such table") {
        return failed.with_hint("call `SqlxStore::migrate` before the store is used");
    }
    failed
}

/// PostgreSQL's code for a missing table.
const UNDEFINED_TABLE: &str = "42P01";
