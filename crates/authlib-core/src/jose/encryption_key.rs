//! Public keys for encryption: those of a provider, to which request objects are encrypted, and the client's own
//! as JSON Web Keys (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::{EncryptionAlgorithm, strict_json};
use crate::crypto::encryption::AgreementCurve;
use crate::crypto::{CryptoError, PublicNumbers};

/// A public key of the client.
pub(super) enum PublicEncryptionKey {
    Agreement(AgreementCurve, Vec<u8>),
    Numbers(PublicNumbers),
}

/// A provider's key, to which is encrypted.
#[derive(Clone, Debug)]
pub(crate) struct EncryptionKey {
    kid: Option<String>,
    only: Option<String>,
    recipient: Recipient,
}

#[derive(Clone, Debug)]
pub(super) enum Recipient {
    Agreement { curve: AgreementCurve, public: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl EncryptionKey {
    /// The keys of a JWK set that can be encrypted to. Others are skipped (RFC 7517 §5).
    pub(crate) fn all(json: &[u8]) -> Vec<Self> {
        let Ok(set) = strict_json::object(json) else { return Vec::new() };
        let keys = set.get("keys").and_then(Value::as_array);
        keys.into_iter().flatten().filter_map(|key| Self::read(key.as_object()?)).collect()
    }

    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        // Without `use`, a key is taken for signatures.
        if text("use") != Some("enc") {
            return None;
        }
        let recipient = match text("kty")? {
            "RSA" => Recipient::Rsa { n: bytes("n")?, e: bytes("e")? },
            _ => {
                let (curve, public) = agreement_key(jwk)?;
                Recipient::Agreement { curve, public }
            }
        };
        let (kid, only) = (text("kid").map(str::to_owned), text("alg").map(str::to_owned));
        Some(Self { kid, only, recipient })
    }

    /// Whether it can be encrypted to by this algorithm.
    pub(crate) fn fits(&self, alg: EncryptionAlgorithm) -> bool {
        let is_rsa = matches!(self.recipient, Recipient::Rsa { .. });
        self.only.as_deref().is_none_or(|only| only == alg.name())
            && !alg.is_symmetric()
            && alg.oaep().is_some() == is_rsa
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn recipient(&self) -> &Recipient {
        &self.recipient
    }
}

/// The curve and the public half of a JWK for key agreement.
pub(super) fn agreement_key(jwk: &Map<String, Value>) -> Option<(AgreementCurve, Vec<u8>)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let curve = match (text("kty")?, text("crv")?) {
        ("EC", "P-256") => AgreementCurve::P256,
        ("EC", "P-384") => AgreementCurve::P384,
        ("EC", "P-521") => AgreementCurve::P521,
        ("OKP", "X25519") => return Some((AgreementCurve::X25519, bytes("x")?)),
        _ => return None,
    };
    let (x, y) = (bytes("x")?, bytes("y")?);
    if x.len() != curve.length() || y.len() != curve.length() {
        return None;
    }
    Some((curve, [&[4], x.as_slice(), &y].concat()))
}

/// A public key as a JWK, for `epk` (RFC 7518 §4.6.1.1).
pub(super) fn ephemeral_jwk(curve: AgreementCurve, public: &[u8]) -> Result<Value, CryptoError> {
    let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let name = match curve {
        AgreementCurve::P256 => "P-256",
        AgreementCurve::P384 => "P-384",
        AgreementCurve::P521 => "P-521",
        AgreementCurve::X25519 => {
            return Ok(json!({ "kty": "OKP", "crv": "X25519", "x": base64(public) }));
        }
    };
    let point = public.strip_prefix(&[4]).ok_or(CryptoError)?;
    let (x, y) = point.split_at_checked(curve.length()).ok_or(CryptoError)?;
    Ok(json!({ "kty": "EC", "crv": name, "x": base64(x), "y": base64(y) }))
}

/// A public key of the client as a JWK with `use` `enc`.
pub(super) fn public_jwk(key: &PublicEncryptionKey) -> Map<String, Value> {
    let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = match key {
        PublicEncryptionKey::Agreement(curve, public) => ephemeral_jwk(*curve, public).ok(),
        PublicEncryptionKey::Numbers(PublicNumbers::Rsa { n, e }) => {
            Some(json!({ "kty": "RSA", "n": base64(n), "e": base64(e) }))
        }
        PublicEncryptionKey::Numbers(_) => None,
    };
    let Some(Value::Object(mut jwk)) = jwk else { return Map::new() };
    jwk.insert("use".to_owned(), "enc".into());
    jwk
}
