//! Who signs, RFC 5849 §1.1: client credentials, and the credentials of a token.

use crate::crypto::{Failed, PrivateKey, RsaSha1Key, Scheme};
use crate::jose::{SigningKeyError, pem};
use crate::secret::Secret;

/// What a client is registered with: its identifier, and a shared secret or a private key.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    /// `oauth_consumer_key`.
    pub(crate) identifier: String,
    /// The shared secret; empty where the client signs with a private key.
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
    sha1: RsaSha1Key,
    sha2: PrivateKey,
}

/// Why a text is no private RSA key. Nothing of the text is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RsaKeyError {
    #[error("is no PEM with a `PRIVATE KEY` or an `RSA PRIVATE KEY`")]
    Format,
    #[error("is encrypted: decrypt it first, there is no setting for its password")]
    Encrypted,
    #[error("is no RSA key of 2048 to 8192 bits")]
    Key,
}

impl RsaKey {
    /// A key from PEM, PKCS#8 or PKCS#1.
    pub(crate) fn parse(text: &Secret) -> Result<Self, RsaKeyError> {
        let der = pem(text.expose()).map_err(|cause| match cause {
            SigningKeyError::Encrypted => RsaKeyError::Encrypted,
            _ => RsaKeyError::Format,
        })?;
        match (RsaSha1Key::from_der(&der), PrivateKey::from_der(&der)) {
            (Ok(sha1), Ok(sha2)) => Ok(Self { sha1, sha2 }),
            _ => Err(RsaKeyError::Key),
        }
    }

    /// The PKCS#1 v1.5 signature with SHA-1.
    pub(super) fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        self.sha1.sign(message)
    }

    /// The PKCS#1 v1.5 signature by a scheme with SHA-2.
    pub(super) fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Failed> {
        self.sha2.sign(scheme, message)
    }
}
