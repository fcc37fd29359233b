//! [`ClientSecretSource`]: a client secret that is kept elsewhere and may change while the application runs.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::transport::BoxFuture;

/// How long a fetched secret is used, unless `client_secret_ttl` says otherwise.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_secs(300);

/// The largest file of a client secret, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Fetches the client secret, for example from a vault. The secret is used for
/// [`client_secret_ttl`](crate::ClientConfig::client_secret_ttl), and fetched again at once if the provider responds with
/// `invalid_client`.
///
/// ```
/// use authlib_core::secret_source::ClientSecretSource;
/// use authlib_core::transport::BoxFuture;
/// use authlib_core::{ClientConfig, Result, Secret};
///
/// struct Vault;
///
/// impl ClientSecretSource for Vault {
///     fn fetch(&self) -> BoxFuture<'_, Result<Secret>> {
///         Box::pin(async { Ok(Secret::new("s3cr3t")) }) // Here the vault is asked.
///     }
/// }
///
/// let client = ClientConfig::new("bank").client_id("app").client_secret_source(Vault);
/// # let _ = client;
/// ```
pub trait ClientSecretSource: Send + Sync {
    /// The current secret.
    ///
    /// # Errors
    ///
    /// Why there is none, for example [`ErrorKind::Transport`] if a vault does not respond. The request that needs the secret
    /// then fails with it, unless an earlier secret is still at hand: that one is used, and a warning logged.
    fn fetch(&self) -> BoxFuture<'_, Result<Secret>>;
}

/// The secret of a file (`client_secret_file`), such as a Docker or Kubernetes secret. The file is small and local: it is read
/// for each request that needs it.
#[derive(Debug)]
pub(crate) struct SecretFile(pub(crate) PathBuf);

impl SecretFile {
    /// The content without the line end that editors add.
    pub(crate) fn read(&self) -> Result<Secret> {
        let failed = |cause: String| {
            let check = format!("`client_secret_file` {:?} can't be read: {cause}", self.0);
            Error::new(ErrorKind::Config, check).with_hint("check the path and its permissions")
        };
        let length = std::fs::metadata(&self.0).map_err(|cause| failed(cause.to_string()))?.len();
        if length > MAX_FILE {
            return Err(failed("it is larger than 64 KiB".to_owned()));
        }
        let bytes = std::fs::read(&self.0).map_err(|cause| failed(cause.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(failed("it is empty".to_owned()));
        }
        Ok(Secret::new(secret))
    }
}

impl ClientSecretSource for SecretFile {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret>> {
        Box::pin(async { self.read() })
    }
}

/// A source with the secret that it returned last.
pub(crate) struct SecretCache {
    source: Arc<dyn ClientSecretSource>,
    ttl: Duration,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    secret: Secret,
    fetched_at: SystemTime,
    is_rejected: bool,
}

impl SecretCache {
    pub(crate) fn new(source: Arc<dyn ClientSecretSource>, ttl: Duration) -> Self {
        Self { source, ttl, known: Mutex::default() }
    }

    /// The secret, fetched if it is older than its time to live.
    pub(crate) async fn current(&self, now: SystemTime) -> Result<Secret> {
        let known = self.lock().clone();
        // A clock that was set back does not keep a secret for longer.
        let is_young = |known: &Known| {
            !known.is_rejected
                && now.duration_since(known.fetched_at).is_ok_and(|age| age < self.ttl)
        };
        if let Some(known) = known.as_ref().filter(|known| is_young(known)) {
            return Ok(known.secret.clone());
        }
        match self.source.fetch().await {
            Ok(secret) => {
                let fetched = Known { secret, fetched_at: now, is_rejected: false };
                Ok(self.lock().insert(fetched).secret.clone())
            }
            Err(error) => match known.filter(|known| !known.is_rejected) {
                Some(known) => {
                    let error = error.report();
                    tracing::warn!(%error, "client secret not fetched; using the earlier one");
                    Ok(known.secret)
                }
                None => Err(error),
            },
        }
    }

    /// Another secret after the provider rejected `rejected`, fetched once; `None` if the source has no other.
    pub(crate) async fn other_than(&self, rejected: &Secret, now: SystemTime) -> Option<Secret> {
        if let Some(known) = &mut *self.lock()
            && known.secret == *rejected
        {
            known.is_rejected = true;
        }
        let fetched = self.current(now).await.inspect_err(|error| {
            tracing::warn!(error = %error.report(), "client secret not fetched again");
        });
        fetched.ok().filter(|secret| secret != rejected)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SecretCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretCache").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}
