//! HMAC (RFC 2104).

use std::fmt;

use aws_lc_rs::hmac;

use super::{CryptoError, Hash};

/// An HMAC key for one hash.
#[derive(Clone)]
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        let algorithm = match hash {
            #[cfg(feature = "oauth1")]
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Self(hmac::Key::new(algorithm, key))
    }

    /// The tag of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// Checks a tag, in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), CryptoError> {
        hmac::verify(&self.0, message, tag).map_err(|_| CryptoError)
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}
