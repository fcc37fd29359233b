//! Verifying a signature (RFC 5849 §3.4.2 to §3.4.4, and the same with SHA-2).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::encoding::encode;
use crate::state::TestClient;

/// A signature method.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Hmac(hmac::Algorithm),
    Plaintext,
    Rsa(&'static RsaParameters),
}

impl Method {
    /// The method with this name, and its hash.
    pub(super) fn named(name: &str) -> Option<(Self, &'static digest::Algorithm)> {
        let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        Some(match name {
            "HMAC-SHA1" => (Self::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY), sha1),
            "HMAC-SHA256" => (Self::Hmac(hmac::HMAC_SHA256), &digest::SHA256),
            "HMAC-SHA512" => (Self::Hmac(hmac::HMAC_SHA512), &digest::SHA512),
            "PLAINTEXT" => (Self::Plaintext, sha1),
            "RSA-SHA1" => (Self::Rsa(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY), sha1),
            "RSA-SHA256" => (Self::Rsa(&RSA_PKCS1_2048_8192_SHA256), &digest::SHA256),
            "RSA-SHA512" => (Self::Rsa(&RSA_PKCS1_2048_8192_SHA512), &digest::SHA512),
            _ => return None,
        })
    }
}

impl TestClient {
    /// Whether `signature` is this client's over `text`.
    pub(super) fn has_signed(
        &self,
        method: Method,
        token_secret: &str,
        text: &str,
        signature: &str,
    ) -> bool {
        let client_secret = self.secret.as_deref().unwrap_or_default();
        let key =
            format!("{}&{}", encode(client_secret.as_bytes()), encode(token_secret.as_bytes()));
        let bytes = STANDARD.decode(signature);
        match (method, bytes) {
            (Method::Plaintext, _) => {
                verify_slices_are_equal(key.as_bytes(), signature.as_bytes()).is_ok()
            }
            (Method::Hmac(algorithm), Ok(tag)) => {
                let key = hmac::Key::new(algorithm, key.as_bytes());
                hmac::verify(&key, text.as_bytes(), &tag).is_ok()
            }
            (Method::Rsa(parameters), Ok(signature)) => {
                self.rsa_public_key.as_deref().and_then(der).is_some_and(|der| {
                    let key = UnparsedPublicKey::new(parameters, der);
                    key.verify(text.as_bytes(), &signature).is_ok()
                })
            }
            _ => false,
        }
    }
}

/// The DER of a public key in PEM, `PUBLIC KEY` or `RSA PUBLIC KEY`.
fn der(pem: &str) -> Option<Vec<u8>> {
    let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).ok()
}

/// `oauth_body_hash` of a body (draft-eaton-oauth-bodyhash).
pub(super) fn body_hash(algorithm: &'static digest::Algorithm, body: &[u8]) -> String {
    STANDARD.encode(digest(algorithm, body))
}
