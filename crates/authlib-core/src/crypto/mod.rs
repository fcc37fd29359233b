//! Hashes, HMAC, signatures and randomness over bytes: the only folder that names a cryptography crate.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
    RsaSignatureEncoding,
};
use aws_lc_rs::{hmac, rand};

pub(crate) use self::rsa_sha1::RsaSha1Key;

mod rsa_sha1;

/// A cryptographic operation failed. More is not said: the reason would help an attacker only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic operation failed")]
pub(crate) struct Failed;

/// The SHA-2 functions, and SHA-1 for what RFC 5849 signs with it: no public-key [`Scheme`] takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// The public-key signature schemes, by what RFC 7518 §3.1 calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Rs(Hash),
    Ps(Hash),
    P256,
    P384,
    P521,
    Ed25519,
}

/// A public key, parsed and checked once, for one scheme.
pub(crate) struct PublicKey(ParsedPublicKey);

/// A private key, parsed and checked once, for every scheme of its type.
pub(crate) enum PrivateKey {
    Ec(EcdsaKeyPair, Scheme),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
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

/// A key for HMAC, for one hash.
pub(crate) struct MacKey(hmac::Key);

/// Fills `bytes` from the operating system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Failed> {
    rand::fill(bytes).map_err(|_| Failed)
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    hash(Hash::Sha256, bytes)
}

/// The digest of `bytes`.
pub(crate) fn hash(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    digest(algorithm, bytes).as_ref().to_vec()
}

impl PublicKey {
    /// An RSA key of 2048 to 8192 bits from its modulus and exponent, big-endian. The exponent must be
    /// odd and at least 3: with 1, every message is its own signature. It may have 40 bits, as a longer
    /// one only makes verification slow; usual is 65537.
    pub(crate) fn rsa(scheme: Scheme, n: &[u8], e: &[u8]) -> Result<Self, Failed> {
        let parameters = rsa_parameters(scheme).ok_or(Failed)?;
        let (n, e) = (without_zeros(n), without_zeros(e));
        let odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
        let unused = n.first().map_or(0, |first| first.leading_zeros() as usize);
        let bits = n.len().saturating_mul(8).saturating_sub(unused);
        if !odd(n) || !odd(e) || e == [1] || e.len() > 5 || !(2048..=8192).contains(&bits) {
            return Err(Failed);
        }
        let components = RsaPublicKeyComponents { n, e };
        components.to_parsed_public_key(parameters).map(Self).map_err(|_| Failed)
    }

    /// A key on a curve from its point, big-endian coordinates of the curve's length. A point that is
    /// not on the curve is refused.
    pub(crate) fn ec(scheme: Scheme, x: &[u8], y: &[u8]) -> Result<Self, Failed> {
        let (algorithm, length): (&'static EcdsaVerificationAlgorithm, _) = match scheme {
            Scheme::P256 => (&ECDSA_P256_SHA256_FIXED, 32),
            Scheme::P384 => (&ECDSA_P384_SHA384_FIXED, 48),
            Scheme::P521 => (&ECDSA_P521_SHA512_FIXED, 66),
            _ => return Err(Failed),
        };
        if x.len() != length || y.len() != length {
            return Err(Failed);
        }
        let point = [&[4], x, y].concat();
        ParsedPublicKey::new(algorithm, point).map(Self).map_err(|_| Failed)
    }

    /// An Ed25519 key from its 32 bytes.
    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, Failed> {
        if x.len() != 32 || SMALL_ORDER.iter().any(|point| same_point(point, x)) {
            return Err(Failed);
        }
        ParsedPublicKey::new(&ED25519, x).map(Self).map_err(|_| Failed)
    }

    /// Checks a signature.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failed> {
        self.0.verify_sig(message, signature).map_err(|_| Failed)
    }
}

impl PrivateKey {
    /// A key from DER: PKCS#8, `RSAPrivateKey` of PKCS#1 or `ECPrivateKey` of SEC 1.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Failed> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Ok(Self::Rsa(pair));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Ok(Self::Ed25519(pair));
        }
        CURVES
            .iter()
            .find_map(|(scheme, algorithm, _)| {
                let pair = EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?;
                Some(Self::Ec(pair, *scheme))
            })
            .ok_or(Failed)
    }

    /// An RSA key of 2048 to 8192 bits whose numbers fit each other.
    pub(crate) fn rsa(key: &RsaPrivate<'_>) -> Result<Self, Failed> {
        let components = KeyPairComponents {
            public_key: RsaPublicKeyComponents { n: without_zeros(key.n), e: without_zeros(key.e) },
            d: key.d,
            p: key.p,
            q: key.q,
            dP: key.dp,
            dQ: key.dq,
            qInv: key.qi,
        };
        RsaKeyPair::from_components(&components).map(Self::Rsa).map_err(|_| Failed)
    }

    /// A key on a curve whose public point fits it, all numbers of the curve's length.
    pub(crate) fn ec(scheme: Scheme, d: &[u8], x: &[u8], y: &[u8]) -> Result<Self, Failed> {
        let curve = CURVES.iter().find(|(known, ..)| *known == scheme);
        let (_, algorithm, length) = curve.ok_or(Failed)?;
        if [d, x, y].iter().any(|number| number.len() != *length) {
            return Err(Failed);
        }
        let point = [&[4], x, y].concat();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, &point);
        pair.map(|pair| Self::Ec(pair, scheme)).map_err(|_| Failed)
    }

    /// An Ed25519 key from its seed and the public key that fits it.
    pub(crate) fn ed25519(d: &[u8], x: &[u8]) -> Result<Self, Failed> {
        if d.len() != 32 {
            return Err(Failed);
        }
        Ed25519KeyPair::from_seed_and_public_key(d, x).map(Self::Ed25519).map_err(|_| Failed)
    }

    /// Whether the key can sign by this scheme.
    pub(crate) fn fits(&self, scheme: Scheme) -> bool {
        match self {
            Self::Ec(_, curve) => *curve == scheme,
            Self::Ed25519(_) => scheme == Scheme::Ed25519,
            Self::Rsa(_) => rsa_encoding(scheme).is_some(),
        }
    }

    /// Signs `message`; a scheme that doesn't fit the key fails.
    pub(crate) fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Failed> {
        if !self.fits(scheme) {
            return Err(Failed);
        }
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair, _) => {
                let signature = pair.sign(&random, message).map_err(|_| Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(|_| Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let encoding = rsa_encoding(scheme).ok_or(Failed)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).map_err(|_| Failed)?;
                Ok(signature)
            }
        }
    }
}

impl MacKey {
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        let algorithm = match hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Self(hmac::Key::new(algorithm, key))
    }

    /// The tag of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// Checks a tag, in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), Failed> {
        hmac::verify(&self.0, message, tag).map_err(|_| Failed)
    }
}

fn rsa_parameters(scheme: Scheme) -> Option<&'static RsaParameters> {
    Some(match scheme {
        Scheme::Rs(Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        Scheme::Rs(Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        Scheme::Rs(Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        Scheme::Ps(Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
        Scheme::Ps(Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
        Scheme::Ps(Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn rsa_encoding(scheme: Scheme) -> Option<&'static RsaSignatureEncoding> {
    Some(match scheme {
        Scheme::Rs(Hash::Sha256) => &RSA_PKCS1_SHA256,
        Scheme::Rs(Hash::Sha384) => &RSA_PKCS1_SHA384,
        Scheme::Rs(Hash::Sha512) => &RSA_PKCS1_SHA512,
        Scheme::Ps(Hash::Sha256) => &RSA_PSS_SHA256,
        Scheme::Ps(Hash::Sha384) => &RSA_PSS_SHA384,
        Scheme::Ps(Hash::Sha512) => &RSA_PSS_SHA512,
        _ => return None,
    })
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// The curves of ECDSA, how they sign, and the length of their numbers.
const CURVES: [(Scheme, &EcdsaSigningAlgorithm, usize); 3] = [
    (Scheme::P256, &ECDSA_P256_SHA256_FIXED_SIGNING, 32),
    (Scheme::P384, &ECDSA_P384_SHA384_FIXED_SIGNING, 48),
    (Scheme::P521, &ECDSA_P521_SHA512_FIXED_SIGNING, 66),
];

/// Points of small order on Curve25519 without the sign bit, little-endian, and the non-canonical
/// spellings of two of them: as a public key each makes signatures that hold for many messages.
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

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

/// The other side, for tests only: keys that sign, and tokens made with them.
#[cfg(test)]
pub(crate) mod signing {
    use std::sync::OnceLock;

    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::hmac;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    /// A pair of keys, or a secret.
    #[derive(Debug)]
    pub(crate) enum Signer {
        Ec(EcdsaKeyPair, &'static str),
        Ed(Ed25519KeyPair),
        Hmac(Vec<u8>),
        Rsa(RsaKeyPair, Vec<u8>),
    }

    impl Signer {
        /// The one RSA key of this process: making one takes a while.
        pub(crate) fn rsa() -> &'static Self {
            static KEY: OnceLock<Signer> = OnceLock::new();
            KEY.get_or_init(Self::new_rsa)
        }

        /// Another RSA key.
        pub(crate) fn new_rsa() -> Self {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
            Self::Rsa(pair, pkcs8)
        }

        /// A new key for the algorithm of this name.
        pub(crate) fn new(alg: &str) -> Self {
            let ec = |curve, name| Self::Ec(EcdsaKeyPair::generate(curve).unwrap(), name);
            match alg {
                "ES256" => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
                "ES384" => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
                "ES512" => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
                "EdDSA" | "Ed25519" => Self::Ed(Ed25519KeyPair::generate().unwrap()),
                _ => Self::new_rsa(),
            }
        }

        /// The public half as a JWK, without `kid`, `use` and `alg`; of a secret, the secret.
        pub(crate) fn jwk(&self) -> Value {
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            match self {
                Self::Ec(pair, curve) => {
                    let point = &pair.public_key().as_ref()[1..];
                    let (x, y) = point.split_at(point.len() / 2);
                    json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
                }
                Self::Ed(pair) => {
                    json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
                }
                Self::Hmac(key) => json!({"kty": "oct", "k": text(key)}),
                Self::Rsa(pair, _) => {
                    let public = pair.public_key();
                    let n = public.modulus().big_endian_without_leading_zero();
                    let e = public.exponent().big_endian_without_leading_zero();
                    json!({"kty": "RSA", "n": text(n), "e": text(e)})
                }
            }
        }

        /// The public half of an RSA key as DER, `RSAPublicKey`.
        pub(crate) fn der(&self) -> Vec<u8> {
            match self {
                Self::Rsa(pair, _) => pair.public_key().as_ref().to_vec(),
                _ => Vec::new(),
            }
        }

        /// The same as PEM.
        pub(crate) fn pem(&self) -> String {
            let text = STANDARD.encode(self.der());
            let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
            let lines = lines.join("\n");
            format!("-----BEGIN RSA PUBLIC KEY-----\n{lines}\n-----END RSA PUBLIC KEY-----\n")
        }

        /// The private half as PEM, PKCS#8.
        pub(crate) fn private_pem(&self) -> String {
            let der = match self {
                Self::Ec(pair, _) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
                Self::Ed(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
                Self::Rsa(_, pkcs8) => pkcs8.clone(),
                Self::Hmac(_) => Vec::new(),
            };
            let text = STANDARD.encode(der);
            format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
        }

        /// A signature by the algorithm of this name.
        pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
            let random = SystemRandom::new();
            match self {
                Self::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
                Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
                Self::Hmac(key) => {
                    let hash = match alg {
                        "HS384" => hmac::HMAC_SHA384,
                        "HS512" => hmac::HMAC_SHA512,
                        _ => hmac::HMAC_SHA256,
                    };
                    hmac::sign(&hmac::Key::new(hash, key), message).as_ref().to_vec()
                }
                Self::Rsa(pair, _) => {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(rsa_encoding(alg), &random, message, &mut signature).unwrap();
                    signature
                }
            }
        }

        /// A token of these very texts.
        pub(crate) fn token_of(&self, header: &str, payload: &str) -> String {
            let alg = serde_json::from_str::<Value>(header).unwrap_or_default();
            let alg = alg["alg"].as_str().unwrap_or_default().to_owned();
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let signed = format!("{}.{}", text(header.as_bytes()), text(payload.as_bytes()));
            let signature = text(&self.sign(&alg, signed.as_bytes()));
            format!("{signed}.{signature}")
        }

        /// A token with these claims.
        pub(crate) fn token(&self, alg: &str, claims: &Value) -> String {
            self.token_of(&json!({"alg": alg, "kid": "k"}).to_string(), &claims.to_string())
        }

        /// A token with these claims, made by another JWT library.
        pub(crate) fn foreign_token(&self, alg: &str, claims: &Value) -> String {
            let key = match self {
                Self::Ec(pair, _) => EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
                Self::Ed(pair) => EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref()),
                Self::Hmac(key) => EncodingKey::from_secret(key),
                Self::Rsa(_, pkcs8) => {
                    let pem = STANDARD.encode(pkcs8);
                    let pem =
                        format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----");
                    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
                }
            };
            let header = Header::new(alg.parse().unwrap());
            jsonwebtoken::encode(&header, claims, &key).unwrap()
        }
    }

    fn rsa_encoding(alg: &str) -> &'static RsaSignatureEncoding {
        match alg {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            "PS256" => &RSA_PSS_SHA256,
            "PS384" => &RSA_PSS_SHA384,
            "PS512" => &RSA_PSS_SHA512,
            _ => &RSA_PKCS1_SHA256,
        }
    }
}
