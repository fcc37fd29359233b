//! Proof Key for Code Exchange, RFC 7636, with `S256` only.
//!
//! `plain` is not offered: RFC 9700 §2.1.1 asks for a method that does not expose the verifier in the
//! authorization request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto;

/// The `code_challenge_method` that we send.
pub(crate) const METHOD: &str = "S256";

/// The `code_challenge` of a `code_verifier` (RFC 7636 §4.2).
pub(crate) fn code_challenge(code_verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(crypto::sha256(code_verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_matches_rfc7636_appendix_b() {
        assert_eq!(
            code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
