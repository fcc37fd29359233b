//! JSON Web Key sets, RFC 7517: [`JwkSet`], its keys parsed once.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Algorithm, EncryptionAlgorithm, EncryptionKey, strict_json};
use crate::crypto::{CryptoError, MacKey, PublicKey, Scheme};
use crate::error::clipped;
use crate::secret::Secret;

/// The most reasons for skipped keys that an error names.
const MAX_REASONS: usize = 5;

/// Verification keys. Cheap to clone.
///
/// A key of unknown type or curve, for encryption, or malformed is skipped, so that it does not prevent all
/// logins (RFC 7517 §5). The size of a fetched set is limited in bytes.
#[derive(Clone)]
pub(crate) struct JwkSet {
    keys: Arc<[Jwk]>,
    skipped: Arc<[Skipped]>,
    /// The keys of the same set that can be encrypted to.
    encryption: Arc<[EncryptionKey]>,
}

/// A key that can't verify signatures, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    kid: Option<String>,
    reason: &'static str,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "key {kid:?} {}", self.reason),
            None => write!(f, "a key {}", self.reason),
        }
    }
}

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
        let mut set = Self::read(&strict_json::object(json).map_err(JwkError::Json)?, false)?;
        set.encryption = EncryptionKey::all(json).into();
        Ok(set)
    }

    /// Reads a set from the configuration, where symmetric keys are secrets.
    pub(crate) fn from_value_with_symmetric(value: &Value) -> Result<Self, JwkError> {
        Self::read(value.as_object().ok_or(JwkError::NoKeys)?, true)
    }

    /// The client secret as the only key, for HMAC (OpenID Connect Core §10.1).
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        let uses = macs(secret.expose().as_bytes(), None);
        let key = Jwk { kid: None, issuer: None, uses };
        Self { keys: Arc::from([key]), skipped: Arc::default(), encryption: Arc::default() }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The keys that fit the algorithm and may have signed a token with this header: those with its `kid`,
    /// then those without one. If the token has no `kid`, all of them.
    pub(super) fn candidates(
        &self,
        alg: Algorithm,
        kid: Option<&str>,
    ) -> impl Iterator<Item = &Jwk> {
        let named = self.keys.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid);
        let unnamed = self.keys.iter().filter(move |key| kid.is_some() && key.kid.is_none());
        named.chain(unnamed).filter(move |key| key.uses.iter().any(|(fits, _)| *fits == alg))
    }

    fn read(set: &Map<String, Value>, symmetric: bool) -> Result<Self, JwkError> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(JwkError::NoKeys)?;
        let (mut usable, mut skipped) = (Vec::new(), Vec::new());
        for key in keys {
            match key.as_object().ok_or("is not a JSON object").and_then(|key| jwk(key, symmetric))
            {
                Ok(key) => usable.push(key),
                Err(reason) => {
                    let kid = key.get("kid").and_then(Value::as_str).map(clipped);
                    skipped.push(Skipped { kid, reason });
                }
            }
        }
        let encryption = Arc::default();
        Ok(Self { keys: usable.into(), skipped: skipped.into(), encryption })
    }

    /// The first key that can be encrypted to by this algorithm.
    pub(crate) fn encryption_key(&self, alg: EncryptionAlgorithm) -> Option<&EncryptionKey> {
        self.encryption.iter().find(|key| key.fits(alg))
    }

    /// The keys that can't be used.
    pub(crate) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Why the set has no usable key: the reasons of the first ones.
    pub(crate) fn why_unusable(&self) -> String {
        let reasons: Vec<_> =
            self.skipped.iter().take(MAX_REASONS).map(Skipped::to_string).collect();
        match self.skipped.len() {
            0 => "it is empty".to_owned(),
            count if count > MAX_REASONS => format!("{}, and {count} in all", reasons.join("; ")),
            _ => reasons.join("; "),
        }
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

/// Parses a key, or says why it can't verify signatures.
fn jwk(key: &Map<String, Value>, symmetric: bool) -> Result<Jwk, &'static str> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| text(name).and_then(decoded).ok_or("has a member that is not base64");
    if key.get("use").is_some_and(|value| value != "sig") {
        return Err("is not for signatures (`use`)");
    }
    if let Some(operations) = key.get("key_ops")
        && !operations.as_array().is_some_and(|list| list.iter().any(|one| one == "verify"))
    {
        return Err("is not for verification (`key_ops`)");
    }
    let only = match key.get("alg") {
        None => None,
        Some(alg) => {
            let known = alg.as_str().and_then(Algorithm::from_name);
            Some(known.ok_or("is for another algorithm (`alg`)")?)
        }
    };
    let uses = match text("kty").ok_or("has no `kty`")? {
        "RSA" => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            public(only, |scheme| PublicKey::rsa(scheme, &n, &e))
        }
        "EC" => {
            let curve = match text("crv") {
                Some("P-256") => Scheme::P256,
                Some("P-384") => Scheme::P384,
                Some("P-521") => Scheme::P521,
                _ => return Err("is on another curve (`crv`)"),
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
        "OKP" => return Err("is on another curve (`crv`)"),
        "oct" if symmetric => macs(&bytes("k")?, only),
        "oct" => return Err("is symmetric: a published key is not a secret"),
        _ => return Err("has an unknown type (`kty`)"),
    };
    let owned = |name: &str| text(name).map(ToOwned::to_owned);
    let (kid, issuer) = (owned("kid"), owned("issuer"));
    if uses.is_empty() {
        return Err("is malformed, too short or too long, or does not fit its `alg`");
    }
    Ok(Jwk { kid, issuer, uses })
}

/// Base64url (RFC 7515 §2). Some providers pad it, or send standard base64; the meaning is the same.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let standard = |c| matches!(c, '+' | '/' | '=');
    if !text.contains(standard) {
        return URL_SAFE_NO_PAD.decode(text).ok();
    }
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
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
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}
