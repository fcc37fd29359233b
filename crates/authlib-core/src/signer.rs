//! [`Signer`]: the client's keys for signatures, which may be outside of this process.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::jws::{self, Header};
use crate::jose::{Algorithm, SigningKey};
use crate::transport::BoxFuture;

/// Chooses the key of one operation: a client assertion, a DPoP proof or a request object.
///
/// Implement it for keys that are kept elsewhere: in a hardware module, in a key service, or behind a command. The
/// built-in one has the [`private_key`](crate::ClientConfig::private_key).
///
/// ```
/// use std::sync::Arc;
///
/// use authlib_core::Result;
/// use authlib_core::jose::Algorithm;
/// use authlib_core::signer::{SignatureKey, Signer};
/// use authlib_core::transport::BoxFuture;
/// use serde_json::{Map, Value};
///
/// struct Hsm;
/// struct HsmKey;
///
/// impl Signer for Hsm {
///     fn key(&self) -> BoxFuture<'_, Result<Arc<dyn SignatureKey>>> {
///         Box::pin(async { Ok(Arc::new(HsmKey) as Arc<dyn SignatureKey>) })
///     }
/// }
///
/// impl SignatureKey for HsmKey {
///     fn algorithms(&self) -> Vec<Algorithm> {
///         vec![Algorithm::Es256]
///     }
///     fn kid(&self) -> Option<String> {
///         Some("2027-01".to_owned())
///     }
///     fn public_jwk(&self) -> Option<Map<String, Value>> {
///         None
///     }
///     fn sign<'a>(&'a self, _: Algorithm, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
///         Box::pin(async move { Ok(message.to_vec()) }) // Here the module signs.
///     }
/// }
///
/// let client = authlib_core::ClientConfig::new("bank").client_id("app").signer(Hsm);
/// # let _ = client;
/// ```
pub trait Signer: Send + Sync {
    /// The key for one operation. Header and signature are of this key, even if another one becomes the current
    /// key in between.
    ///
    /// # Errors
    ///
    /// Why there is no key, for example [`ErrorKind::Transport`] if a key service does not respond.
    fn key(&self) -> BoxFuture<'_, Result<Arc<dyn SignatureKey>>>;

    /// The public keys that the provider should know, as JSON Web Keys: the current one, and after a rotation the one
    /// before; the next one too, before it is used. See
    /// [`RegisteredClient::public_jwks`](crate::RegisteredClient::public_jwks).
    fn public_jwks(&self) -> Vec<Map<String, Value>> {
        Vec::new()
    }
}

/// One key, which stays the same.
pub trait SignatureKey: Send + Sync {
    /// The algorithms that it signs with, the preferred one first.
    fn algorithms(&self) -> Vec<Algorithm>;

    /// The `kid` that the provider knows it by (RFC 7515 §4.1.4).
    fn kid(&self) -> Option<String>;

    /// Its public half as a JSON Web Key, which DPoP proofs contain; `None` if it is not known or a secret.
    fn public_jwk(&self) -> Option<Map<String, Value>>;

    /// The signature of `message` in the format of JWS (RFC 7518 §3): for ECDSA, R and S side by side.
    ///
    /// # Errors
    ///
    /// Why there is no signature.
    fn sign<'a>(
        &'a self,
        algorithm: Algorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// Signs `payload` as a compact JWS (RFC 7515 §7.1) with a key that was chosen for this operation.
pub(crate) async fn sign_jws(
    header: &Header,
    payload: &[u8],
    key: &dyn SignatureKey,
) -> Result<String> {
    let input = jws::signing_input(header, payload);
    let signature = key.sign(header.alg, input.as_bytes()).await?;
    Ok(jws::with_signature(input, &signature))
}

/// A key in this process, as a [`Signer`] that has no other.
#[derive(Clone, Debug)]
pub(crate) struct LocalKey(Arc<NamedKey>);

/// A key in this process.
#[derive(Debug)]
struct NamedKey {
    key: Arc<SigningKey>,
    /// The `kid`, if it is not that of the JWK.
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
}

impl LocalKey {
    pub(crate) fn new(key: impl Into<Arc<SigningKey>>, kid: Option<String>) -> Self {
        let key = key.into();
        let algorithms = key.algorithms().collect();
        Self(Arc::new(NamedKey { key, kid, algorithms }))
    }

    pub(crate) fn as_key(&self) -> Arc<dyn SignatureKey> {
        self.0.clone()
    }
}

impl Signer for LocalKey {
    fn key(&self) -> BoxFuture<'_, Result<Arc<dyn SignatureKey>>> {
        Box::pin(std::future::ready(Ok(self.as_key())))
    }

    fn public_jwks(&self) -> Vec<Map<String, Value>> {
        self.0.public_jwk().into_iter().collect()
    }
}

impl SignatureKey for NamedKey {
    fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.clone()
    }

    fn kid(&self) -> Option<String> {
        self.kid.as_deref().or_else(|| self.key.kid()).map(ToOwned::to_owned)
    }

    fn public_jwk(&self) -> Option<Map<String, Value>> {
        self.key.public_jwk(self.kid.as_deref())
    }

    fn sign<'a>(
        &'a self,
        algorithm: Algorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            self.key.sign(algorithm, message).map_err(|_| {
                let check = format!("the client's key could not sign with {algorithm}");
                Error::new(ErrorKind::Config, check)
                    .with_hint("check `token_endpoint_auth_signing_alg` and `dpop_signing_alg`")
            })
        })
    }
}

/// Two keys in this process: the second is published from the beginning, and signs from a certain time on.
pub(crate) struct RotatingKey {
    pub(crate) current: LocalKey,
    pub(crate) next: LocalKey,
    /// When the second key begins to sign; `None` if it is only published.
    pub(crate) not_before: Option<SystemTime>,
    pub(crate) clock: SharedClock,
}

/// The clock of the registry, which the settings of a client get when the registry is built.
pub(crate) type SharedClock = Arc<OnceLock<Arc<dyn Clock>>>;

impl Signer for RotatingKey {
    fn key(&self) -> BoxFuture<'_, Result<Arc<dyn SignatureKey>>> {
        let now = self.clock.get().map_or_else(|| SystemClock.now(), |clock| clock.now());
        match self.not_before.is_some_and(|not_before| not_before <= now) {
            true => self.next.key(),
            false => self.current.key(),
        }
    }

    fn public_jwks(&self) -> Vec<Map<String, Value>> {
        [&self.current, &self.next].into_iter().flat_map(LocalKey::public_jwks).collect()
    }
}

impl fmt::Debug for dyn Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl fmt::Debug for dyn SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}
