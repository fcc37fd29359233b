//! JSON Web Key sets, RFC 7517: [`JwkSet`], its keys parsed once.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Algorithm, strict_json};
use crate::crypto::{CryptoError, MacKey, PublicKey, Scheme};
use crate::secret::Secret;

/// The most keys of a set that are used.
const MAX_KEYS: usize = 100;

/// Verification keys. Cheap to clone.
///
/// A key of unknown type or curve, for encryption, or malformed is skipped, so that it does not prevent all
/// logins (RFC 7517 §5).
#[derive(Clone)]
pub(crate) struct JwkSet(Arc<[Jwk]>);

/// Why a text is not a JWK set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JwkError {
    #[error("not a JSON object")]
    Json(#[source] serde_json::Error),
    #[error("`keys` is missing or not a list (RFC 7517 §5.1)")]
    NoKeys,
}

/// One key, for all algorithms that it fits.
pub(super) struct Jwk {
    kid: Option<String>,
    /// The issuer that the key is for, a member of Microsoft's keys.
    issuer: Option<String>,
    uses: Vec<(Algorithm, Verifier)>,
}

enum Verifier {
    Mac(Box<MacKey>),
    Public(PublicKey),
}

impl JwkSet {
    /// Parses a set that was fetched. Symmetric keys are skipped: a published key is not a secret.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, JwkError> {
        Self::read(&strict_json::object(json).map_err(JwkError::Json)?, false)
    }

    /// Reads a set from the configuration, where symmetric keys are secrets.
    pub(crate) fn from_value_with_symmetric(value: &Value) -> Result<Self, JwkError> {
        Self::read(value.as_object().ok_or(JwkError::NoKeys)?, true)
    }

    /// The client secret as the only key, for HMAC (OpenID Connect Core §10.1).
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        Self(Arc::from([Jwk {
            kid: None,
            issuer: None,
            uses: macs(secret.expose().as_bytes(), None),
        }]))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has_kid(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that fit the algorithm and may have signed a token with this header: those with its `kid`,
    /// then those without one. If the token has no `kid`, all of them.
    pub(super) fn candidates(
        &self,
        alg: Algorithm,
        kid: Option<&str>,
    ) -> impl Iterator<Item = &Jwk> {
        let named = self.0.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid);
        let unnamed = self.0.iter().filter(move |key| kid.is_some() && key.kid.is_none());
        named.chain(unnamed).filter(move |key| key.uses.iter().any(|(fits, _)| *fits == alg))
    }

    fn read(set: &Map<String, Value>, symmetric: bool) -> Result<Self, JwkError> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(JwkError::NoKeys)?;
        let usable = keys.iter().take(MAX_KEYS).filter_map(|key| jwk(key.as_object()?, symmetric));
        Ok(Self(usable.collect()))
    }
}

impl Jwk {
    /// The issuer whose tokens the key may sign, if it names one.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Checks a signature. The algorithm must fit the key.
    pub(super) fn verify(
        &self,
        alg: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        match self.uses.iter().find(|(fits, _)| *fits == alg) {
            Some((_, Verifier::Mac(key))) => key.verify(message, signature),
            Some((_, Verifier::Public(key))) => key.verify(message, signature),
            None => Err(CryptoError),
        }
    }
}

/// Parses a key; `None` if it can't verify signatures.
fn jwk(key: &Map<String, Value>, symmetric: bool) -> Option<Jwk> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if key.get("use").is_some_and(|value| value != "sig") {
        return None;
    }
    if let Some(operations) = key.get("key_ops")
        && !operations.as_array()?.iter().any(|operation| operation == "verify")
    {
        return None;
    }
    let only = match key.get("alg") {
        None => None,
        Some(alg) => Some(Algorithm::from_name(alg.as_str()?)?),
    };
    let uses = match text("kty")? {
        "RSA" => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            public(only, |scheme| PublicKey::rsa(scheme, &n, &e))
        }
        "EC" => {
            let curve = match text("crv")? {
                "P-256" => Scheme::P256,
                "P-384" => Scheme::P384,
                "P-521" => Scheme::P521,
                _ => return None,
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            public(only, |scheme| {
                if scheme == curve { PublicKey::ec(scheme, &x, &y) } else { Err(CryptoError) }
            })
        }
        "OKP" if text("crv") == Some("Ed25519") => {
            let x = bytes("x")?;
            public(only, |scheme| match scheme {
                Scheme::Ed25519 => PublicKey::ed25519(&x),
                _ => Err(CryptoError),
            })
        }
        "oct" if symmetric => macs(&bytes("k")?, only),
        _ => return None,
    };
    let owned = |name: &str| text(name).map(ToOwned::to_owned);
    let (kid, issuer) = (owned("kid"), owned("issuer"));
    (!uses.is_empty()).then_some(Jwk { kid, issuer, uses })
}

/// The key, parsed for each public-key algorithm that it fits, or only for its `alg`.
fn public(
    only: Option<Algorithm>,
    parse: impl Fn(Scheme) -> Result<PublicKey, CryptoError>,
) -> Vec<(Algorithm, Verifier)> {
    // `EdDSA` and `Ed25519` are names of one algorithm.
    let same = |alg: Algorithm, named: Algorithm| {
        alg == named || (alg.scheme() == named.scheme() && alg.scheme().is_some())
    };
    Algorithm::all()
        .filter(|alg| only.is_none_or(|named| same(*alg, named)))
        .filter_map(|alg| Some((alg, Verifier::Public(parse(alg.scheme()?).ok()?))))
        .collect()
}

fn macs(key: &[u8], only: Option<Algorithm>) -> Vec<(Algorithm, Verifier)> {
    if key.is_empty() {
        return Vec::new();
    }
    Algorithm::all()
        .filter(|alg| alg.is_symmetric() && only.is_none_or(|named| named == *alg))
        .map(|alg| (alg, Verifier::Mac(Box::new(MacKey::new(alg.hash(), key)))))
        .collect()
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}
