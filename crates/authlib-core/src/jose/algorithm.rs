//! [`Algorithm`]: the supported signature algorithms (RFC 7518 §3.1).

use std::fmt;

use crate::crypto::{Hash, Scheme};

/// A signature algorithm. `none` is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// `EdDSA`, on Ed25519 only (RFC 8037 §3.1).
    EdDsa,
    /// The same under its fully specified name (RFC 9864 §2.2).
    Ed25519,
}

impl Algorithm {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Hs256, "HS256"),
        (Self::Hs384, "HS384"),
        (Self::Hs512, "HS512"),
        (Self::Rs256, "RS256"),
        (Self::Rs384, "RS384"),
        (Self::Rs512, "RS512"),
        (Self::Ps256, "PS256"),
        (Self::Ps384, "PS384"),
        (Self::Ps512, "PS512"),
        (Self::Es256, "ES256"),
        (Self::Es384, "ES384"),
        (Self::Es512, "ES512"),
        (Self::EdDsa, "EdDSA"),
        (Self::Ed25519, "Ed25519"),
    ];

    /// The name in a token's `alg`, such as `RS256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(alg, _)| *alg == self).map_or("", |(_, name)| name)
    }

    /// The algorithm of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(alg, _)| *alg)
    }

    /// Whether it is HMAC: a key that verifies can also sign.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        self.scheme().is_none()
    }

    /// The scheme of a public-key algorithm.
    pub(crate) fn scheme(self) -> Option<Scheme> {
        Some(match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => return None,
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Scheme::Rs(self.hash()),
            Self::Ps256 | Self::Ps384 | Self::Ps512 => Scheme::Ps(self.hash()),
            Self::Es256 => Scheme::P256,
            Self::Es384 => Scheme::P384,
            Self::Es512 => Scheme::P521,
            Self::EdDsa | Self::Ed25519 => Scheme::Ed25519,
        })
    }

    /// The hash of `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6); SHA-512 for Ed25519, which uses it
    /// internally.
    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::Hs256 | Self::Rs256 | Self::Ps256 | Self::Es256 => Hash::Sha256,
            Self::Hs384 | Self::Rs384 | Self::Ps384 | Self::Es384 => Hash::Sha384,
            Self::Hs512 | Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa | Self::Ed25519 => {
                Hash::Sha512
            }
        }
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(alg, _)| *alg)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
