//! The assertions of the JWT bearer grant, RFC 7523 §2.1 and §3: a service asks for a token by a
//! statement that it signs itself.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::client_assertion::{Assertion, Audience, Signing};
use crate::error::Result;
use crate::jose::{Algorithm, SigningKey};
use crate::secret::Secret;

/// How long such an assertion is good, unless told otherwise: one hour, which is the most that Google
/// takes. The token that it is exchanged for has its own lifetime.
const LIFETIME: Duration = Duration::from_secs(3600);

/// What a service says in the assertions by which it gets its tokens (RFC 7523 §3).
///
/// ```
/// use authlib_core::JwtBearer;
///
/// let statement = JwtBearer::new("robot@example.com", "-----BEGIN PRIVATE KEY-----...")
///     .subject("alice@example.com")
///     .claim("scope", "reports:read");
/// # let _ = statement;
/// ```
#[derive(Clone, Debug)]
pub struct JwtBearer {
    issuer: String,
    key: Secret,
    subject: Option<String>,
    audience: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    lifetime: Duration,
    claims: Map<String, Value>,
}

/// The same, with its key parsed.
#[derive(Debug)]
pub(crate) struct JwtBearerSigner {
    issuer: String,
    subject: Option<String>,
    audience: Option<String>,
    alg: Algorithm,
    signing: Signing,
}

/// Why a [`JwtBearer`] is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JwtBearerError {
    #[error("the assertion's key can't be read: {0}")]
    Key(String),
    #[error("{0:?} is no algorithm that the assertion's key fits")]
    Algorithm(String),
    #[error("`{0}` of an assertion is made anew for each and can't be set")]
    Claim(&'static str),
    #[error("the assertion has no issuer (RFC 7523 §3)")]
    Issuer,
    #[error("the assertion is good for less than a second")]
    Lifetime,
}

impl JwtBearer {
    /// Statements of `issuer`, signed with its private key: PEM (PKCS#8, PKCS#1 or SEC 1), or the JSON
    /// text of a private JWK.
    pub fn new(issuer: impl Into<String>, key: impl Into<Secret>) -> Self {
        Self {
            issuer: issuer.into(),
            key: key.into(),
            subject: None,
            audience: None,
            alg: None,
            kid: None,
            lifetime: LIFETIME,
            claims: Map::new(),
        }
    }

    /// For whom the token is: the `sub`.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Whom the statement is for: the `aud`; by default the token endpoint.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The algorithm, such as `ES256`; by default the key's usual one.
    #[must_use]
    pub fn alg(mut self, alg: impl Into<String>) -> Self {
        self.alg = Some(alg.into());
        self
    }

    /// The `kid` under which the provider knows the key; by default the JWK's.
    #[must_use]
    pub fn key_id(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// How long each statement is good: an hour by default.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// One more claim. `jti`, `iat` and `exp` are made anew for each statement and can't be set: one
    /// that is sent twice is a replay.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
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
            signing: Signing {
                kid: self.kid.clone(),
                audience: Audience::TokenEndpoint,
                lifetime: self.lifetime,
                claims: self.claims.clone(),
                ..Signing::of(key)
            },
        })
    }
}

impl JwtBearerSigner {
    /// A statement for one request to `token_endpoint`.
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
        self.signing.sign(&assertion, self.alg)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::{JwkSet, jws};
    use crate::numeric_date::from_unix_seconds;

    /// T137, T139, T140: what the statement says, and that no two are alike.
    #[test]
    fn jwt_bearer_assertion_has_rfc7523_claims_for_one_hour() {
        let key = Signer::rsa();
        let signer = JwtBearer::new("robot", key.private_pem())
            .key_id("k1")
            .claim("scope", "a b")
            .signer()
            .unwrap();
        let keys = JwkSet::from_value_with_symmetric(&json!({"keys": [key.jwk()]})).unwrap();
        for jti in ["one", "two"] {
            let now = from_unix_seconds(1_000);
            let signed = signer.sign("https://op.example/t", &Secret::new(jti), now).unwrap();
            let jws = jws::verify(signed.expose(), &[Algorithm::Rs256], &keys);
            let claims: Value = serde_json::from_slice(&jws.unwrap().payload).unwrap();
            let expected = json!({"iss": "robot", "aud": "https://op.example/t", "iat": 1_000,
                "exp": 4_600, "jti": jti, "scope": "a b"});
            assert_eq!(claims, expected);
        }
    }

    /// T138, T141 (ours differ): a missing algorithm is the key's usual one, a fixed `jti` is refused.
    #[test]
    fn unsignable_assertion_fails_with_reason() {
        let pem = Signer::rsa().private_pem();
        for (bearer, says) in [
            (JwtBearer::new("", pem.clone()), "no issuer"),
            (JwtBearer::new("x", "no key"), "can't be read"),
            (JwtBearer::new("x", pem.clone()).alg("ES256"), "\"ES256\""),
            (JwtBearer::new("x", pem.clone()).alg("none"), "\"none\""),
            (JwtBearer::new("x", pem.clone()).claim("jti", "fixed"), "`jti`"),
            (JwtBearer::new("x", pem.clone()).claim("iat", 1), "`iat`"),
            (JwtBearer::new("x", pem.clone()).claim("exp", 1), "`exp`"),
            (JwtBearer::new("x", pem.clone()).lifetime(Duration::ZERO), "a second"),
        ] {
            assert!(bearer.signer().unwrap_err().to_string().contains(says), "{says}");
        }
        assert_eq!(JwtBearer::new("x", pem).signer().unwrap().alg, Algorithm::Rs256);
    }
}
