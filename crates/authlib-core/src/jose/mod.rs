//! What this crate speaks of JOSE: JSON Web Keys (RFC 7517), compact signatures (RFC 7515) and claims
//! (RFC 7519), as ID tokens and client assertions need them. It is no second JWT library.
//!
//! It never accepts `none`, never takes a key or an algorithm from the token, and knows no
//! `crit`ical extension.

mod algorithm;
pub(crate) mod claims;
mod jwk;
pub(crate) mod jws;
mod signing_key;
pub(crate) mod strict_json;

pub use self::algorithm::Algorithm;
pub use self::jwk::{JwkError, JwkSet};
pub(crate) use self::signing_key::{SigningKey, SigningKeyError, pem};

#[cfg(test)]
mod tests;
