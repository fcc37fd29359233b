//! The authorization request as a JWT, RFC 9101 (JAR), and OpenID Connect Core §6.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::jose::Algorithm;
use crate::jose::jws::Header;
use crate::numeric_date::unix_seconds;
use crate::params::Params;
use crate::secret::Secret;

/// The `typ` of a request object (RFC 9101 §10.8), and its media type without `application/`.
const TYPE: &str = "oauth-authz-req+jwt";

/// How long a request object is valid.
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);

/// The parameters whose values are JSON texts; in a request object they are the JSON itself (OpenID Connect Core
/// §6.1, RFC 9396 §2).
const JSON_PARAMETERS: [&str; 2] = ["authorization_details", "claims"];

/// The parameters that are repeated beside a request object: OAuth requires `client_id` and `response_type`, OpenID
/// Connect `scope` (RFC 6749 §4.1.1, OpenID Connect Core §6.1).
const BESIDE: [&str; 3] = ["client_id", "response_type", "scope"];

/// What a request object says beside the parameters.
#[derive(Debug)]
pub(crate) struct RequestObject<'a> {
    pub(crate) client_id: &'a str,
    /// The issuer of the provider.
    pub(crate) audience: &'a str,
    /// Random, and new for each request.
    pub(crate) jti: &'a Secret,
    pub(crate) now: SystemTime,
}

impl RequestObject<'_> {
    /// Header and claims of a request object that is not signed yet (RFC 9101 §4).
    pub(crate) fn unsigned(
        &self,
        params: &Params,
        alg: Algorithm,
        kid: Option<String>,
        x5t_s256: Option<String>,
    ) -> (Header, String) {
        let typ = Some(TYPE.to_owned());
        let header = Header { alg, kid, typ, x5t_s256, others: Map::new() };
        (header, self.claims(params).to_string())
    }

    /// The parameters as a request object that nobody signed (OpenID Connect Core §6.1).
    pub(crate) fn without_signature(&self, params: &Params) -> String {
        let header = json!({ "alg": "none", "typ": TYPE }).to_string();
        let claims = self.claims(params).to_string();
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    fn claims(&self, params: &Params) -> Value {
        let mut claims = Map::new();
        for (name, value) in params.iter() {
            let value = claim(name, value);
            match claims.get_mut(name) {
                None => {
                    claims.insert(name.to_owned(), value);
                }
                // A parameter that may be repeated, such as `resource` (RFC 8707 §2).
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = json!([first.take(), value]),
            }
        }
        let issued_at = unix_seconds(self.now);
        let own = json!({
            "iss": self.client_id,
            "aud": self.audience,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at.saturating_add(LIFETIME.as_secs()),
            "jti": self.jti.expose(),
        });
        if let Value::Object(own) = own {
            claims.extend(own);
        }
        Value::Object(claims)
    }
}

/// The value of a parameter in a request object: a text, a number or JSON.
fn claim(name: &str, value: &str) -> Value {
    let parsed = match name {
        "max_age" => value.parse::<u64>().ok().map(Value::from),
        _ if JSON_PARAMETERS.contains(&name) => serde_json::from_str(value).ok(),
        _ => None,
    };
    parsed.unwrap_or_else(|| value.into())
}

/// The parameters that the browser is sent with when the others are in a request object, which is the value of
/// `name`: `request` or `request_uri`.
pub(crate) fn params_beside(params: &Params, name: &str, value: String) -> Params {
    let kept = params.iter().filter(|(name, _)| BESIDE.contains(name));
    kept.collect::<Params>().with(name, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::test_tokens::key_set;
    use crate::jose::{SigningKey, jws};
    use crate::numeric_date::from_unix_seconds;

    fn object() -> (Params, Secret) {
        let params = Params::parse(
            "client_id=app&response_type=code&scope=openid&state=s&max_age=60&resource=a&resource=b&\
             resource=c&claims=%7B%22id_token%22%3A%7B%7D%7D",
        );
        (params, Secret::new("unique"))
    }

    #[test]
    fn request_object_has_the_parameters_and_its_own_claims() {
        let key = SigningKey::parse(&Secret::new(Signer::rsa().private_pem())).unwrap();
        let (params, jti) = object();
        let now = from_unix_seconds(1_000);
        let object = RequestObject { client_id: "app", audience: "op", jti: &jti, now };
        let (header, claims) =
            object.unsigned(&params, Algorithm::Ps256, Some("k".to_owned()), None);
        let signed = jws::sign(&header, claims.as_bytes(), &key).unwrap();
        let jws = jws::verify(&signed, &[Algorithm::Ps256], &key_set("k")).unwrap();
        assert_eq!(jws.header.typ.as_deref(), Some("oauth-authz-req+jwt"));
        let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
        let expected = json!({"client_id": "app", "response_type": "code", "scope": "openid", "state": "s",
            "max_age": 60, "resource": ["a", "b", "c"], "claims": {"id_token": {}}, "iss": "app",
            "aud": "op", "iat": 1_000, "nbf": 1_000, "exp": 1_300, "jti": "unique"});
        assert_eq!(claims, expected);
        let unsigned = object.without_signature(&params);
        let parts: Vec<_> = unsigned.split('.').collect();
        assert_eq!((parts.len(), parts[2]), (3, ""));
    }

    /// The example of RFC 9101 §4. Beside its claims are those that FAPI requires.
    #[test]
    fn claims_of_the_rfc_are_in_the_request_object() {
        let params = Params::parse(
            "response_type=code%20id_token&client_id=s6BhdRkqt3&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb&\
             scope=openid&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj&max_age=86400",
        );
        let (jti, now) = (Secret::new("unique"), from_unix_seconds(1_000));
        let audience = "https://server.example.com";
        let object = RequestObject { client_id: "s6BhdRkqt3", audience, jti: &jti, now };
        let (_, claims) = object.unsigned(&params, Algorithm::Rs256, Some("k2bdc".into()), None);
        let mut claims: Value = serde_json::from_str(&claims).unwrap();
        for name in ["iat", "nbf", "exp", "jti"] {
            assert!(claims.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        }
        let expected = json!({"iss": "s6BhdRkqt3", "aud": "https://server.example.com",
            "response_type": "code id_token", "client_id": "s6BhdRkqt3",
            "redirect_uri": "https://client.example.org/cb", "scope": "openid",
            "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "max_age": 86_400});
        assert_eq!(claims, expected);
    }

    #[test]
    fn beside_a_request_object_are_client_type_and_scope_only() {
        let (params, _) = object();
        let query = params_beside(&params, "request", "a.b.c".to_owned()).to_query();
        assert_eq!(query, "client_id=app&response_type=code&scope=openid&request=a.b.c");
    }
}
