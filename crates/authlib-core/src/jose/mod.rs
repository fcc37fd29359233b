//! What this crate speaks of JOSE: JSON Web Keys (RFC 7517), compact signatures (RFC 7515) and claims
//! (RFC 7519), as ID tokens and client assertions need them. It is no second JWT library.
//!
//! It never accepts `none`, never takes a key or an algorithm from the token, and knows no
//! `crit`ical extension.

mod alg;
pub(crate) mod json;
mod jwk;
pub(crate) mod jws;
pub(crate) mod jwt;
mod signing_key;

pub use self::alg::Algorithm;
pub use self::jwk::{JwkError, JwkSet};
pub(crate) use self::signing_key::{SigningKey, SigningKeyError, pem};

#[cfg(test)]
mod tests;
