//! Hashes, MACs, signatures, encryption and randomness over bytes. No other folder names a cryptography crate.

pub(crate) mod aead;
pub(crate) mod encryption;
mod hash;
mod mac;
#[cfg(feature = "oauth1-rsa-sha1")]
mod rsa_sha1;
mod signature;
mod signing;

#[cfg(test)]
pub(crate) mod test_keys;

pub(crate) use self::hash::{Hash, hash, sha256, sha256_of_texts};
pub(crate) use self::mac::MacKey;
#[cfg(feature = "oauth1-rsa-sha1")]
pub(crate) use self::rsa_sha1::RsaSha1Key;
pub(crate) use self::signature::{PublicKey, Scheme};
pub(crate) use self::signing::{PrivateKey, PublicNumbers, RsaPrivate};

/// A cryptographic operation failed. The reason is not told, because it would help an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic operation failed")]
pub(crate) struct CryptoError;

/// Whether aws-lc-rs is its FIPS module and runs in FIPS mode.
pub(crate) fn is_fips() -> bool {
    aws_lc_rs::try_fips_mode().is_ok()
}

/// Fills `bytes` from the operating system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), CryptoError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| CryptoError)
}
