//! Random codes, tokens and identifiers.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits in base64url. If the random source fails, the text is empty; an empty code or token is
/// never accepted.
pub(crate) fn token() -> String {
    let mut bytes = [0; 32];
    match rand::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}
