//! Signature schemes (RFC 7518 §3.1) and their verification.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    ED25519, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaParameters, RsaPublicKeyComponents, RsaSignatureEncoding,
};

use super::{CryptoError, Hash};

/// The public-key signature schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Rs(Hash),
    Ps(Hash),
    P256,
    P384,
    P521,
    Ed25519,
}

/// How a scheme with RSA verifies and signs.
pub(super) struct Rsa {
    scheme: Scheme,
    verification: &'static RsaParameters,
    pub(super) signing: &'static RsaSignatureEncoding,
}

/// How a scheme with ECDSA verifies and signs, and the bytes of a coordinate.
pub(super) struct Curve {
    pub(super) scheme: Scheme,
    verification: &'static EcdsaVerificationAlgorithm,
    pub(super) signing: &'static EcdsaSigningAlgorithm,
    pub(super) length: usize,
}

impl Scheme {
    pub(super) fn rsa(self) -> Result<&'static Rsa, CryptoError> {
        RSA.iter().find(|rsa| rsa.scheme == self).ok_or(CryptoError)
    }

    pub(super) fn curve(self) -> Result<&'static Curve, CryptoError> {
        CURVES.iter().find(|curve| curve.scheme == self).ok_or(CryptoError)
    }
}

fn has_more_than_33_bits(e: &[u8]) -> bool {
    match e {
        [first, rest @ ..] if rest.len() == 4 => *first > 1,
        _ => e.len() > 5,
    }
}

/// A public key for one scheme, parsed and checked once.
pub(crate) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// An RSA key of 2048 to 8192 bits from its modulus and exponent, big-endian. The exponent must be
    /// odd and at least 3: with 1, every message is its own signature. It may have 33 bits, as the
    /// cryptographic library verifies with no longer one. It is usually 65537.
    pub(crate) fn rsa(scheme: Scheme, n: &[u8], e: &[u8]) -> Result<Self, CryptoError> {
        let parameters = scheme.rsa()?.verification;
        let (n, e) = (without_zeros(n), without_zeros(e));
        let odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
        let unused = n.first().map_or(0, |first| first.leading_zeros() as usize);
        let bits = n.len().saturating_mul(8).saturating_sub(unused);
        if !odd(n)
            || !odd(e)
            || e == [1]
            || has_more_than_33_bits(e)
            || !(2048..=8192).contains(&bits)
        {
            return Err(CryptoError);
        }
        let components = RsaPublicKeyComponents { n, e };
        components.to_parsed_public_key(parameters).map(Self).map_err(|_| CryptoError)
    }

    /// A key on a curve from its point, as big-endian coordinates of the curve's length. The point must be
    /// on the curve.
    pub(crate) fn ec(scheme: Scheme, x: &[u8], y: &[u8]) -> Result<Self, CryptoError> {
        let curve = scheme.curve()?;
        if x.len() != curve.length || y.len() != curve.length {
            return Err(CryptoError);
        }
        let point = [&[4], x, y].concat();
        ParsedPublicKey::new(curve.verification, point).map(Self).map_err(|_| CryptoError)
    }

    /// An Ed25519 key from its 32 bytes.
    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, CryptoError> {
        if x.len() != 32 || SMALL_ORDER.iter().any(|point| same_point(point, x)) {
            return Err(CryptoError);
        }
        ParsedPublicKey::new(&ED25519, x).map(Self).map_err(|_| CryptoError)
    }

    /// Checks a signature.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.0.verify_sig(message, signature).map_err(|_| CryptoError)
    }
}

pub(super) fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

static RSA: [Rsa; 6] = [
    rsa(Scheme::Rs(Hash::Sha256), &RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_SHA256),
    rsa(Scheme::Rs(Hash::Sha384), &RSA_PKCS1_2048_8192_SHA384, &RSA_PKCS1_SHA384),
    rsa(Scheme::Rs(Hash::Sha512), &RSA_PKCS1_2048_8192_SHA512, &RSA_PKCS1_SHA512),
    rsa(Scheme::Ps(Hash::Sha256), &RSA_PSS_2048_8192_SHA256, &RSA_PSS_SHA256),
    rsa(Scheme::Ps(Hash::Sha384), &RSA_PSS_2048_8192_SHA384, &RSA_PSS_SHA384),
    rsa(Scheme::Ps(Hash::Sha512), &RSA_PSS_2048_8192_SHA512, &RSA_PSS_SHA512),
];

const fn rsa(
    scheme: Scheme,
    verification: &'static RsaParameters,
    signing: &'static RsaSignatureEncoding,
) -> Rsa {
    Rsa { scheme, verification, signing }
}

pub(super) static CURVES: [Curve; 3] = [
    Curve {
        scheme: Scheme::P256,
        verification: &ECDSA_P256_SHA256_FIXED,
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
        length: 32,
    },
    Curve {
        scheme: Scheme::P384,
        verification: &ECDSA_P384_SHA384_FIXED,
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
        length: 48,
    },
    Curve {
        scheme: Scheme::P521,
        verification: &ECDSA_P521_SHA512_FIXED,
        signing: &ECDSA_P521_SHA512_FIXED_SIGNING,
        length: 66,
    },
];

/// Points of small order on Curve25519 without the sign bit, little-endian, with the non-canonical
/// encodings of two of them. As a public key, each accepts one signature for many messages.
const SMALL_ORDER: [[u8; 32]; 7] = [
    little(0, 0, 0),
    little(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    little(0xec, 0xff, 0x7f),
    little(0xed, 0xff, 0x7f),
    little(0xee, 0xff, 0x7f),
];

const fn little(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn same_point(point: &[u8; 32], key: &[u8]) -> bool {
    key.split_last().is_some_and(|(sign, rest)| {
        point.split_last().is_some_and(|(last, others)| others == rest && *last == sign & 0x7f)
    })
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}
