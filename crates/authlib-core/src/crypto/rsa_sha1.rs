//! RSA signatures with SHA-1 for OAuth 1.0a (RFC 5849 §3.4.3), which aws-lc-rs verifies but does not
//! create.

use std::fmt;

use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, PrivateKey};

use super::{CryptoError, Hash, hash};

/// A private RSA key that signs with SHA-1, parsed once.
pub(crate) struct RsaSha1Key(PrivateKey);

impl RsaSha1Key {
    /// A key of 2048 to 8192 bits from DER: PKCS#8, or `RSAPrivateKey` of PKCS#1.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let key = PrivateKey::from_pkcs8_der(der)
            .or_else(|_| PrivateKey::from_pkcs1_der(der))
            .map_err(|_| CryptoError)?;
        (2048..=8192).contains(&key.n().bit_width()).then_some(Self(key)).ok_or(CryptoError)
    }

    /// The PKCS#1 v1.5 signature of `message`. The crate blinds the numbers with the operating system's
    /// randomness, because its arithmetic is not constant-time (RUSTSEC-2023-0071).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let padding =
            Pkcs1v15Sign { hash_len: Some(SHA1_LENGTH), prefix: Box::from(SHA1_DIGEST_INFO) };
        self.0.sign(padding, &hash(Hash::Sha1, message)).map_err(|_| CryptoError)
    }
}

impl fmt::Debug for RsaSha1Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSha1Key")
    }
}

const SHA1_LENGTH: usize = 20;

/// The prefix of a SHA-1 digest in a signature (RFC 8017 §9.2, note 1).
const SHA1_DIGEST_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY as RSA_SHA1, UnparsedPublicKey,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::crypto::test_keys::Signer;

    #[test]
    fn signature_verifies_with_another_library() {
        let Signer::Rsa(_, pkcs8) = Signer::rsa() else { panic!("an RSA key") };
        let signature = RsaSha1Key::from_der(pkcs8).unwrap().sign(b"text").unwrap();
        let public = UnparsedPublicKey::new(&RSA_SHA1, Signer::rsa().der());
        assert!(public.verify(b"text", &signature).is_ok());
        assert!(public.verify(b"other", &signature).is_err());
    }

    #[test]
    fn short_key_and_missing_key_are_rejected() {
        let short = STANDARD.decode(SHORT).unwrap();
        assert!(PrivateKey::from_pkcs8_der(&short).is_ok());
        assert!(RsaSha1Key::from_der(&short).is_err());
        assert!(RsaSha1Key::from_der(b"").is_err());
    }

    /// A key of 1024 bits.
    const SHORT: &str = "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMNLpQyWlFETMzsuZrbUdqot/xjL4Yw4jPRDhAV6\
        Vkqi70RUJOEy6Ah8V4k8qTEhTFz5eLDrgxCo/0Y44/TA3is6eR5VEkmU4S0NBW1qT57qugRdQkoZdM6run5/4Rd+\
        2n61G0Zmfbks/jWXlihD0bu4tSGvb/FAnWtBTkgzHAKnAgMBAAECgYBwvJIimio0Qykn2LligXOe+b5wygEBuQNl\
        XjQwFVcK7tPAVfKULZbUjzLY/jONMPOsGDcbqliWnXf/SYgOGeglePnnQ6om0RuqwNqxgHoPLva+pMHwgafBvztM\
        tBSqaHVT/nR66U4zt+71cglGw7a51w23cfjtuNTA4wFdzqr/gQJBAPTx2Z6v7vIBRbo7jwmTFbQ9UVkoKGlLIMTl\
        hbkGtUpPkphELw62X/WBG4UrdtZFs80y3rbqe3YNVR/Hj7t3hwkCQQDMHCKttpHiktg+V9isHwIWWHIV6IJY5ZwZ\
        MlOQVK7FMNAnZKR8Qe2cYF/YEaMaTkfQLJPZZEcrgA0Xmr6jbngvAkBf5KL2zhe0pKzgmNqJvAx+MJc9WUxg1Gmy\
        y8yLQEYPHpHcjK0DjICKw427l+WBQ259whGQ+MF22QdfVqg9kzDJAkEAgEh2q0OB8Stl6dkAfz2F7FFucsKNmh3F\
        vDhbOO1gYuNJEFk64DX3hz8zPfPn1RK6I+bAjfNun7J9iAZkJwe5VQJBAL75Icc7O/uPaOXPEnIeUYniYZLkO8+r\
        H19MvIYDtZjAn0XykWQM4kf2YeCg9rs3gWBmcFeJ72+W8/zL31Z2jX4=";
}
