//! Unguessable strings: the only place that asks the operating system for randomness.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// Fills a buffer with unguessable bytes; another one than the system's is for tests only.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if the random number generator fails.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        crypto::random(bytes).map_err(|_| {
            Error::new(ErrorKind::Internal, "the operating system's random number generator failed")
        })
    }
}

/// 256 random bits in base64url, 43 characters: a `state`, `nonce` or `code_verifier`
/// (RFC 7636 §4.1 recommends just this for the verifier).
///
/// # Errors
///
/// As [`Random::fill`].
pub fn token(random: &dyn Random) -> Result<String, Error> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// As [`token`], several at once: the generator is asked once.
///
/// # Errors
///
/// As [`Random::fill`].
pub(crate) fn tokens<const N: usize>(random: &dyn Random) -> Result<[String; N], Error> {
    let mut bytes = [[0; 32]; N];
    random.fill(bytes.as_flattened_mut())?;
    Ok(bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)))
}

/// A new unguessable token: 256 random bits of the operating system in base64url, 43 characters. For a `state`,
/// a nonce, or secrets of the application's own, such as API keys and links in e-mails. It replaces Authlib's
/// `generate_token`.
///
/// ```
/// let token = authlib_core::random_token()?;
/// assert_eq!(token.expose().len(), 43);
/// # Ok::<(), authlib_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Internal`] if the random number generator fails.
#[doc(alias = "generate_token")]
pub fn random_token() -> Result<Secret, Error> {
    token(&SystemRandom).map(Secret::new)
}

impl fmt::Debug for dyn Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_tokens_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for _ in 0..100_000 {
            let token = token(&SystemRandom).unwrap();
            assert_eq!(token.len(), 43);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            assert!(seen.insert(token));
        }
        let [first, second] = [(), ()].map(|()| random_token().unwrap());
        assert!(first != second && first.expose().len() == 43);
        assert!(!format!("{first:?}").contains(first.expose()));
    }
}
