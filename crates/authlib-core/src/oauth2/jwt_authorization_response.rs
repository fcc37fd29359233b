//! The authorization response as a JWT: JWT Secured Authorization Response Mode for OAuth 2.0 (JARM).

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::jose::claims::{self, ClaimError, Claims};
use crate::jose::jws::{self, JwsError};
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::issuers::Issuers;
use crate::params::{Params, RepeatedParam};

/// The parameter that holds the JWT (JARM §2.3).
pub(crate) const PARAMETER: &str = "response";

/// The claims of the JWT that are no parameters of the response (JARM §2.1).
const NO_PARAMETERS: [&str; 5] = ["aud", "exp", "iat", "jti", "nbf"];

/// The values that a response is validated against.
#[derive(Debug)]
pub(crate) struct ExpectedJwt<'a> {
    pub(crate) issuers: &'a Issuers,
    pub(crate) client_id: &'a str,
    pub(crate) algorithms: &'a [Algorithm],
    /// The accepted clock skew.
    pub(crate) leeway: Duration,
    pub(crate) now: SystemTime,
}

/// Why a response is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JwtResponseError {
    #[error("the callback has no `response`, although a JWT was requested (JARM §2.3)")]
    Missing,
    #[error("the callback has `{0}` beside `response`: the JWT has all parameters (JARM §2.3)")]
    Beside(String),
    #[error("the signature of the authorization response is not valid (JARM §2.4)")]
    Signature(#[source] JwsError),
    #[error(
        "the `typ` of the authorization response is {0:?}: it is another kind of token (RFC 8725 §3.11)"
    )]
    Type(String),
    #[error("the claims of the authorization response are not valid (JARM §2.1)")]
    Claims(#[from] ClaimError),
    #[error(
        "issuer mismatch: `iss` of the authorization response is {found:?}, expected {expected:?} (JARM §2.4)"
    )]
    Issuer { found: String, expected: String },
    #[error("`aud` of the authorization response does not name this client (JARM §2.4)")]
    Audience,
    #[error(transparent)]
    Repeated(#[from] RepeatedParam),
}

impl JwtResponseError {
    /// Whether newer keys could change the result.
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::Signature(cause) if cause.is_unknown_key() || cause.is_bad_signature())
    }
}

impl From<JwtResponseError> for Error {
    fn from(check: JwtResponseError) -> Self {
        use JwtResponseError as E;
        let hint = match &check {
            E::Missing => Some(
                "the provider must support the `response_mode`: check the client's registration",
            ),
            E::Signature(_) => Some(
                "compare the provider's signing algorithm and keys with `authorization_signed_response_alg` and \
                 `jwks_uri`",
            ),
            E::Issuer { .. } => Some("check `issuer` or `server_metadata_url`"),
            E::Audience => Some("check `client_id`"),
            E::Claims(_) => {
                Some("for `exp`, `nbf` and `iat`, check the clocks, or set `clock_skew`")
            }
            E::Beside(_) | E::Repeated(_) | E::Type(_) => None,
        };
        Self::new(ErrorKind::InvalidCallback, check).maybe_hint(hint)
    }
}

/// The JWT of a callback. All parameters of the protocol must be in it.
pub(crate) fn jwt_of(callback: &Params) -> Result<&str, JwtResponseError> {
    let jwt = callback.only(PARAMETER)?.filter(|jwt| !jwt.is_empty());
    let jwt = jwt.ok_or(JwtResponseError::Missing)?;
    let others = ["access_token", "code", "error", "id_token", "iss", "state", "token"];
    match others.into_iter().find(|name| callback.contains(name)) {
        Some(name) => Err(JwtResponseError::Beside(name.to_owned())),
        None => Ok(jwt),
    }
}

/// The unverified `state` of a signed response, by which its pending login is found.
pub(crate) fn peek_state(jwt: &str) -> Option<String> {
    let claims = jws::peek_claims(jwt)?;
    claims.get("state").and_then(Value::as_str).map(ToOwned::to_owned)
}

/// Verifies the JWT of a response, and returns the parameters that it holds (JARM §2.4). `iss`, `aud` and `exp` are
/// required.
pub(crate) fn verify(
    jwt: &str,
    keys: &JwkSet,
    expected: &ExpectedJwt<'_>,
) -> Result<Params, JwtResponseError> {
    let verified =
        jws::verify(jwt, expected.algorithms, keys).map_err(JwtResponseError::Signature)?;
    if let Some(typ) = verified.header.typ
        && !["jwt", "application/jwt"].contains(&typ.to_ascii_lowercase().as_str())
    {
        return Err(JwtResponseError::Type(typ.chars().take(40).collect()));
    }
    let claims = Claims::parse(&verified.payload)?;
    let issuer = claims.required_text("iss")?;
    if !expected.issuers.is_provider(issuer) {
        return Err(JwtResponseError::Issuer {
            found: issuer.chars().take(200).collect(),
            expected: expected.issuers.listed(),
        });
    }
    if !claims.is_for(expected.client_id)? {
        return Err(JwtResponseError::Audience);
    }
    claims.required_time("exp")?;
    claims::check_times(&claims, expected.now, expected.leeway)?;
    let params = claims.into_map().into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            // `expires_in`.
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!NO_PARAMETERS.contains(&name.as_str())).then_some((name, value))
    });
    Ok(params.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::test_tokens::key_set;
    use crate::numeric_date::from_unix_seconds;
    use crate::oauth2::test_responses::changed;

    const NOW: u64 = 1_800_000_000;
    const ISSUER: &str = "https://op.example";

    fn verified(token: &str) -> Result<Params, JwtResponseError> {
        let expected = ExpectedJwt {
            issuers: &Issuers::of(ISSUER),
            client_id: "client",
            algorithms: &[Algorithm::Rs256],
            leeway: Duration::from_secs(60),
            now: from_unix_seconds(NOW),
        };
        verify(token, &key_set("k"), &expected)
    }

    fn claims() -> Value {
        json!({"iss": ISSUER, "aud": "client", "exp": NOW + 60, "code": "c", "state": "s",
            "expires_in": 300, "odd": [1]})
    }

    #[test]
    fn jwt_holds_the_parameters_of_the_response() {
        let token = Signer::rsa().token("RS256", &claims());
        assert_eq!(peek_state(&token).as_deref(), Some("s"));
        let params = verified(&token).unwrap();
        let expected = [("code", "c"), ("expires_in", "300"), ("iss", ISSUER), ("state", "s")];
        let mut found: Vec<_> = params.iter().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn invalid_authorization_response_jwts_are_rejected() {
        for (changes, says) in [
            (json!({"iss": "https://evil.example"}), "issuer mismatch"),
            (json!({"iss": "-"}), "claims"),
            (json!({"iss": 1}), "claims"),
            (json!({"aud": "other"}), "`aud`"),
            (json!({"aud": []}), "`aud`"),
            (json!({"aud": "-"}), "claims"),
            (json!({"exp": NOW - 61}), "claims"),
            (json!({"exp": "-"}), "claims"),
            (json!({"exp": "never"}), "claims"),
            (json!({"nbf": NOW + 61}), "claims"),
        ] {
            let token = Signer::rsa().token("RS256", &changed(claims(), &changes));
            let error = Error::from(verified(&token).unwrap_err());
            assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{changes}");
            assert!(error.to_string().contains(says), "{changes}: {error}");
        }
        let signed_by_another = Signer::new("RS256").token("RS256", &claims());
        let unsigned = Signer::rsa().token("none", &claims());
        let typed = json!({"alg": "RS256", "kid": "k", "typ": "at+jwt"}).to_string();
        let typed = Signer::rsa().token_of(&typed, &claims().to_string());
        for (token, says) in
            [(signed_by_another, "signature"), (unsigned, "signature"), (typed, "`typ`")]
        {
            assert!(verified(&token).unwrap_err().to_string().contains(says), "{says}");
        }
    }

    #[test]
    fn callback_has_the_jwt_and_nothing_beside_it() {
        assert_eq!(jwt_of(&Params::parse("response=a.b.c&x=1")).unwrap(), "a.b.c");
        for (query, says) in [
            ("code=c&state=s", "no `response`"),
            ("response=", "no `response`"),
            ("response=a&response=b", "repeated"),
            ("response=a.b.c&code=c", "`code` beside"),
            ("response=a.b.c&state=s", "`state` beside"),
            ("response=a.b.c&error=x", "`error` beside"),
        ] {
            let error = jwt_of(&Params::parse(query)).unwrap_err();
            assert!(error.to_string().contains(says), "{query}: {error}");
        }
    }
}
