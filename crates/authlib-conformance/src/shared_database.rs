//! [`SharedDatabase`]: what replicas share, PostgreSQL or Redis.

use crate::database::{PostgresServer, RedisServer};

/// A real server, over which example apps keep their tokens.
#[derive(Debug)]
#[non_exhaustive]
pub enum SharedDatabase {
    /// PostgreSQL.
    Postgres(PostgresServer),
    /// Redis, which keeps what it stored over a restart.
    Redis(RedisServer),
}

impl SharedDatabase {
    /// PostgreSQL. `None` if it is not installed.
    pub async fn postgres() -> Option<Self> {
        PostgresServer::start().await.map(Self::Postgres)
    }

    /// Redis with a file. `None` if it is not installed.
    pub async fn redis() -> Option<Self> {
        RedisServer::durable().await.map(Self::Redis)
    }

    /// Whether it is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The variable by which an app finds it on this port.
    #[must_use]
    pub fn variable(&self, port: u16) -> (&'static str, String) {
        let (name, url) = match self {
            Self::Postgres(server) => ("DATABASE_URL", server.url()),
            Self::Redis(server) => ("REDIS_URL", server.url()),
        };
        (name, url.replace(&format!(":{}", self.port()), &format!(":{port}")))
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Postgres(server) => server.port(),
            Self::Redis(server) => server.port(),
        }
    }

    /// Stops it at once, as a crash does. The data stays.
    pub fn stop(&mut self) {
        match self {
            Self::Postgres(server) => server.stop(),
            Self::Redis(server) => server.stop(),
        }
    }

    /// Starts it again.
    pub async fn resume(&mut self) {
        match self {
            Self::Postgres(server) => server.resume().await,
            Self::Redis(server) => server.resume().await,
        }
    }
}
