//! Client assertions, RFC 7523 §2.2 and §3 (and OpenID Connect Core §9): a client authenticates by a
//! token that it signs itself.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::jose::jws::{self, Header};
use crate::jose::{Algorithm, SigningKey};
use crate::numeric_date::unix_seconds;
use crate::secret::Secret;

/// `client_assertion_type` (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion of client authentication is good, unless configured otherwise: as long as one
/// request may take. It is never used twice.
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

/// The `aud` of client assertions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// The issuer if it is known, or else the token endpoint: an assertion for one server is then
    /// useless at another that claims its endpoint (draft-ietf-oauth-rfc7523bis).
    #[default]
    Issuer,
    /// The token endpoint, as RFC 7523 §3 allows and some servers require.
    TokenEndpoint,
}

/// How a client signs its assertions.
#[derive(Debug)]
pub(crate) struct Signing {
    pub(crate) key: SigningKey,
    /// The one algorithm; by default the usual one of the key that the provider supports.
    pub(crate) alg: Option<Algorithm>,
    pub(crate) kid: Option<String>,
    /// The thumbprint of the key's certificate (RFC 7515 §4.1.8).
    pub(crate) x5t_s256: Option<String>,
    pub(crate) audience: Audience,
    pub(crate) lifetime: Duration,
    /// More claims, which win over `iss`, `sub` and `aud`.
    pub(crate) claims: Map<String, Value>,
}

/// What one assertion says.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) audience: &'a str,
    /// Unguessable, and fresh for each request.
    pub(crate) jti: &'a Secret,
    pub(crate) now: SystemTime,
}

impl Audience {
    /// The audience of this name in files and the environment.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "issuer" => Some(Self::Issuer),
            "token_endpoint" => Some(Self::TokenEndpoint),
            _ => None,
        }
    }
}

impl Signing {
    /// Signs with `key` and the defaults.
    pub(crate) fn of(key: SigningKey) -> Self {
        Self {
            key,
            alg: None,
            kid: None,
            x5t_s256: None,
            audience: Audience::default(),
            lifetime: LIFETIME,
            claims: Map::new(),
        }
    }

    /// The algorithm to sign with: the configured one, else the key's first that `supported`
    /// (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414 §2) names.
    pub(crate) fn algorithm(&self, supported: Option<&[String]>) -> Result<Algorithm> {
        let named = |alg: Algorithm| {
            supported.is_none_or(|names| names.iter().any(|name| name == alg.name()))
        };
        let chosen = self.alg.or_else(|| self.key.algorithms().find(|alg| named(*alg)));
        chosen.ok_or_else(|| {
            let names = supported.unwrap_or_default().join(", ");
            Error::new(
                ErrorKind::Unsupported,
                format!(
                    "the provider's `token_endpoint_auth_signing_alg_values_supported` ({names}) \
                     names no algorithm that fits the client's key"
                ),
            )
            .with_hint("set `token_endpoint_auth_signing_alg` if the document is wrong")
        })
    }

    /// A signed assertion.
    pub(crate) fn sign(&self, assertion: &Assertion<'_>, alg: Algorithm) -> Result<Secret> {
        let issued_at = unix_seconds(assertion.now);
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), assertion.issuer.into());
        if let Some(subject) = assertion.subject {
            claims.insert("sub".to_owned(), subject.into());
        }
        claims.insert("aud".to_owned(), assertion.audience.into());
        claims.extend(self.claims.clone());
        // Behind the added claims: what makes an assertion good once and for a while is nobody else's.
        let expires_at = issued_at.saturating_add(self.lifetime.as_secs());
        claims.insert("iat".to_owned(), issued_at.into());
        claims.insert("exp".to_owned(), expires_at.into());
        claims.insert("jti".to_owned(), assertion.jti.expose().into());
        let kid = self.kid.as_deref().or_else(|| self.key.kid()).map(ToOwned::to_owned);
        let x5t_s256 = self.x5t_s256.clone();
        let header = Header { alg, kid, typ: Some("JWT".to_owned()), x5t_s256 };
        let claims = Value::Object(claims).to_string();
        let signed = jws::sign(&header, claims.as_bytes(), &self.key);
        signed.map(Secret::new).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                format!("the client's key could not sign an assertion with {alg}"),
            )
            .with_hint("check `token_endpoint_auth_signing_alg`")
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::JwkSet;
    use crate::numeric_date::from_unix_seconds;

    fn signing(kid: Option<&str>) -> Signing {
        let key = SigningKey::of_secret(Secret::new("hush"));
        Signing { kid: kid.map(ToOwned::to_owned), ..Signing::of(key) }
    }

    #[test]
    fn client_assertion_has_rfc7523_claims_for_one_minute() {
        let jti = Secret::new("j");
        let assertion = Assertion {
            issuer: "app",
            subject: Some("app"),
            audience: "https://op.example",
            jti: &jti,
            now: from_unix_seconds(1_000),
        };
        let signed = signing(Some("k1")).sign(&assertion, Algorithm::Hs384).unwrap();
        let keys = JwkSet::of_secret(&Secret::new("hush"));
        let jws = jws::verify(signed.expose(), &[Algorithm::Hs384], &keys).unwrap();
        assert_eq!(jws.header.kid.as_deref(), Some("k1"));
        assert_eq!(jws.header.typ.as_deref(), Some("JWT"));
        let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
        let expected = json!({"iss": "app", "sub": "app", "aud": "https://op.example",
            "iat": 1_000, "exp": 1_060, "jti": "j"});
        assert_eq!(claims, expected);
        assert!(signing(None).sign(&assertion, Algorithm::Rs256).is_err());
    }

    /// H16, T140: added claims win over the audience, and never over what makes an assertion good once.
    #[test]
    fn custom_claims_do_not_fix_jti_or_times() {
        let claims = json!({"aud": "elsewhere", "tier": 1, "jti": "fixed", "exp": 1, "iat": 1});
        let mut signing = signing(None);
        signing.claims = claims.as_object().cloned().unwrap();
        signing.lifetime = Duration::from_secs(300);
        signing.x5t_s256 = Some("thumb".to_owned());
        let keys = JwkSet::of_secret(&Secret::new("hush"));
        for fresh in ["one", "two"] {
            let jti = Secret::new(fresh);
            let now = from_unix_seconds(1_000);
            let assertion =
                Assertion { issuer: "app", subject: None, audience: "op", jti: &jti, now };
            let signed = signing.sign(&assertion, Algorithm::Hs256).unwrap();
            let jws = jws::verify(signed.expose(), &[Algorithm::Hs256], &keys).unwrap();
            let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
            let expected = json!({"iss": "app", "aud": "elsewhere", "tier": 1,
                "iat": 1_000, "exp": 1_300, "jti": fresh});
            assert_eq!(claims, expected);
            let head = signed.expose().split('.').next().unwrap();
            let head: Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
            assert_eq!(head["x5t#S256"], "thumb");
        }
    }

    #[test]
    fn algorithm_is_configured_one_or_first_supported_by_both() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let rsa = Signer::rsa().private_pem();
        let key = SigningKey::parse(&Secret::new(rsa)).unwrap();
        let mut signing = Signing::of(key);
        for (supported, chosen) in [
            (None, Some(Algorithm::Rs256)),
            (Some(names(&["ES256", "PS256", "RS512"])), Some(Algorithm::Rs512)),
            (Some(names(&["ES256", "PS256"])), Some(Algorithm::Ps256)),
            (Some(names(&["ES256", "none", "HS256"])), None),
        ] {
            let supported: Option<Vec<String>> = supported;
            assert_eq!(signing.algorithm(supported.as_deref()).ok(), chosen, "{supported:?}");
        }
        signing.alg = Some(Algorithm::Ps384);
        assert_eq!(signing.algorithm(Some(&[])).unwrap(), Algorithm::Ps384);
    }
}
