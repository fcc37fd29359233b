//! The parts of JOSE that clients need: JSON Web Keys (RFC 7517), compact signatures (RFC 7515) and encryption (RFC
//! 7516), and claims (RFC 7519).
//!
//! `none` is never accepted, neither key nor algorithm is taken from the token, and no `crit` extension is
//! supported.

mod algorithm;
pub(crate) mod claims;
mod decryption_keys;
mod encryption_key;
pub(crate) mod exact_integers;
pub(crate) mod jwe;
mod jwe_algorithm;
mod jwk;
pub(crate) mod jws;
pub(crate) mod pem;
mod signing_key;
pub(crate) mod strict_json;

pub use self::algorithm::Algorithm;
pub(crate) use self::decryption_keys::{DecryptionKey, DecryptionKeys};
pub(crate) use self::encryption_key::EncryptionKey;
pub use self::jwe_algorithm::{ContentEncryption, EncryptionAlgorithm};
pub(crate) use self::jwk::JwkSet;
pub(crate) use self::signing_key::SigningKey;

#[cfg(test)]
pub(crate) mod test_tokens;
#[cfg(test)]
mod tests;
