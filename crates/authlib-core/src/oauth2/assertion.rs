//! Client assertions, RFC 7523 §2.2 and §3 (and OpenID Connect Core §9): a client authenticates by a
//! token that it signs itself.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::error::{Error, ErrorKind, Result};
use crate::jose::jws::{self, Header};
use crate::jose::{Algorithm, SigningKey};
use crate::numeric_date::unix_seconds;
use crate::secret::Secret;

/// `client_assertion_type` (RFC 7523 §2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is good: as long as one request may take. It is never used twice.
const LIFETIME: Duration = Duration::from_secs(60);

/// Whom assertions are made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The issuer where it is known, and else the token endpoint: an assertion for one server is then
    /// of no use at another that claims its endpoint (draft-ietf-oauth-rfc7523bis).
    #[default]
    Issuer,
    /// The token endpoint, as RFC 7523 §3 allows and some servers demand.
    TokenEndpoint,
}

/// How a client signs its assertions.
#[derive(Debug)]
pub(crate) struct Signing {
    pub(crate) key: SigningKey,
    /// The one algorithm; by default the usual one of the key that the provider supports.
    pub(crate) alg: Option<Algorithm>,
    pub(crate) kid: Option<String>,
    pub(crate) audience: Audience,
}

/// What one assertion says.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) audience: &'a str,
    /// Unguessable, and fresh for each request.
    pub(crate) jti: &'a Secret,
    pub(crate) now: SystemTime,
}

impl Audience {
    /// The audience of a registered name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "issuer" => Some(Self::Issuer),
            "token_endpoint" => Some(Self::TokenEndpoint),
            _ => None,
        }
    }
}

impl Signing {
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
            .hint("set `token_endpoint_auth_signing_alg` if the document is wrong")
        })
    }

    /// A signed assertion.
    pub(crate) fn sign(&self, assertion: &Assertion<'_>, alg: Algorithm) -> Result<Secret> {
        let issued_at = unix_seconds(assertion.now);
        let claims = json!({
            "iss": assertion.client_id,
            "sub": assertion.client_id,
            "aud": assertion.audience,
            "iat": issued_at,
            "exp": issued_at.saturating_add(LIFETIME.as_secs()),
            "jti": assertion.jti.expose(),
        });
        let kid = self.kid.as_deref().or_else(|| self.key.kid()).map(ToOwned::to_owned);
        let header = Header { alg, kid, typ: Some("JWT".to_owned()) };
        let signed = jws::sign(&header, claims.to_string().as_bytes(), &self.key);
        signed.map(Secret::new).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                format!("the client's key could not sign an assertion with {alg}"),
            )
            .hint("check `token_endpoint_auth_signing_alg`")
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::crypto::signing::Signer;
    use crate::jose::JwkSet;
    use crate::numeric_date::from_unix_seconds;

    fn signing(kid: Option<&str>) -> Signing {
        let key = SigningKey::of_secret(Secret::new("hush"));
        let kid = kid.map(ToOwned::to_owned);
        Signing { key, alg: None, kid, audience: Audience::default() }
    }

    #[test]
    fn an_assertion_says_what_rfc_7523_demands_and_lives_for_a_minute() {
        let jti = Secret::new("j");
        let assertion = Assertion {
            client_id: "app",
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

    #[test]
    fn the_algorithm_is_the_configured_one_or_the_first_that_both_sides_know() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let rsa = Signer::rsa().private_pem();
        let key = SigningKey::parse(&Secret::new(rsa)).unwrap();
        let mut signing = Signing { key, alg: None, kid: None, audience: Audience::Issuer };
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
