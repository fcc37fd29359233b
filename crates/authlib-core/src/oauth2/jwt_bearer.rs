//! JWT assertions of the JWT bearer grant, RFC 7523 §2.1 and §3.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::client_assertion::{Assertion, Audience, Signing};
use crate::error::Result;
use crate::jose::{Algorithm, SigningKey};
use crate::secret::Secret;

/// The default lifetime of an assertion: one hour, the longest that Google accepts.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The JWT assertions with which a service requests its tokens (RFC 7523 §3). `jti`, `iat` and `exp` are
/// new in each of them.
///
/// ```
/// use authlib_core::JwtBearer;
///
/// let bearer = JwtBearer::new("robot@example.com", "-----BEGIN PRIVATE KEY-----...")
///     .subject("alice@example.com")
///     .claim("scope", "reports:read");
/// # let _ = bearer;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtBearer {
    issuer: String,
    key: Secret,
    subject: Option<String>,
    audience: Option<String>,
    alg: Option<String>,
    key_id: Option<String>,
    lifetime: Duration,
    claims: Map<String, Value>,
    header: Map<String, Value>,
}

/// A [`JwtBearer`] with its key parsed.
#[derive(Debug)]
pub(crate) struct JwtBearerSigner {
    issuer: String,
    subject: Option<String>,
    audience: Option<String>,
    alg: Algorithm,
    key: SigningKey,
    key_id: Option<String>,
    signing: Signing,
}

/// Why a [`JwtBearer`] can't sign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JwtBearerError {
    #[error("the assertion's key can't be read: {0}")]
    Key(String),
    #[error("{0:?} is not an algorithm of the assertion's key")]
    Algorithm(String),
    #[error("`{0}` can't be set: it is new in each assertion")]
    Claim(&'static str),
    #[error(
        "`{0}` can't be set in the header: use `alg` or `key_id`, and no extension (RFC 7515 §4.1)"
    )]
    Header(&'static str),
    #[error("the assertion has no issuer (RFC 7523 §3)")]
    Issuer,
    #[error("the assertion's lifetime is shorter than a second")]
    Lifetime,
}

impl JwtBearer {
    /// Assertions of `issuer`, signed with its private key: PEM (PKCS#8, PKCS#1 or SEC 1), or the JSON
    /// text of a private JWK.
    pub fn new(issuer: impl Into<String>, key: impl Into<Secret>) -> Self {
        Self {
            issuer: issuer.into(),
            key: key.into(),
            subject: None,
            audience: None,
            alg: None,
            key_id: None,
            lifetime: LIFETIME,
            claims: Map::new(),
            header: Map::new(),
        }
    }

    option_setters! {
        /// The user that the token is for: `sub`.
        subject
        /// `aud`; by default the token endpoint.
        audience
        /// The algorithm, such as `ES256`; by default the key's usual one.
        alg
        /// The `kid` under which the provider knows the key; by default that of the JWK.
        key_id
    }

    /// The lifetime of each assertion: one hour by default.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Adds a claim. `jti`, `iat` and `exp` can't be set: an assertion that is sent twice is a replay.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a member to the JOSE header, such as `x5t`; `typ` is `JWT` by default (RFC 7515 §4.1). `alg` and
    /// `kid` have setters of their own, and `b64` and `crit` can't be set.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Parses the key and checks the rest.
    pub(crate) fn signer(&self) -> Result<JwtBearerSigner, JwtBearerError> {
        if self.issuer.is_empty() {
            return Err(JwtBearerError::Issuer);
        }
        if self.lifetime < Duration::from_secs(1) {
            return Err(JwtBearerError::Lifetime);
        }
        for name in ["jti", "iat", "exp"] {
            if self.claims.contains_key(name) {
                return Err(JwtBearerError::Claim(name));
            }
        }
        for name in ["alg", "b64", "crit", "kid"] {
            if self.header.contains_key(name) {
                return Err(JwtBearerError::Header(name));
            }
        }
        let key = SigningKey::parse(&self.key);
        let key = key.map_err(|cause| JwtBearerError::Key(cause.to_string()))?;
        let alg = match &self.alg {
            Some(name) => Algorithm::from_name(name).filter(|alg| key.fits(*alg)),
            None => key.algorithms().next(),
        };
        let wrong = || JwtBearerError::Algorithm(self.alg.clone().unwrap_or_default());
        Ok(JwtBearerSigner {
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            audience: self.audience.clone(),
            alg: alg.ok_or_else(wrong)?,
            key,
            key_id: self.key_id.clone(),
            signing: Signing {
                audience: Audience::TokenEndpoint,
                lifetime: self.lifetime,
                claims: self.claims.clone(),
                header: self.header.clone(),
                ..Signing::default()
            },
        })
    }
}

impl JwtBearerSigner {
    /// An assertion for one request to `token_endpoint`.
    pub(crate) fn sign(
        &self,
        token_endpoint: &str,
        jti: &Secret,
        now: SystemTime,
    ) -> Result<Secret> {
        let assertion = Assertion {
            issuer: &self.issuer,
            subject: self.subject.as_deref(),
            audience: self.audience.as_deref().unwrap_or(token_endpoint),
            jti,
            now,
        };
        self.signing.sign(&assertion, self.alg, (&self.key, self.key_id.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::Signer;

    /// T138, T141 (ours differ): the default algorithm is the key's usual one, a fixed `jti` is rejected.
    #[test]
    fn unsignable_assertion_fails_with_reason() {
        let pem = Signer::rsa().private_pem();
        for (bearer, message) in [
            (JwtBearer::new("", pem.clone()), "no issuer"),
            (JwtBearer::new("x", "no key"), "can't be read"),
            (JwtBearer::new("x", pem.clone()).alg("ES256"), "\"ES256\""),
            (JwtBearer::new("x", pem.clone()).alg("none"), "\"none\""),
            (JwtBearer::new("x", pem.clone()).claim("jti", "fixed"), "`jti`"),
            (JwtBearer::new("x", pem.clone()).claim("iat", 1), "`iat`"),
            (JwtBearer::new("x", pem.clone()).claim("exp", 1), "`exp`"),
            (JwtBearer::new("x", pem.clone()).lifetime(Duration::ZERO), "a second"),
            (JwtBearer::new("x", pem.clone()).header("alg", "none"), "`alg` can't be set"),
            (JwtBearer::new("x", pem.clone()).header("kid", "k"), "`kid` can't be set"),
            (JwtBearer::new("x", pem.clone()).header("crit", "b64"), "`crit` can't be set"),
            (JwtBearer::new("x", pem.clone()).header("b64", false), "`b64` can't be set"),
        ] {
            assert!(bearer.signer().unwrap_err().to_string().contains(message), "{message}");
        }
        assert_eq!(JwtBearer::new("x", pem).signer().unwrap().alg, Algorithm::Rs256);
    }
}
