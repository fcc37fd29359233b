//! Client assertions: JWTs that a client signs to authenticate, RFC 7523 §2.2 and §3, OpenID Connect
//! Core §9.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::jws::{self, Header};
use crate::jose::{Algorithm, SigningKey};
use crate::numeric_date::unix_seconds;
use crate::secret::Secret;

/// The default lifetime of a client assertion. It is used for one request only.
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

/// The `aud` of client assertions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// The issuer, or the token endpoint if it is not known. With the issuer, another server that claims
    /// the same endpoint can't use the assertion (draft-ietf-oauth-rfc7523bis).
    #[default]
    Issuer,
    /// The token endpoint (RFC 7523 §3), which some servers require.
    TokenEndpoint,
}

/// How assertions are signed, with any key.
#[derive(Debug)]
pub(crate) struct Signing {
    /// By default the key's first that the provider supports.
    pub(crate) alg: Option<Algorithm>,
    /// The thumbprint of the key's certificate (RFC 7515 §4.1.8).
    pub(crate) x5t_s256: Option<String>,
    pub(crate) audience: Audience,
    pub(crate) lifetime: Duration,
    /// Other claims, which override `iss`, `sub` and `aud`.
    pub(crate) claims: Map<String, Value>,
    /// Other members of the header; `typ` overrides `JWT`.
    pub(crate) header: Map<String, Value>,
}

/// The claims of one assertion.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) audience: &'a str,
    /// Random, and new for each request.
    pub(crate) jti: &'a Secret,
    pub(crate) now: SystemTime,
}

/// The claims of an assertion without configured ones, in alphabetical order.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: u64,
    iat: u64,
    iss: &'a str,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl Audience {
    /// Parses the `client_assertion_audience` setting.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "issuer" => Some(Self::Issuer),
            "token_endpoint" => Some(Self::TokenEndpoint),
            _ => None,
        }
    }
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            alg: None,
            x5t_s256: None,
            audience: Audience::default(),
            lifetime: LIFETIME,
            claims: Map::new(),
            header: Map::new(),
        }
    }
}

impl Signing {
    /// The configured algorithm, or the key's first in `supported`, which is
    /// `token_endpoint_auth_signing_alg_values_supported` (RFC 8414 §2). `fitting` are those of the key.
    pub(crate) fn algorithm(
        &self,
        fitting: &[Algorithm],
        supported: Option<&[String]>,
    ) -> Result<Algorithm> {
        let named = |alg: Algorithm| {
            supported.is_none_or(|names| names.iter().any(|name| name == alg.name()))
        };
        let chosen = self.alg.or_else(|| fitting.iter().copied().find(|alg| named(*alg)));
        chosen.ok_or_else(|| {
            let names = clipped(&supported.unwrap_or_default().join(", "));
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

    /// Header and claims of an assertion that is not signed yet.
    pub(crate) fn unsigned(
        &self,
        assertion: &Assertion<'_>,
        alg: Algorithm,
        kid: Option<String>,
    ) -> (Header, String) {
        let x5t_s256 = self.x5t_s256.clone();
        let others = self.header.clone();
        let typ = (!others.contains_key("typ")).then(|| "JWT".to_owned());
        (Header { alg, kid, typ, x5t_s256, others }, self.claims(assertion))
    }

    /// The claims as JSON.
    fn claims(&self, assertion: &Assertion<'_>) -> String {
        let issued_at = unix_seconds(assertion.now);
        let expires_at = issued_at.saturating_add(self.lifetime.as_secs());
        if self.claims.is_empty() {
            let claims = Claims {
                aud: assertion.audience,
                exp: expires_at,
                iat: issued_at,
                iss: assertion.issuer,
                jti: assertion.jti.expose(),
                sub: assertion.subject,
            };
            // Texts and numbers can be written.
            return serde_json::to_string(&claims).unwrap_or_default();
        }
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), assertion.issuer.into());
        if let Some(subject) = assertion.subject {
            claims.insert("sub".to_owned(), subject.into());
        }
        claims.insert("aud".to_owned(), assertion.audience.into());
        claims.extend(self.claims.clone());
        // Last, so that configured claims can't make an assertion reusable.
        claims.insert("iat".to_owned(), issued_at.into());
        claims.insert("exp".to_owned(), expires_at.into());
        claims.insert("jti".to_owned(), assertion.jti.expose().into());
        Value::Object(claims).to_string()
    }

    /// A signed assertion. `kid` overrides that of the key.
    pub(crate) fn sign(
        &self,
        assertion: &Assertion<'_>,
        alg: Algorithm,
        (key, kid): (&SigningKey, Option<&str>),
    ) -> Result<Secret> {
        let kid = kid.or_else(|| key.kid()).map(ToOwned::to_owned);
        let (header, claims) = self.unsigned(assertion, alg, kid);
        jws::sign(&header, claims.as_bytes(), key).map(Secret::new).map_err(|_| {
            let check = format!("the client's key could not sign an assertion with {alg}");
            Error::new(ErrorKind::Config, check)
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

    /// H16, T140.
    #[test]
    fn custom_claims_do_not_fix_jti_or_times() {
        let claims = json!({"aud": "elsewhere", "tier": 1, "jti": "fixed", "exp": 1, "iat": 1});
        let key = SigningKey::of_secret(Secret::new("hush"));
        let signing = Signing {
            claims: claims.as_object().cloned().unwrap(),
            lifetime: Duration::from_secs(300),
            x5t_s256: Some("thumb".to_owned()),
            ..Signing::default()
        };
        let keys = JwkSet::of_secret(&Secret::new("hush"));
        for fresh in ["one", "two"] {
            let jti = Secret::new(fresh);
            let now = from_unix_seconds(1_000);
            let assertion =
                Assertion { issuer: "app", subject: None, audience: "op", jti: &jti, now };
            let signed = signing.sign(&assertion, Algorithm::Hs256, (&key, None)).unwrap();
            let jws = jws::verify(signed.expose(), &[Algorithm::Hs256], &keys).unwrap();
            let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
            let expected = json!({"iss": "app", "aud": "elsewhere", "tier": 1,
                "iat": 1_000, "exp": 1_300, "jti": fresh});
            assert_eq!(claims, expected);
            let head = signed.expose().split('.').next().unwrap();
            let head: Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
            assert_eq!(head["x5t#S256"], "thumb");
            assert!(signing.sign(&assertion, Algorithm::Rs256, (&key, None)).is_err());
        }
    }

    #[test]
    fn algorithm_is_configured_one_or_first_supported_by_both() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let rsa = Signer::rsa().private_pem();
        let key = SigningKey::parse(&Secret::new(rsa)).unwrap();
        let fitting: Vec<_> = key.algorithms().collect();
        let mut signing = Signing::default();
        for (supported, chosen) in [
            (None, Some(Algorithm::Rs256)),
            (Some(names(&["ES256", "PS256", "RS512"])), Some(Algorithm::Rs512)),
            (Some(names(&["ES256", "PS256"])), Some(Algorithm::Ps256)),
            (Some(names(&["ES256", "none", "HS256"])), None),
        ] {
            let supported: Option<Vec<String>> = supported;
            assert_eq!(
                signing.algorithm(&fitting, supported.as_deref()).ok(),
                chosen,
                "{supported:?}"
            );
        }
        signing.alg = Some(Algorithm::Ps384);
        assert_eq!(signing.algorithm(&fitting, Some(&[])).unwrap(), Algorithm::Ps384);
    }
}
