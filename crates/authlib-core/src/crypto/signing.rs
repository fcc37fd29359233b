//! Signatures by private keys.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents,
};

use super::encryption::RsaDecryption;
use super::signature::{CURVES, without_zeros};
use super::{CryptoError, Scheme};

/// A private key for every scheme of its type, parsed and checked once.
pub(crate) enum PrivateKey {
    Ec(EcdsaKeyPair, Scheme),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The numbers of a public key, big-endian (RFC 7518 §6, RFC 8037 §2).
#[derive(Debug)]
pub(crate) enum PublicNumbers {
    Ec { curve: Scheme, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The numbers of a private RSA key, big-endian (RFC 7518 §6.3).
pub(crate) struct RsaPrivate<'a> {
    pub(crate) n: &'a [u8],
    pub(crate) e: &'a [u8],
    pub(crate) d: &'a [u8],
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    pub(crate) dp: &'a [u8],
    pub(crate) dq: &'a [u8],
    pub(crate) qi: &'a [u8],
}

impl PrivateKey {
    /// A key from DER: PKCS#8, `RSAPrivateKey` of PKCS#1 or `ECPrivateKey` of SEC 1.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Ok(Self::Rsa(pair));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Ok(Self::Ed25519(pair));
        }
        let ec = CURVES.iter().find_map(|curve| {
            let pair = EcdsaKeyPair::from_private_key_der(curve.signing, der).ok()?;
            Some(Self::Ec(pair, curve.scheme))
        });
        ec.ok_or(CryptoError)
    }

    /// An RSA key of 2048 to 8192 bits. The numbers must match each other.
    pub(crate) fn rsa(key: &RsaPrivate<'_>) -> Result<Self, CryptoError> {
        let components = KeyPairComponents {
            public_key: RsaPublicKeyComponents { n: without_zeros(key.n), e: without_zeros(key.e) },
            d: key.d,
            p: key.p,
            q: key.q,
            dP: key.dp,
            dQ: key.dq,
            qInv: key.qi,
        };
        RsaKeyPair::from_components(&components).map(Self::Rsa).map_err(|_| CryptoError)
    }

    /// A key on a curve, all numbers of the curve's length. The public point must match it.
    pub(crate) fn ec(scheme: Scheme, d: &[u8], x: &[u8], y: &[u8]) -> Result<Self, CryptoError> {
        let curve = scheme.curve()?;
        if [d, x, y].iter().any(|number| number.len() != curve.length) {
            return Err(CryptoError);
        }
        let point = [&[4], x, y].concat();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, d, &point);
        pair.map(|pair| Self::Ec(pair, scheme)).map_err(|_| CryptoError)
    }

    /// An Ed25519 key from its seed and the matching public key.
    pub(crate) fn ed25519(d: &[u8], x: &[u8]) -> Result<Self, CryptoError> {
        if d.len() != 32 {
            return Err(CryptoError);
        }
        Ed25519KeyPair::from_seed_and_public_key(d, x).map(Self::Ed25519).map_err(|_| CryptoError)
    }

    /// The same RSA key for decryption.
    pub(crate) fn decryption(&self) -> Result<RsaDecryption, CryptoError> {
        match self {
            Self::Rsa(pair) => RsaDecryption::of(pair),
            _ => Err(CryptoError),
        }
    }

    /// Whether the key can sign by this scheme.
    pub(crate) fn fits(&self, scheme: Scheme) -> bool {
        match self {
            Self::Ec(_, curve) => *curve == scheme,
            Self::Ed25519(_) => scheme == Scheme::Ed25519,
            Self::Rsa(_) => scheme.rsa().is_ok(),
        }
    }

    /// The public half.
    pub(crate) fn public(&self) -> Result<PublicNumbers, CryptoError> {
        match self {
            Self::Ec(pair, curve) => {
                let point = pair.public_key().as_ref();
                let (x, y) = match point {
                    [4, point @ ..] => point.split_at_checked(point.len() / 2),
                    _ => None,
                }
                .ok_or(CryptoError)?;
                Ok(PublicNumbers::Ec { curve: *curve, x: x.to_vec(), y: y.to_vec() })
            }
            Self::Ed25519(pair) => {
                Ok(PublicNumbers::Ed25519 { x: pair.public_key().as_ref().to_vec() })
            }
            Self::Rsa(pair) => rsa_numbers(pair.public_key().as_ref()).ok_or(CryptoError),
        }
    }

    /// Signs `message`. The scheme must fit the key.
    pub(crate) fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if !self.fits(scheme) {
            return Err(CryptoError);
        }
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair, _) => {
                let signature = pair.sign(&random, message).map_err(|_| CryptoError)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(|_| CryptoError)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let encoding = scheme.rsa()?.signing;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).map_err(|_| CryptoError)?;
                Ok(signature)
            }
        }
    }
}

/// The numbers of an `RSAPublicKey` in DER (RFC 8017 §A.1.1): a sequence of two integers.
fn rsa_numbers(der: &[u8]) -> Option<PublicNumbers> {
    let (sequence, _) = der_value(der, 0x30)?;
    let (n, rest) = der_value(sequence, 0x02)?;
    let (e, _) = der_value(rest, 0x02)?;
    let number = |bytes| without_zeros(bytes).to_vec();
    Some(PublicNumbers::Rsa { n: number(n), e: number(e) })
}

/// The content of the value with this tag, and what follows it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..0x80 => (usize::from(*short), rest),
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = length.iter().try_fold(0_usize, |sum, byte| {
                sum.checked_mul(256)?.checked_add(usize::from(*byte))
            })?;
            (length, rest)
        }
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}
