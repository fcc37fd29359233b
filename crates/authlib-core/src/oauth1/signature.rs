//! Signature methods, RFC 5849 §3.4.2 to §3.4.4: HMAC, RSA and PLAINTEXT.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::{ClientCredentials, RsaKey};
use super::escape::{ascii, escape, escaped_len};
use super::settings::SignatureMethod;
use crate::crypto::{CryptoError, Hash, MacKey, Scheme};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

#[derive(Debug, thiserror::Error)]
enum SignatureError {
    #[error("the signature method {0} needs a private RSA key (RFC 5849 §3.4.3)")]
    NoKey(SignatureMethod),
    #[error("the private key could not sign with {0}")]
    Failed(SignatureMethod, #[source] CryptoError),
}

impl From<SignatureError> for Error {
    fn from(check: SignatureError) -> Self {
        let hint = match &check {
            SignatureError::NoKey(_) => "set `private_key`",
            SignatureError::Failed(method, _) if !method.is_compiled() => RSA_SHA1_FEATURE,
            SignatureError::Failed(..) => "check `private_key`",
        };
        Self::new(ErrorKind::Config, check).with_hint(hint)
    }
}

/// What to do if `RSA-SHA1` is configured, but not compiled.
pub(crate) const RSA_SHA1_FEATURE: &str = "RSA-SHA1 needs the cargo feature `oauth1-rsa-sha1` of \
                                           authlib-core, authlib-axum, authlib-actix or authlib-rocket";

impl SignatureMethod {
    /// Whether this build supports the method.
    pub(crate) fn is_compiled(self) -> bool {
        self != Self::RsaSha1 || cfg!(feature = "oauth1-rsa-sha1")
    }

    /// The hash of the signature and of `oauth_body_hash` (draft-eaton-oauth-bodyhash). PLAINTEXT has none,
    /// because it signs nothing.
    pub(crate) fn hash(self) -> Option<Hash> {
        match self {
            Self::HmacSha1 | Self::RsaSha1 => Some(Hash::Sha1),
            Self::HmacSha256 | Self::RsaSha256 => Some(Hash::Sha256),
            Self::HmacSha512 | Self::RsaSha512 => Some(Hash::Sha512),
            Self::Plaintext => None,
        }
    }

    /// The value of `oauth_signature`.
    pub(super) fn sign(
        self,
        base_string: &[u8],
        client: &ClientCredentials,
        token_secret: Option<&Secret>,
    ) -> Result<Secret> {
        let mac = |hash| Ok(MacKey::new(hash, &key(client, token_secret)).sign(base_string));
        let rsa = |sign: fn(&RsaKey, &[u8]) -> Result<Vec<u8>, CryptoError>| {
            let key = client.rsa_key.as_ref().ok_or(SignatureError::NoKey(self))?;
            sign(key, base_string).map_err(|cause| SignatureError::Failed(self, cause))
        };
        let signature: Result<_, SignatureError> = match self {
            Self::HmacSha1 => mac(Hash::Sha1),
            Self::HmacSha256 => mac(Hash::Sha256),
            Self::HmacSha512 => mac(Hash::Sha512),
            Self::Plaintext => {
                let mut key = key(client, token_secret);
                return Ok(Secret::new(ascii(std::mem::take(&mut *key))));
            }
            Self::RsaSha1 => rsa(RsaKey::sign_sha1),
            Self::RsaSha256 => rsa(|key, text| key.sign(Scheme::Rs(Hash::Sha256), text)),
            Self::RsaSha512 => rsa(|key, text| key.sign(Scheme::Rs(Hash::Sha512), text)),
        };
        Ok(Secret::new(STANDARD.encode(signature?)))
    }
}

/// Both shared secrets; the token's is empty if there is no token yet (RFC 5849 §3.4.2).
fn key(client: &ClientCredentials, token_secret: Option<&Secret>) -> Zeroizing<Vec<u8>> {
    let (secret, token) = (client.secret.expose(), token_secret.map_or("", Secret::expose));
    // Never reallocated, so that no copy is left that is not wiped.
    let mut key = Zeroizing::new(Vec::with_capacity(escaped_len(secret) + 1 + escaped_len(token)));
    escape(&mut key, secret.as_bytes());
    key.push(b'&');
    escape(&mut key, token.as_bytes());
    key
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
