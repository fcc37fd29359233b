//! [`SigningKey`]: the client's key for signatures, from PEM, a private JSON Web Key (RFC 7517) or the
//! client secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::pem::{self, PemError};
use super::{Algorithm, strict_json};
use crate::crypto::{CryptoError, MacKey, PrivateKey, PublicNumbers, RsaPrivate, Scheme};
use crate::secret::Secret;

/// A key that signs, parsed once.
pub(crate) struct SigningKey {
    kid: Option<String>,
    /// The `alg` of the JWK.
    only: Option<Algorithm>,
    signer: Signer,
}

enum Signer {
    Private(PrivateKey),
    Secret(Secret),
}

/// Why a text is not a private key. It contains nothing of the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SigningKeyError {
    #[error(
        "is neither PEM (`PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`) nor a JSON Web Key"
    )]
    Format,
    #[error("is encrypted, which is not supported: decrypt it first")]
    Encrypted,
    #[error(
        "is not an RSA key of 2048 to 8192 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key"
    )]
    Key,
    #[error("is a JWK set: use one of its keys")]
    Set,
    #[error("is a public key: the JWK has no `d` (RFC 7518 §6.2.2, §6.3.2)")]
    Public,
    #[error("is symmetric: for `client_secret_jwt`, set `client_secret` instead")]
    Symmetric,
    #[error("lacks `p`, `q`, `dp`, `dq` or `qi` in its JWK (RFC 7518 §6.3.2)")]
    Primes,
    #[error(
        "is not for signatures, according to `use`, `key_ops` or `alg` of its JWK (RFC 7517 §4)"
    )]
    Use,
    #[error("is not for encryption, according to `use` or `alg` of its JWK (RFC 7517 §4)")]
    EncryptionUse,
}

impl SigningKey {
    /// A private key from PEM or from the JSON of a JWK.
    pub(crate) fn parse(text: &Secret) -> Result<Self, SigningKeyError> {
        let text = text.expose().trim();
        if text.starts_with('{') {
            let members =
                strict_json::object(text.as_bytes()).map_err(|_| SigningKeyError::Format)?;
            return jwk(&members);
        }
        let der = pem::decode(text, pem::PRIVATE_KEY)?;
        let key = PrivateKey::from_der(&der).map_err(|_| SigningKeyError::Key)?;
        Ok(Self { kid: None, only: None, signer: Signer::Private(key) })
    }

    /// A private key from DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        Ok(Self { kid: None, only: None, signer: Signer::Private(PrivateKey::from_der(der)?) })
    }

    /// The client secret as a key for HMAC (OpenID Connect Core §9).
    pub(crate) fn of_secret(secret: Secret) -> Self {
        Self { kid: None, only: None, signer: Signer::Secret(secret) }
    }

    /// The `kid` of the JWK.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public half as a JWK (RFC 7517 §4), made of public numbers only; `None` for a secret. `kid` overrides
    /// that of the JWK.
    pub(crate) fn public_jwk(&self, kid: Option<&str>) -> Option<Map<String, Value>> {
        let Signer::Private(key) = &self.signer else { return None };
        let base64 = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        let members = match key.public().ok()? {
            PublicNumbers::Ec { curve, x, y } => {
                let name = match curve {
                    Scheme::P384 => "P-384",
                    Scheme::P521 => "P-521",
                    _ => "P-256",
                };
                json!({ "kty": "EC", "crv": name, "x": base64(x), "y": base64(y) })
            }
            PublicNumbers::Ed25519 { x } => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(x) })
            }
            PublicNumbers::Rsa { n, e } => json!({ "kty": "RSA", "n": base64(n), "e": base64(e) }),
        };
        let Value::Object(mut jwk) = members else { return None };
        jwk.insert("use".to_owned(), "sig".into());
        jwk.extend(self.only.map(|alg| ("alg".to_owned(), alg.name().into())));
        let kid = kid.or_else(|| self.kid());
        jwk.extend(kid.map(|kid| ("kid".to_owned(), kid.into())));
        Some(jwk)
    }

    /// Whether the key can sign with this algorithm.
    pub(crate) fn fits(&self, alg: Algorithm) -> bool {
        // `EdDSA` and `Ed25519` are names of one algorithm.
        let named = self.only.is_none_or(|only| only == alg || only.scheme() == alg.scheme());
        named
            && match (&self.signer, alg.scheme()) {
                (Signer::Private(key), Some(scheme)) => key.fits(scheme),
                (Signer::Secret(_), None) => true,
                _ => false,
            }
    }

    /// The algorithms that the key can sign with, the most common one first.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        let only = self.only.filter(|alg| self.fits(*alg));
        let others = Algorithm::all().filter(move |alg| Some(*alg) != only && self.fits(*alg));
        only.into_iter().chain(others)
    }

    /// Signs `message`. The algorithm must fit the key.
    pub(crate) fn sign(&self, alg: Algorithm, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if !self.fits(alg) {
            return Err(CryptoError);
        }
        match &self.signer {
            Signer::Private(key) => key.sign(alg.scheme().ok_or(CryptoError)?, message),
            Signer::Secret(secret) => {
                Ok(MacKey::new(alg.hash(), secret.expose().as_bytes()).sign(message))
            }
        }
    }
}

debug_fields!(SigningKey { kid });

impl From<PemError> for SigningKeyError {
    fn from(error: PemError) -> Self {
        match error {
            PemError::Encrypted => Self::Encrypted,
            PemError::Format => Self::Format,
        }
    }
}

/// A private key from the members of a JWK (RFC 7518 §6, RFC 8037 §2).
fn jwk(members: &Map<String, Value>) -> Result<SigningKey, SigningKeyError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.map(Zeroizing::new).ok_or(SigningKeyError::Key)
    };
    if members.contains_key("keys") {
        return Err(SigningKeyError::Set);
    }
    if text("kty") == Some("oct") {
        return Err(SigningKeyError::Symmetric);
    }
    if !members.contains_key("d") {
        return Err(SigningKeyError::Public);
    }
    let signs = |operations: &Value| {
        operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "sign"))
    };
    if members.get("use").is_some_and(|value| value != "sig")
        || members.get("key_ops").is_some_and(|operations| !signs(operations))
    {
        return Err(SigningKeyError::Use);
    }
    let d = bytes("d")?;
    let key = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => return named(members, rsa_private(members)?),
        (Some("EC"), Some("P-256")) => PrivateKey::ec(Scheme::P256, &d, &bytes("x")?, &bytes("y")?),
        (Some("EC"), Some("P-384")) => PrivateKey::ec(Scheme::P384, &d, &bytes("x")?, &bytes("y")?),
        (Some("EC"), Some("P-521")) => PrivateKey::ec(Scheme::P521, &d, &bytes("x")?, &bytes("y")?),
        (Some("OKP"), Some("Ed25519")) => PrivateKey::ed25519(&d, &bytes("x")?),
        _ => Err(CryptoError),
    };
    named(members, key.map_err(|_| SigningKeyError::Key)?)
}

/// The key with the `alg` and the `kid` of its JWK.
fn named(members: &Map<String, Value>, key: PrivateKey) -> Result<SigningKey, SigningKeyError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let only = match members.get("alg") {
        None => None,
        Some(alg) => {
            let alg = alg.as_str().and_then(Algorithm::from_name);
            let fits = alg.filter(|alg| alg.scheme().is_some_and(|scheme| key.fits(scheme)));
            Some(fits.ok_or(SigningKeyError::Use)?)
        }
    };
    let kid = text("kid").map(ToOwned::to_owned);
    Ok(SigningKey { kid, only, signer: Signer::Private(key) })
}

/// A private RSA key from the members of a JWK (RFC 7518 §6.3).
pub(super) fn rsa_private(members: &Map<String, Value>) -> Result<PrivateKey, SigningKeyError> {
    let bytes = |name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.map(Zeroizing::new).ok_or(SigningKeyError::Key)
    };
    let names = ["p", "q", "dp", "dq", "qi"];
    if names.iter().any(|name| !members.contains_key(*name)) {
        return Err(SigningKeyError::Primes);
    }
    let (n, e, d) = (bytes("n")?, bytes("e")?, bytes("d")?);
    let (p, q, dp, dq, qi) = (bytes("p")?, bytes("q")?, bytes("dp")?, bytes("dq")?, bytes("qi")?);
    let numbers = RsaPrivate { n: &n, e: &e, d: &d, p: &p, q: &q, dp: &dp, dq: &dq, qi: &qi };
    PrivateKey::rsa(&numbers).map_err(|_| SigningKeyError::Key)
}

#[cfg(test)]
#[path = "signing_key_tests.rs"]
mod tests;
