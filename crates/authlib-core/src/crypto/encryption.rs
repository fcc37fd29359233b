//! Authenticated encryption with a key of its own per message (RFC 7518 §5), and the ways to get that key to its
//! receiver (RFC 7518 §4).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, UnparsedPublicKey, X25519};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{RsaKeyPair, RsaPublicKeyComponents};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{CryptoError, Hash, MacKey, random};

/// The bytes of a GCM nonce, and of its tag.
const GCM_NONCE: usize = 12;
const GCM_TAG: usize = 16;

/// The bytes of a CBC initialization vector.
const CBC_IV: usize = 16;

/// How content is encrypted (RFC 7518 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// AES-128 in CBC mode, authenticated by HMAC with SHA-256.
    Cbc128,
    /// AES-256 in CBC mode, authenticated by HMAC with SHA-512.
    Cbc256,
    Gcm128,
    Gcm256,
}

/// Encrypted content (RFC 7516 §5.1).
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) iv: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// A key that encrypts content, zeroized on drop.
pub(crate) type ContentKey = Zeroizing<Vec<u8>>;

impl Content {
    /// The bytes of its key.
    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Gcm128 => 16,
            Self::Cbc128 | Self::Gcm256 => 32,
            Self::Cbc256 => 64,
        }
    }

    /// A new random key.
    pub(crate) fn new_key(self) -> Result<ContentKey, CryptoError> {
        let mut key = Zeroizing::new(vec![0; self.key_length()]);
        random(&mut key)?;
        Ok(key)
    }

    /// Decrypts content, and checks it and `aad`.
    pub(crate) fn open(
        self,
        key: &[u8],
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<Vec<u8>, CryptoError> {
        if key.len() != self.key_length() {
            return Err(CryptoError);
        }
        match self {
            Self::Cbc128 | Self::Cbc256 => self.open_cbc(key, aad, sealed),
            Self::Gcm128 | Self::Gcm256 => {
                let nonce: [u8; GCM_NONCE] =
                    sealed.iv.as_slice().try_into().map_err(|_| CryptoError)?;
                if sealed.tag.len() != GCM_TAG {
                    return Err(CryptoError);
                }
                let mut text = [sealed.ciphertext.as_slice(), &sealed.tag].concat();
                let nonce = Nonce::assume_unique_for_key(nonce);
                let opened = self.gcm(key)?.open_in_place(nonce, Aad::from(aad), &mut text);
                let length = opened.map_err(|_| CryptoError)?.len();
                text.truncate(length);
                Ok(text)
            }
        }
    }

    /// Encrypts content with a key that encrypts nothing else.
    pub(crate) fn seal(
        self,
        key: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, CryptoError> {
        let mut text = plaintext.to_vec();
        match self {
            Self::Cbc128 | Self::Cbc256 => {
                let (mac_key, cipher_key) = self.halves(key)?;
                let mut iv = [0; CBC_IV];
                random(&mut iv)?;
                let context = EncryptionContext::Iv128(iv.into());
                let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(self.cipher(cipher_key)?);
                let cipher = cipher.map_err(|_| CryptoError)?;
                cipher.less_safe_encrypt(&mut text, context).map_err(|_| CryptoError)?;
                let tag = self.cbc_tag(mac_key, aad, &iv, &text);
                Ok(Sealed { iv: iv.to_vec(), ciphertext: text, tag })
            }
            Self::Gcm128 | Self::Gcm256 => {
                let mut iv = [0; GCM_NONCE];
                random(&mut iv)?;
                let nonce = Nonce::assume_unique_for_key(iv);
                let tag =
                    self.gcm(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut text);
                let tag = tag.map_err(|_| CryptoError)?.as_ref().to_vec();
                Ok(Sealed { iv: iv.to_vec(), ciphertext: text, tag })
            }
        }
    }

    fn gcm(self, key: &[u8]) -> Result<LessSafeKey, CryptoError> {
        let algorithm = if self == Self::Gcm128 { &AES_128_GCM } else { &AES_256_GCM };
        UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| CryptoError)
    }

    /// Decrypts only what the tag authenticates (RFC 7518 §5.2.2.2): the padding is no oracle.
    fn open_cbc(self, key: &[u8], aad: &[u8], sealed: &Sealed) -> Result<Vec<u8>, CryptoError> {
        let (mac_key, cipher_key) = self.halves(key)?;
        let iv: [u8; CBC_IV] = sealed.iv.as_slice().try_into().map_err(|_| CryptoError)?;
        let tag = self.cbc_tag(mac_key, aad, &iv, &sealed.ciphertext);
        if !bool::from(tag.ct_eq(&sealed.tag)) {
            return Err(CryptoError);
        }
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(self.cipher(cipher_key)?);
        let cipher = cipher.map_err(|_| CryptoError)?;
        let mut text = sealed.ciphertext.clone();
        let context = DecryptionContext::Iv128(iv.into());
        let length = cipher.decrypt(&mut text, context).map_err(|_| CryptoError)?.len();
        text.truncate(length);
        Ok(text)
    }

    /// The keys of HMAC and cipher (RFC 7518 §5.2.2.1).
    fn halves(self, key: &[u8]) -> Result<(&[u8], &[u8]), CryptoError> {
        key.split_at_checked(self.key_length() / 2).ok_or(CryptoError)
    }

    fn cipher(self, key: &[u8]) -> Result<UnboundCipherKey, CryptoError> {
        let algorithm = if self == Self::Cbc128 { &AES_128 } else { &AES_256 };
        UnboundCipherKey::new(algorithm, key).map_err(|_| CryptoError)
    }

    fn cbc_tag(self, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let hash = if self == Self::Cbc128 { Hash::Sha256 } else { Hash::Sha512 };
        let bits = u64::try_from(aad.len()).unwrap_or_default().saturating_mul(8);
        let message = [aad, iv, ciphertext, &bits.to_be_bytes()].concat();
        let mut tag = MacKey::new(hash, key).sign(&message);
        tag.truncate(self.key_length() / 2);
        tag
    }
}

/// An AES key wrapped by another (RFC 3394), which has 128 or 256 bits.
pub(crate) fn unwrap_key(kek: &[u8], wrapped: &[u8]) -> Result<ContentKey, CryptoError> {
    let mut key = Zeroizing::new(vec![0; wrapped.len().saturating_sub(8)]);
    let length = kek_of(kek)?.unwrap(wrapped, &mut key).map_err(|_| CryptoError)?.len();
    key.truncate(length);
    Ok(key)
}

/// Wraps a key (RFC 3394).
pub(crate) fn wrap_key(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut wrapped = vec![0; key.len().saturating_add(8)];
    let length = kek_of(kek)?.wrap(key, &mut wrapped).map_err(|_| CryptoError)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

fn kek_of(key: &[u8]) -> Result<AesKek, CryptoError> {
    let cipher = match key.len() {
        16 => &key_wrap::AES_128,
        _ => &key_wrap::AES_256,
    };
    AesKek::new(cipher, key).map_err(|_| CryptoError)
}

/// The hash of RSA-OAEP (RFC 7518 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oaep {
    Sha1,
    Sha256,
}

impl Oaep {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

/// A private RSA key that decrypts.
pub(crate) struct RsaDecryption(OaepPrivateDecryptingKey);

impl RsaDecryption {
    /// The same key for decryption.
    pub(super) fn of(pair: &RsaKeyPair) -> Result<Self, CryptoError> {
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| CryptoError)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.as_ref()).map_err(|_| CryptoError)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| CryptoError)
    }

    pub(crate) fn decrypt(&self, oaep: Oaep, text: &[u8]) -> Result<ContentKey, CryptoError> {
        let mut key = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let decrypted = self.0.decrypt(oaep.algorithm(), text, &mut key, None);
        let length = decrypted.map_err(|_| CryptoError)?.len();
        key.truncate(length);
        Ok(key)
    }
}

/// Encrypts a key to a public RSA key, big-endian.
pub(crate) fn rsa_encrypt(
    oaep: Oaep,
    n: &[u8],
    e: &[u8],
    key: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let public: PublicEncryptingKey =
        RsaPublicKeyComponents { n, e }.try_into().map_err(|_| CryptoError)?;
    let public = OaepPublicEncryptingKey::new(public).map_err(|_| CryptoError)?;
    let mut text = vec![0; public.ciphertext_size()];
    let encrypted = public.encrypt(oaep.algorithm(), key, &mut text, None);
    let length = encrypted.map_err(|_| CryptoError)?.len();
    text.truncate(length);
    Ok(text)
}

/// The curve of a key agreement (RFC 7518 §4.6, RFC 8037 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgreementCurve {
    P256,
    P384,
    P521,
    X25519,
}

impl AgreementCurve {
    fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
            Self::X25519 => &X25519,
        }
    }

    /// The bytes of a coordinate.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::P256 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A private key for key agreement.
pub(crate) struct AgreementKey {
    pub(crate) curve: AgreementCurve,
    key: agreement::PrivateKey,
}

impl AgreementKey {
    /// A key from its number, big-endian and of the curve's length.
    pub(crate) fn new(curve: AgreementCurve, d: &[u8]) -> Result<Self, CryptoError> {
        let key = agreement::PrivateKey::from_private_key(curve.algorithm(), d);
        key.map(|key| Self { curve, key }).map_err(|_| CryptoError)
    }

    /// A key from DER: PKCS#8 or SEC 1.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let curves = [AgreementCurve::P256, AgreementCurve::P384, AgreementCurve::P521];
        let found = curves.into_iter().find_map(|curve| {
            let key = agreement::PrivateKey::from_private_key_der(curve.algorithm(), der).ok()?;
            Some(Self { curve, key })
        });
        found.ok_or(CryptoError)
    }

    /// A new key, for one message.
    pub(crate) fn generate(curve: AgreementCurve) -> Result<Self, CryptoError> {
        let key = agreement::PrivateKey::generate(curve.algorithm());
        key.map(|key| Self { curve, key }).map_err(|_| CryptoError)
    }

    /// The public half: an uncompressed point, or the bytes of X25519.
    pub(crate) fn public(&self) -> Result<Vec<u8>, CryptoError> {
        let public = self.key.compute_public_key().map_err(|_| CryptoError)?;
        Ok(public.as_ref().to_vec())
    }

    /// The secret that this key and the other party's public one have in common. A point that is not on the curve
    /// fails.
    pub(crate) fn agree(&self, public: &[u8]) -> Result<ContentKey, CryptoError> {
        let public = UnparsedPublicKey::new(self.curve.algorithm(), public);
        agreement::agree(&self.key, public, CryptoError, |secret| {
            Ok(Zeroizing::new(secret.to_vec()))
        })
    }
}
