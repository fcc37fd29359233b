//! [`DecryptionKeys`]: the client's keys for JWEs (RFC 7516), from PEM, private JSON Web Keys, or the client secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::encryption_key::{PublicEncryptionKey, public_jwk};
use super::pem;
use super::signing_key::{SigningKeyError, rsa_private};
use super::{ContentEncryption, EncryptionAlgorithm, strict_json};
use crate::crypto::encryption::{AgreementCurve, AgreementKey, ContentKey, RsaDecryption};
use crate::crypto::{CryptoError, Hash, PrivateKey, hash};
use crate::secret::Secret;

/// The client's keys, several while they are rotated.
#[derive(Debug, Default)]
pub(crate) struct DecryptionKeys(Vec<DecryptionKey>);

/// One key.
pub(crate) struct DecryptionKey {
    kid: Option<String>,
    /// The `alg` of the JWK.
    only: Option<EncryptionAlgorithm>,
    kind: Kind,
    public: Option<PublicEncryptionKey>,
}

enum Kind {
    Agreement(AgreementKey),
    Rsa(Box<RsaDecryption>),
    /// A shared key, as it is.
    Shared(Secret),
    /// The client secret, from which keys of each length are derived.
    ClientSecret(Secret),
}

debug_fields!(DecryptionKey { kid });

impl DecryptionKeys {
    /// The keys of these texts, and of the client secret, if there is one.
    pub(crate) fn new(keys: Vec<DecryptionKey>, client_secret: Option<Secret>) -> Self {
        let mut keys = keys;
        keys.extend(client_secret.map(|secret| DecryptionKey {
            kid: None,
            only: None,
            kind: Kind::ClientSecret(secret),
            public: None,
        }));
        Self(keys)
    }

    /// Whether there is no key.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key fits this algorithm.
    pub(crate) fn fit(&self, alg: EncryptionAlgorithm) -> bool {
        self.0.iter().any(|key| key.fits(alg))
    }

    /// The names of the algorithms that a key fits.
    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        let all = EncryptionAlgorithm::all();
        all.filter(|alg| self.fit(*alg)).map(EncryptionAlgorithm::name).collect()
    }

    /// The keys that may decrypt a token with this header: those with its `kid`, or all if none has it.
    pub(super) fn candidates(
        &self,
        alg: EncryptionAlgorithm,
        kid: Option<&str>,
    ) -> impl Iterator<Item = &DecryptionKey> {
        let is_known = self.0.iter().any(|key| kid.is_some() && key.kid.as_deref() == kid);
        let named = move |key: &&DecryptionKey| !is_known || key.kid.as_deref() == kid;
        self.0.iter().filter(move |key| key.fits(alg)).filter(named)
    }

    /// The public halves, for the client's JWK set.
    pub(crate) fn public_jwks(&self) -> impl Iterator<Item = Map<String, Value>> {
        self.0.iter().filter_map(|key| {
            let mut jwk = public_jwk(key.public.as_ref()?);
            jwk.extend(key.kid.as_ref().map(|kid| ("kid".to_owned(), kid.as_str().into())));
            jwk.extend(key.only.map(|alg| ("alg".to_owned(), alg.name().into())));
            Some(jwk)
        })
    }
}

impl DecryptionKey {
    /// A private key from PEM or from the JSON of a JWK.
    pub(crate) fn parse(text: &Secret) -> Result<Self, SigningKeyError> {
        let text = text.expose().trim();
        if text.starts_with('{') {
            let members =
                strict_json::object(text.as_bytes()).map_err(|_| SigningKeyError::Format)?;
            return jwk(&members);
        }
        let der = pem::decode(text, pem::PRIVATE_KEY)?;
        if let Ok(key) = AgreementKey::from_der(&der) {
            return Self::agreement_key(key, None, None);
        }
        let key = PrivateKey::from_der(&der).map_err(|_| SigningKeyError::Key)?;
        Self::rsa_key(&key, None, None)
    }

    fn agreement_key(
        key: AgreementKey,
        kid: Option<String>,
        only: Option<EncryptionAlgorithm>,
    ) -> Result<Self, SigningKeyError> {
        let public = key.public().map_err(|_| SigningKeyError::Key)?;
        let public = PublicEncryptionKey::Agreement(key.curve, public);
        Ok(Self { kid, only, kind: Kind::Agreement(key), public: Some(public) })
    }

    fn rsa_key(
        key: &PrivateKey,
        kid: Option<String>,
        only: Option<EncryptionAlgorithm>,
    ) -> Result<Self, SigningKeyError> {
        let decryption = key.decryption().map_err(|_| SigningKeyError::Key)?;
        let public = key.public().ok().map(PublicEncryptionKey::Numbers);
        Ok(Self { kid, only, kind: Kind::Rsa(Box::new(decryption)), public })
    }

    fn fits(&self, alg: EncryptionAlgorithm) -> bool {
        self.only.is_none_or(|only| only == alg)
            && match &self.kind {
                Kind::Agreement(_) => !alg.is_symmetric() && alg.oaep().is_none(),
                Kind::Rsa(_) => alg.oaep().is_some(),
                Kind::Shared(_) | Kind::ClientSecret(_) => alg.is_symmetric(),
            }
    }

    pub(super) fn rsa(&self) -> Result<&RsaDecryption, CryptoError> {
        match &self.kind {
            Kind::Rsa(key) => Ok(key),
            _ => Err(CryptoError),
        }
    }

    pub(super) fn agreement(&self) -> Result<&AgreementKey, CryptoError> {
        match &self.kind {
            Kind::Agreement(key) => Ok(key),
            _ => Err(CryptoError),
        }
    }

    /// The shared key of this length. That of a client secret is the left part of its hash (OpenID Connect Core
    /// §10.2).
    pub(super) fn shared(&self, length: usize) -> Result<ContentKey, CryptoError> {
        match &self.kind {
            Kind::Shared(key) => {
                let key = URL_SAFE_NO_PAD.decode(key.expose()).map_err(|_| CryptoError)?;
                let key = Zeroizing::new(key);
                if key.len() == length { Ok(key) } else { Err(CryptoError) }
            }
            Kind::ClientSecret(secret) => {
                let function = if length > 32 { Hash::Sha512 } else { Hash::Sha256 };
                let mut key = Zeroizing::new(hash(function, secret.expose().as_bytes()));
                key.truncate(length);
                Ok(key)
            }
            _ => Err(CryptoError),
        }
    }
}

/// A key from the members of a private or symmetric JWK (RFC 7518 §6, RFC 8037 §2).
fn jwk(members: &Map<String, Value>) -> Result<DecryptionKey, SigningKeyError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if members.contains_key("keys") {
        return Err(SigningKeyError::Set);
    }
    if members.get("use").is_some_and(|value| value != "enc") {
        return Err(SigningKeyError::EncryptionUse);
    }
    let kid = text("kid").map(ToOwned::to_owned);
    let only = match members.get("alg") {
        None => None,
        Some(alg) => {
            let name = alg.as_str().ok_or(SigningKeyError::EncryptionUse)?;
            // A key for content itself names its encryption (RFC 7520 §5.6.1).
            let direct = ContentEncryption::from_name(name).map(|_| EncryptionAlgorithm::Dir);
            let alg = EncryptionAlgorithm::from_name(name).or(direct);
            Some(alg.ok_or(SigningKeyError::EncryptionUse)?)
        }
    };
    if text("kty") == Some("oct") {
        let key = text("k").ok_or(SigningKeyError::Key)?;
        return Ok(DecryptionKey { kid, only, kind: Kind::Shared(Secret::new(key)), public: None });
    }
    let d = text("d").ok_or(SigningKeyError::Public)?;
    let d = URL_SAFE_NO_PAD.decode(d).map(Zeroizing::new).map_err(|_| SigningKeyError::Key)?;
    let curve = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            return DecryptionKey::rsa_key(&rsa_private(members)?, kid, only);
        }
        (Some("EC"), Some("P-256")) => AgreementCurve::P256,
        (Some("EC"), Some("P-384")) => AgreementCurve::P384,
        (Some("EC"), Some("P-521")) => AgreementCurve::P521,
        (Some("OKP"), Some("X25519")) => AgreementCurve::X25519,
        _ => return Err(SigningKeyError::Key),
    };
    let key = AgreementKey::new(curve, &d).map_err(|_| SigningKeyError::Key)?;
    DecryptionKey::agreement_key(key, kid, only)
}
