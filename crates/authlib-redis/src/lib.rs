//! Tokens and pending logins in Redis (6.2 or newer) or Valkey, for any number of processes.
//!
//! ```no_run
//! use authlib_core::{Keyring, OAuth};
//! use authlib_redis::RedisStore;
//!
//! # async fn run() -> authlib_core::Result<()> {
//! let store = RedisStore::connect("redis://127.0.0.1").await?.keyring(Keyring::from_env()?);
//! let oauth = OAuth::builder().token_store(store.clone()).pending_login_store(store).build()?;
//! # let _ = oauth;
//! # Ok(())
//! # }
//! ```
//!
//! **Redis must keep what it stored.** With an eviction policy other than `noeviction` or `volatile-ttl`, users are logged
//! out when memory is short. Without persistence, they are when Redis restarts, and refresh tokens are lost.
//!
//! # What is stored
//!
//! Tokens and pending logins are encrypted with the [`Keyring`](authlib_core::Keyring). Client, user, `iss`, `sub`
//! and `sid` are in clear text, and SHA-256 of access and refresh token. **Without a key ring, tokens are in clear text too**; a warning is logged.
//!
//! Every key has an expiry. The keys of one owner share a hash tag, so they are in one slot of a cluster:
//!
//! | key | content |
//! | --- | --- |
//! | `authlib:{OWNER}:row` | a hash: the token, its fingerprint, and what the row is found by |
//! | `authlib:{OWNER}:lease`, `authlib:{OWNER}:fence` | the lease that is held, and the last fencing number |
//! | `authlib:index:QUERY` | a sorted set of the rows of an account, session or refresh token, by their end |
//! | `authlib:ended:QUERY` | when the logins of an account or session were ended |
//! | `authlib:pending:KEY` | a pending login |
//! | `authlib:session:HASH` | a browser session (features `actix-session`, `tower-sessions`) |
//!
//! # Features
//!
//! - `actix-session`: [`RedisStore`] is also a session store of actix-session, for `authlib_actix::session_middleware`.
//! - `cluster`: Redis Cluster.
//! - `tls` (default): `rediss://` URLs, by rustls.
//! - `tower-sessions`: [`RedisStore`] is also a session store of tower-sessions, for `authlib_axum::session_layer`.

#[cfg(feature = "actix-session")]
mod actix_session;
mod connection;
mod index;
mod pending_login_store;
mod reseal;
mod scripts;
#[cfg(any(feature = "actix-session", feature = "tower-sessions"))]
mod sessions;
mod store;
mod token_store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

pub use crate::store::RedisStore;
