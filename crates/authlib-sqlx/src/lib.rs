//! Tokens and pending logins in SQLite or PostgreSQL, for any number of processes.
//!
//! ```no_run
//! use authlib_core::{Keyring, OAuth};
//! use authlib_sqlx::SqlxStore;
//!
//! # async fn run() -> authlib_core::Result<()> {
//! let store = SqlxStore::connect("sqlite:authlib.sqlite").await?.keyring(Keyring::from_env()?);
//! store.migrate().await?;
//! let oauth = OAuth::builder().token_store(store.clone()).pending_login_store(store).build()?;
//! # let _ = oauth;
//! # Ok(())
//! # }
//! ```
//!
//! # What is stored
//!
//! Tokens and pending logins are encrypted with the [`Keyring`](authlib_core::Keyring). Client, user, `iss`, `sub`
//! and `sid` are in clear text, because rows are found by them, and SHA-256 of access and refresh token. **Without a key ring, tokens are in clear text too**; a
//! warning is logged.
//!
//! Rows end by themselves: [`SqlxStore`] says when. Each tenth write deletes up to 100 rows that have ended, so no
//! task needs to run.
//!
//! # The tables
//!
//! [`SqlxStore::migrate`] creates them. If you run your own migrations, use this SQL, with your prefix instead of
//! `authlib_`; [`SqlxStore::schema`] returns it. A later version of this crate may add to it, and
//! [`SqlxStore::migrate`] then applies only what is new.
//!
//! For PostgreSQL:
//!
//! ```sql
#![doc = include_str!("schema/postgres.sql")]
#![doc = include_str!("schema/postgres-2.sql")]
//! ```
//!
//! For SQLite:
//!
//! ```sql
#![doc = include_str!("schema/sqlite.sql")]
#![doc = include_str!("schema/sqlite-2.sql")]
//! ```
//!
//! # Features
//!
//! - `sqlite` (default): SQLite, compiled in.
//! - `postgres`: PostgreSQL.
//! - `actix-session`: [`SqlxStore`] is also a session store of actix-session, for `authlib_actix::session_middleware`.
//! - `tower-sessions`: [`SqlxStore`] is also a session store of tower-sessions, for `authlib_axum::session_layer`.

// Without a database there is nothing.
#![cfg(any(feature = "postgres", feature = "sqlite"))]

#[cfg(feature = "actix-session")]
mod actix_session;
mod connect;
mod pending_login_store;
mod pool;
mod reseal;
#[cfg(feature = "postgres")]
mod running;
mod schema;
#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
mod sessions;
mod statements;
mod store;
mod sweep;
mod token_store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

pub use crate::store::SqlxStore;
