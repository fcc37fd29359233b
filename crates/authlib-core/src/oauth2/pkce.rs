//! Proof Key for Code Exchange, RFC 7636, with `S256` only.
//!
//! `plain` is not offered: RFC 9700 §2.1.1 asks for a method that does not expose the verifier in the
//! authorization request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto;

/// The `code_challenge_method` that we send.
pub(crate) const METHOD: &str = "S256";

/// A `code_challenge`: 256 bits in base64url.
#[derive(Debug)]
pub(crate) struct CodeChallenge([u8; 43]);

impl CodeChallenge {
    /// The challenge of a `code_verifier` (RFC 7636 §4.2).
    pub(crate) fn of(code_verifier: &str) -> Self {
        let mut text = [0; 43];
        let hash = crypto::sha256(code_verifier.as_bytes());
        // It fits: 32 bytes are 43 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(hash, &mut text);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_matches_rfc7636_appendix_b() {
        assert_eq!(
            CodeChallenge::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").as_str(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
