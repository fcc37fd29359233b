//! Authenticated encryption with AES-256-GCM (NIST SP 800-38D), with a key derived for each value by
//! HKDF-SHA-256 (RFC 5869).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

use super::{CryptoError, random};

/// The random bytes before the ciphertext: the salt of the key, and the nonce.
const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;

/// Separates these keys from others that could be derived from the same bytes.
const INFO: &[&[u8]] = &[b"authlib sealed value 1"];

/// Encrypts `plaintext`, and authenticates `context` with it. Because the key depends on a random salt, the number of
/// values is not limited by the size of the nonce.
pub(crate) fn seal(
    key: &[u8; 32],
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    random(&mut salt)?;
    random(&mut nonce)?;
    let mut sealed = Vec::with_capacity(SALT + NONCE + plaintext.len() + TAG);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&nonce);
    let mut text = plaintext.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    derived(key, &salt)?
        .seal_in_place_append_tag(nonce, Aad::from(context), &mut text)
        .map_err(|_| CryptoError)?;
    sealed.extend_from_slice(&text);
    Ok(sealed)
}

/// Decrypts what [`seal`] returned for the same key and context.
pub(crate) fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (salt, rest) = sealed.split_first_chunk::<SALT>().ok_or(CryptoError)?;
    let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(CryptoError)?;
    let mut text = text.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = derived(key, salt)?.open_in_place(nonce, Aad::from(context), &mut text);
    opened.map_err(|_| CryptoError)?;
    // The tag behind the plaintext.
    text.truncate(text.len().saturating_sub(TAG));
    Ok(text)
}

fn derived(key: &[u8; 32], salt: &[u8]) -> Result<LessSafeKey, CryptoError> {
    let pseudorandom = Salt::new(HKDF_SHA256, salt).extract(key);
    let material = pseudorandom.expand(INFO, &AES_256_GCM).map_err(|_| CryptoError)?;
    Ok(LessSafeKey::new(UnboundKey::from(material)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

    #[test]
    fn sealed_value_opens_with_its_key_and_context_only() {
        for plaintext in [&b""[..], b"x", &[7; 70_000]] {
            let sealed = seal(&KEY, b"row 1", plaintext).unwrap();
            assert_eq!(sealed.len(), plaintext.len() + SALT + NONCE + TAG);
            assert_eq!(open(&KEY, b"row 1", &sealed).unwrap(), plaintext);
            assert!(open(&KEY, b"row 2", &sealed).is_err());
            assert!(open(&[1; 32], b"row 1", &sealed).is_err());
        }
    }

    #[test]
    fn changed_and_truncated_values_do_not_open() {
        let sealed = seal(&KEY, b"", b"token").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open(&KEY, b"", &changed).is_err(), "byte {place}");
            assert!(open(&KEY, b"", &sealed[..place]).is_err(), "{place} bytes");
        }
    }

    #[test]
    fn same_value_is_sealed_differently_each_time() {
        let (one, two) = (seal(&KEY, b"", b"a").unwrap(), seal(&KEY, b"", b"a").unwrap());
        assert_ne!(one[..SALT], two[..SALT]);
        assert_ne!(one[SALT..], two[SALT..]);
    }
}
