//! DPoP proofs of the client (RFC 9449 §4): the key of a token, the nonces of servers, and the one retry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::client::EndpointClient;
use crate::config::DpopKeys;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::Algorithm;
use crate::message::Request;
use crate::oauth2::Token;
use crate::oauth2::dpop::{DPOP, DpopKey, Proof, nonce_of, proof_algorithm, thumbprint};
use crate::oauth2::token_endpoint::BEARER;
use crate::secret::Secret;
use crate::signer::{LocalKey, SignatureKey, sign_jws};

/// The most origins whose nonces are kept. Beyond, all are forgotten: a nonce costs one request.
const MAX_ORIGINS: usize = 256;

/// The newest nonce of each origin (RFC 9449 §8.2, §9).
#[derive(Debug, Default)]
pub(super) struct Nonces(Mutex<HashMap<String, String>>);

impl Nonces {
    fn get(&self, url: &Url) -> Option<String> {
        let nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.get(&url.origin().ascii_serialization()).cloned()
    }

    fn set(&self, url: &Url, nonce: String) {
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.len() >= MAX_ORIGINS {
            nonces.clear();
        }
        nonces.insert(url.origin().ascii_serialization(), nonce);
    }
}

/// What binds the tokens of one grant to this client: a DPoP key, or nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct SenderConstraint {
    key: Option<Arc<dyn SignatureKey>>,
    /// The same key, if it is not the client's: it is stored with the token.
    own: Option<DpopKey>,
}

impl SenderConstraint {
    /// The key of this login or token alone.
    pub(crate) fn own_key(&self) -> Option<&DpopKey> {
        self.own.as_ref()
    }

    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The thumbprint of the DPoP key, which the authorization request names (RFC 9449 §10).
    pub(crate) fn dpop_jkt(&self) -> Option<String> {
        self.key.as_ref()?.public_jwk().as_ref().map(thumbprint)
    }

    fn of_own(own: DpopKey) -> Result<Self> {
        let key = LocalKey::new(own.signing_key()?, None);
        Ok(Self { key: Some(key.as_key()), own: Some(own) })
    }
}

impl EndpointClient {
    /// The constraint of a new grant: the client's key, a new one, or none.
    pub(crate) async fn new_constraint(&self) -> Result<SenderConstraint> {
        let Some(dpop) = &self.settings().dpop else { return Ok(SenderConstraint::default()) };
        match &dpop.keys {
            DpopKeys::Client(signer) => {
                Ok(SenderConstraint { key: Some(signer.key().await?), own: None })
            }
            DpopKeys::Login => {
                let metadata = self.documents().metadata().await?;
                let supported = metadata
                    .as_ref()
                    .and_then(|metadata| metadata.dpop_signing_alg_values_supported.as_deref());
                let generated = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519];
                let alg = proof_algorithm(dpop.alg, &generated, supported)?;
                let mut bytes = Zeroizing::new([0; 32]);
                self.random().fill(&mut *bytes)?;
                SenderConstraint::of_own(DpopKey::generate(alg, &bytes)?)
            }
        }
    }

    /// The constraint of a login or token whose own key is `own`; without one, that of a new grant.
    pub(crate) async fn constraint(&self, own: Option<&DpopKey>) -> Result<SenderConstraint> {
        match own {
            Some(own) => SenderConstraint::of_own(own.clone()),
            None => self.new_constraint().await,
        }
    }

    /// The token types that a grant with this constraint accepts (RFC 9449 §5). A bearer token is a downgrade,
    /// which anybody who steals the token can use.
    pub(crate) fn token_types(&self, constraint: &SenderConstraint) -> &'static [&'static str] {
        let is_required = self.settings().dpop.as_ref().is_none_or(|dpop| dpop.is_required);
        match constraint.has_key() {
            false => &[BEARER],
            true if is_required => &[DPOP],
            true => &[DPOP, BEARER],
        }
    }

    /// The constraint for requests with this token. A DPoP token whose key is not known is not sent.
    pub(crate) async fn constraint_of(&self, token: &Token) -> Result<SenderConstraint> {
        if !token.token_type.eq_ignore_ascii_case(DPOP) {
            return Ok(SenderConstraint::default());
        }
        let is_known = match self.settings().dpop.as_ref().map(|dpop| &dpop.keys) {
            Some(DpopKeys::Client(_)) => true,
            _ => token.dpop_key.is_some(),
        };
        if !is_known {
            let check =
                "the token is bound to a DPoP key, which is not stored with it (RFC 9449 §7)";
            return Err(Error::new(ErrorKind::Unsupported, check).with_hint(
                "set `dpop_key` to the key that the token was requested with, or log in again",
            ));
        }
        self.constraint(token.dpop_key.as_ref()).await
    }

    /// Adds a proof to a request, which is not changed any more: it has the method and the URL.
    pub(crate) async fn add_proof(
        &self,
        request: &mut Request,
        constraint: &SenderConstraint,
        access_token: Option<&Secret>,
    ) -> Result<()> {
        let Some(key) = &constraint.key else { return Ok(()) };
        let url = url_of(request)?;
        let metadata = self.documents().metadata().await.ok().flatten();
        let supported = metadata
            .as_ref()
            .and_then(|metadata| metadata.dpop_signing_alg_values_supported.as_deref());
        let configured = self.settings().dpop.as_ref().and_then(|dpop| dpop.alg);
        let mut fitting = key.algorithms();
        fitting.retain(|alg| self.settings().allows(*alg));
        let configured = configured.filter(|alg| fitting.contains(alg));
        let alg = proof_algorithm(configured, &fitting, supported)?;
        let jwk = key.public_jwk().ok_or_else(|| {
            let check = "the signer does not tell its public key, which a DPoP proof contains";
            Error::new(ErrorKind::Config, check).with_hint("return it from `public_jwk`")
        })?;
        let nonce = self.nonces().get(&url);
        let proof = Proof {
            method: request.method().as_str(),
            url: &url,
            jti: &self.random_secret()?,
            now: self.now(),
            access_token,
            nonce: nonce.as_deref(),
        };
        let (header, claims) = proof.unsigned(alg, &jwk);
        let proof = sign_jws(&header, claims.as_bytes(), key.as_ref()).await?;
        let mut value =
            HeaderValue::try_from(proof).map_err(|cause| Error::new(ErrorKind::Internal, cause))?;
        value.set_sensitive(true);
        request.headers_mut().insert("dpop", value);
        Ok(())
    }

    /// Keeps the nonce of a response for the next proof to the same origin. Whether it has one.
    pub(crate) fn keep_nonce(&self, url: &Url, headers: &HeaderMap) -> bool {
        let Some(nonce) = nonce_of(headers) else { return false };
        self.nonces().set(url, nonce);
        true
    }
}

/// The URL of a request.
pub(crate) fn url_of(request: &Request) -> Result<Url> {
    Url::parse(&request.uri().to_string())
        .map_err(|_| Error::new(ErrorKind::Config, "a hook set an invalid URL"))
}
