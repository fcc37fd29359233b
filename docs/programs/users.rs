//! The users of the application, in SQLite.

use authlib_core::login::Identity;
use sqlx::SqliteExecutor;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A user and the accounts with which the user can log in.
#[derive(Clone)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub accounts: Vec<String>,
}

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct Users(SqlitePool);

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS accounts (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, client TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users,
    PRIMARY KEY (issuer, subject))";

impl Users {
    pub async fn open(file: &str) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await?;
        sqlx::raw_sql(TABLES).execute(&pool).await?;
        Ok(Self(pool))
    }

    pub fn pool(&self) -> SqlitePool {
        self.0.clone()
    }

    /// The user whose account this is; at the first login, a new user. `email` must be one that
    /// `linkable_email()` returned: it leads to the user who has it.
    pub async fn log_in(
        &self,
        client: &str,
        account: &Identity,
        name: &str,
        email: Option<&str>,
    ) -> sqlx::Result<i64> {
        // Two requests of one new user must not create two users.
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(user) = owner(&mut *transaction, account).await? {
            return Ok(user);
        }
        let user = sqlx::query_scalar(
            "INSERT INTO users (name, email) VALUES (?, ?)
             ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id",
        )
        .bind(name)
        .bind(email)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query("INSERT INTO accounts VALUES (?, ?, ?, ?)")
            .bind(&account.issuer)
            .bind(&account.subject)
            .bind(client)
            .bind(user)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Gives the account to the user; `false` if another user has it.
    pub async fn connect(&self, user: i64, client: &str, account: &Identity) -> sqlx::Result<bool> {
        sqlx::query("INSERT INTO accounts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(&account.issuer)
            .bind(&account.subject)
            .bind(client)
            .bind(user)
            .execute(&self.0)
            .await?;
        Ok(owner(&self.0, account).await? == Some(user))
    }

    /// Takes the user's account at this client away; `false` if it is the only one.
    pub async fn disconnect(&self, user: i64, client: &str) -> sqlx::Result<bool> {
        let done = sqlx::query(
            "DELETE FROM accounts WHERE user_id = ?1 AND client = ?2
             AND EXISTS (SELECT 1 FROM accounts WHERE user_id = ?1 AND client <> ?2)",
        )
        .bind(user)
        .bind(client)
        .execute(&self.0)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The user of a login, by the id that was passed to `record_as`.
    pub async fn find(&self, id: &str) -> sqlx::Result<Option<User>> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT id, name FROM users WHERE id = CAST(? AS INTEGER)")
                .bind(id)
                .fetch_optional(&self.0)
                .await?;
        let Some((id, name)) = row else { return Ok(None) };
        let accounts =
            sqlx::query_scalar("SELECT client FROM accounts WHERE user_id = ? ORDER BY 1")
                .bind(id)
                .fetch_all(&self.0)
                .await?;
        Ok(Some(User { id, name, accounts }))
    }
}

/// The user whose account this is.
async fn owner(database: impl SqliteExecutor<'_>, account: &Identity) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT user_id FROM accounts WHERE issuer = ? AND subject = ?")
        .bind(&account.issuer)
        .bind(&account.subject)
        .fetch_optional(database)
        .await
}

/// The home page.
pub fn page(user: Option<&User>, clients: &[String]) -> String {
    let Some(user) = user else {
        let link = |client: &String| format!("<p><a href='/login/{client}'>Log in: {client}</a>");
        return clients.iter().map(link).collect();
    };
    let name = user.name.replace('&', "&amp;").replace('<', "&lt;");
    let mut page = format!("<h1>Hello, {name}</h1><p>You are user {}.", user.id);
    for client in clients {
        let has = user.accounts.iter().any(|account| account == client);
        let action = if has { "disconnect" } else { "connect" };
        page += &format!(
            "<form method=post action='/{action}/{client}'><button>{action} {client}</button></form>"
        );
    }
    page + "<form method=post action='/logout'><button>Log out</button></form>"
}
