//! [`RedisStore`]: its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use authlib_core::store::{RowEnd, TokenOwner};
use authlib_core::{Error, ErrorKind, Keyring, Result, RowEncryption};
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
#[cfg(feature = "cluster")]
use redis::cluster_async::ClusterConnection;

use crate::connection::{Connection, failed};
use crate::scripts::Scripts;

/// Tokens and pending logins in Redis. Cheap to clone.
///
/// A row ends
///
/// - after [`TokenRow::lifetime`](authlib_core::store::TokenRow::lifetime), if it has one, as the rows of browser logins
///   do;
/// - at the token's expiry, if there is no refresh token;
/// - after 90 days without use ([`unused_for`](Self::unused_for)) otherwise.
///
/// Pending logins end after ten minutes.
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) connection: Connection,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) encryption: RowEncryption,
    pub(crate) prefix: Arc<str>,
    pub(crate) unused_for: Duration,
}

/// The default of [`RedisStore::key_prefix`].
const PREFIX: &str = "authlib:";

/// How long a request waits for a connection, and then for a response: it fails then, instead of piling up behind a lost
/// server.
const TIMEOUT: Duration = Duration::from_secs(3);

impl RedisStore {
    /// A store on the application's connection.
    #[must_use]
    pub fn new(connection: ConnectionManager) -> Self {
        Self::over(Connection::Single(connection))
    }

    /// A store on the application's connection to a cluster.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub fn cluster(connection: ClusterConnection) -> Self {
        Self::over(Connection::Cluster(connection))
    }

    /// A store with a connection of its own: `redis://HOST:PORT/DATABASE`, or `rediss://…` for TLS.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the URL is malformed, or needs TLS in a build without it, and [`ErrorKind::Store`] if
    /// Redis can't be reached. The URL, which has a password, is not in the error.
    pub async fn connect(url: &str) -> Result<Self> {
        let client = client(url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_with_config(client, config).await;
        connection.map(Self::new).map_err(failed)
    }

    /// A store with a connection of its own to a cluster, by the URLs of some of its nodes.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    #[cfg(feature = "cluster")]
    pub async fn connect_cluster(urls: &[&str]) -> Result<Self> {
        urls.iter().try_for_each(|url| client(url).map(drop))?;
        let builder = redis::cluster::ClusterClient::builder(urls.iter().copied());
        let builder = builder.connection_timeout(TIMEOUT).response_timeout(TIMEOUT);
        let client = builder.build().map_err(failed)?;
        client.get_async_connection().await.map(Self::cluster).map_err(failed)
    }

    fn over(connection: Connection) -> Self {
        Self {
            connection,
            scripts: Arc::new(Scripts::new()),
            encryption: RowEncryption::new(None),
            prefix: PREFIX.into(),
            unused_for: RowEnd::UNUSED_FOR,
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

    /// Begins the names of keys with another prefix than `authlib:`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it has braces, which would put all keys of a cluster into one slot, or characters of a
    /// pattern (`*`, `?`, `[`, `\`).
    pub fn key_prefix(mut self, prefix: &str) -> Result<Self> {
        if prefix.contains(['{', '}', '*', '?', '[', '\\']) {
            let check = format!("the key prefix {prefix:?} has braces or characters of a pattern");
            return Err(Error::new(ErrorKind::Config, check));
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    /// Deletes a token with a refresh token or without an expiry when it was not used for this long. 90 days by
    /// default; a use is noted about once a day.
    #[must_use]
    pub fn unused_for(mut self, lifetime: Duration) -> Self {
        self.unused_for = lifetime;
        self
    }

    /// A key of an owner. The hash tag puts all of them into one slot of a cluster.
    pub(crate) fn owner_key(&self, owner: &TokenOwner, name: &str) -> String {
        format!("{}{{{}}}:{name}", self.prefix, tag(owner))
    }

    pub(crate) fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, unused_for, .. } = self;
        let mut fields = f.debug_struct("RedisStore");
        fields.field("prefix", prefix).field("unused_for", unused_for).finish_non_exhaustive()
    }
}

/// The owner as letters, digits, `-` and `_`.
fn tag(owner: &TokenOwner) -> String {
    authlib_core::store::LoginQuery::ClientSubject {
        client: owner.client.clone(),
        sub: owner.user.clone(),
    }
    .key()
}

fn client(url: &str) -> Result<Client> {
    #[cfg(feature = "tls")]
    if url.starts_with("rediss:") {
        // Fails if the application has chosen a provider already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    Client::open(url).map_err(|_| {
        let check = "the Redis URL is malformed, or this build does not support it";
        Error::new(ErrorKind::Config, check).with_hint(
            "write `redis://USER:PASSWORD@HOST:PORT/DATABASE`, percent-encoded; `rediss://` needs the feature `tls`",
        )
    })
}
