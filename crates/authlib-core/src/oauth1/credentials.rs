//! Client credentials and token credentials, RFC 5849 §1.1.

#[cfg(feature = "oauth1-rsa-sha1")]
use crate::crypto::RsaSha1Key;
use crate::crypto::{CryptoError, Hash, PrivateKey, Scheme};
use crate::jose::pem::{self, PemError};
use crate::secret::Secret;

/// Client credentials: the identifier, and a shared secret or a private key.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    /// `oauth_consumer_key`.
    pub(crate) identifier: String,
    /// The shared secret; empty if the client signs with a private key.
    pub(crate) secret: Secret,
    /// For the RSA signature methods.
    pub(crate) rsa_key: Option<RsaKey>,
}

/// Temporary or token credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenCredentials<'a> {
    /// `oauth_token`.
    pub(crate) token: &'a Secret,
    /// `oauth_token_secret`.
    pub(crate) secret: &'a Secret,
}

/// A private RSA key, parsed once for every RSA signature method.
#[derive(Debug)]
pub(crate) struct RsaKey {
    #[cfg(feature = "oauth1-rsa-sha1")]
    sha1: RsaSha1Key,
    sha2: PrivateKey,
}

/// Why a text is not a private RSA key. It contains nothing of the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RsaKeyError {
    #[error("is not PEM with a `PRIVATE KEY` or an `RSA PRIVATE KEY`")]
    Format,
    #[error("is encrypted, which is not supported: decrypt it first")]
    Encrypted,
    #[error("is not an RSA key of 2048 to 8192 bits")]
    Key,
}

impl RsaKey {
    /// A key from PEM, PKCS#8 or PKCS#1.
    pub(crate) fn parse(text: &Secret) -> Result<Self, RsaKeyError> {
        let der = pem::decode(text.expose(), pem::PRIVATE_KEY).map_err(|cause| match cause {
            PemError::Encrypted => RsaKeyError::Encrypted,
            PemError::Format => RsaKeyError::Format,
        })?;
        let sha2 = PrivateKey::from_der(&der).ok().filter(|key| key.fits(Scheme::Rs(Hash::Sha256)));
        Ok(Self {
            #[cfg(feature = "oauth1-rsa-sha1")]
            sha1: RsaSha1Key::from_der(&der).map_err(|_| RsaKeyError::Key)?,
            sha2: sha2.ok_or(RsaKeyError::Key)?,
        })
    }

    /// The PKCS#1 v1.5 signature with SHA-1.
    #[cfg(feature = "oauth1-rsa-sha1")]
    pub(super) fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.sha1.sign(message)
    }

    #[cfg(not(feature = "oauth1-rsa-sha1"))]
    pub(super) fn sign_sha1(&self, _: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError)
    }

    /// The PKCS#1 v1.5 signature by a scheme with SHA-2.
    pub(super) fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.sha2.sign(scheme, message)
    }
}
