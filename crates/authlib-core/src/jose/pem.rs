//! PEM (RFC 7468).
//!
//! A reader of our own, because it zeroizes what it copies, and reads keys whose lines were joined in an
//! environment variable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Why a text has no usable section. It contains nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemError {
    Encrypted,
    Format,
}

/// The labels of private keys: PKCS#8, PKCS#1 and SEC 1.
pub(crate) const PRIVATE_KEY: &[&str] = &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

pub(crate) const CERTIFICATE: &[&str] = &["CERTIFICATE"];

/// The DER of the first section with one of `labels`. Others may precede it: `openssl ecparam` writes the
/// curve before the key.
pub(crate) fn decode(text: &str, labels: &[&str]) -> Result<Zeroizing<Vec<u8>>, PemError> {
    // Environment variables often have a literal `\n` between the lines.
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    let mut rest = text.as_str();
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, begun) = begun.split_once("-----").ok_or(PemError::Format)?;
        let (body, after) =
            begun.split_once(&format!("-----END {label}-----")).ok_or(PemError::Format)?;
        rest = after;
        if label == "ENCRYPTED PRIVATE KEY" || body.contains("Proc-Type:") {
            return Err(PemError::Encrypted);
        }
        if labels.contains(&label) {
            let mut body = Zeroizing::new(body.to_owned());
            body.retain(|c| !c.is_ascii_whitespace());
            let der = STANDARD.decode(body.as_bytes()).map_err(|_| PemError::Format)?;
            return Ok(Zeroizing::new(der));
        }
    }
    Err(PemError::Format)
}
