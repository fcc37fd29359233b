//! The supported algorithms of JWEs: [`EncryptionAlgorithm`] (RFC 7518 §4.1) and [`ContentEncryption`] (§5.1).

use std::fmt;

use crate::crypto::encryption::{Content, Oaep};

/// How the key of the content gets to the receiver: the `alg` of a JWE.
///
/// `RSA1_5` is not supported, because its errors tell an attacker about the key (RFC 8725 §3.2), and neither are
/// keys of passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptionAlgorithm {
    /// Wrapped by a shared key of 128 bits.
    A128Kw,
    /// Wrapped by a shared key of 256 bits.
    A256Kw,
    /// The shared key itself.
    Dir,
    /// Agreed on a curve.
    EcdhEs,
    /// Wrapped by a key of 128 bits that is agreed on a curve.
    EcdhEsA128Kw,
    /// Wrapped by a key of 256 bits that is agreed on a curve.
    EcdhEsA256Kw,
    /// Encrypted with RSA-OAEP and SHA-1.
    RsaOaep,
    /// Encrypted with RSA-OAEP and SHA-256.
    RsaOaep256,
}

/// How the content is encrypted: the `enc` of a JWE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-128 in CBC mode with HMAC SHA-256.
    A128CbcHs256,
    /// AES-128 in GCM mode.
    A128Gcm,
    /// AES-256 in CBC mode with HMAC SHA-512.
    A256CbcHs512,
    /// AES-256 in GCM mode.
    A256Gcm,
}

impl EncryptionAlgorithm {
    const ALL: [(Self, &'static str); 8] = [
        (Self::A128Kw, "A128KW"),
        (Self::A256Kw, "A256KW"),
        (Self::Dir, "dir"),
        (Self::EcdhEs, "ECDH-ES"),
        (Self::EcdhEsA128Kw, "ECDH-ES+A128KW"),
        (Self::EcdhEsA256Kw, "ECDH-ES+A256KW"),
        (Self::RsaOaep, "RSA-OAEP"),
        (Self::RsaOaep256, "RSA-OAEP-256"),
    ];

    /// The registered name, such as `RSA-OAEP-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(alg, _)| *alg == self).map_or("", |(_, name)| name)
    }

    /// The algorithm of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(alg, _)| *alg)
    }

    /// Whether both parties have the same key: that of the client secret (OpenID Connect Core §10.2).
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::A128Kw | Self::A256Kw | Self::Dir)
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(alg, _)| *alg)
    }

    pub(super) fn oaep(self) -> Option<Oaep> {
        match self {
            Self::RsaOaep => Some(Oaep::Sha1),
            Self::RsaOaep256 => Some(Oaep::Sha256),
            _ => None,
        }
    }

    /// The bytes of the key that wraps the content's key, if there is one.
    pub(super) fn wrapping_key_length(self) -> Option<usize> {
        match self {
            Self::A128Kw | Self::EcdhEsA128Kw => Some(16),
            Self::A256Kw | Self::EcdhEsA256Kw => Some(32),
            _ => None,
        }
    }
}

impl ContentEncryption {
    const ALL: [(Self, &'static str); 4] = [
        (Self::A128CbcHs256, "A128CBC-HS256"),
        (Self::A128Gcm, "A128GCM"),
        (Self::A256CbcHs512, "A256CBC-HS512"),
        (Self::A256Gcm, "A256GCM"),
    ];

    /// The registered name, such as `A128GCM`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(enc, _)| *enc == self).map_or("", |(_, name)| name)
    }

    /// The encryption of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(enc, _)| *enc)
    }

    pub(super) fn content(self) -> Content {
        match self {
            Self::A128CbcHs256 => Content::Cbc128,
            Self::A128Gcm => Content::Gcm128,
            Self::A256CbcHs512 => Content::Cbc256,
            Self::A256Gcm => Content::Gcm256,
        }
    }
}

impl fmt::Display for EncryptionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
