//! Hash functions.

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA384, SHA512, digest};

/// SHA-2 (FIPS 180-4), and SHA-1 for the OAuth 1.0a signatures that use it (RFC 5849 §3.4): no public-key
/// [`Scheme`](super::Scheme) accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    #[cfg(feature = "oauth1")]
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// The digest of `bytes`.
pub(crate) fn hash(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        #[cfg(feature = "oauth1")]
        Hash::Sha1 => &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    digest(algorithm, bytes).as_ref().to_vec()
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    bytes_of(&digest(&SHA256, bytes))
}

/// SHA-256 of the texts, each with its length before it.
pub(crate) fn sha256_of_texts(texts: &[&str]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for text in texts {
        hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    }
    bytes_of(&hash.finish())
}

/// The bytes of a SHA-256 digest, of which there are always 32.
fn bytes_of(digest: &Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
