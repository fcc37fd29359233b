//! Signed user info, OpenID Connect Core 1.0 §5.3.2: a JWT instead of a JSON object.

use http::HeaderValue;
use http::header::ACCEPT;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::JwkSet;
use crate::jose::claims::{self, ClaimError, Claims};
use crate::message::{Request, Response};
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oidc::id_token::{self, IdTokenError, Rules};

/// The media type of the response.
const MEDIA_TYPE: &str = "application/jwt";

/// Makes a user info request ask for a signed response.
pub(crate) fn accept_signed_response(request: &mut Request) {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
}

/// Why signed user info is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignedUserInfoError {
    #[error("the user info is plain JSON, not signed as requested (OpenID Connect Core §5.3.2)")]
    Unsigned,
    #[error("the signed user info is not UTF-8")]
    NotText,
    #[error(
        "the signed user info fails a check that ID tokens have too (OpenID Connect Core §5.3.2)"
    )]
    IdToken(#[from] IdTokenError),
    #[error("the signed user info's claims are not valid (OpenID Connect Core §5.3.2)")]
    Claims(#[from] ClaimError),
}

impl SignedUserInfoError {
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::IdToken(cause) if cause.may_be_cured_by_new_keys())
    }
}

impl From<SignedUserInfoError> for Error {
    fn from(check: SignedUserInfoError) -> Self {
        use SignedUserInfoError as E;
        let hint = match &check {
            E::Unsigned => {
                "register `userinfo_signed_response_alg` at the provider, or remove it from the client's \
                 settings"
            }
            E::NotText => "check `userinfo_endpoint`",
            E::IdToken(IdTokenError::Signature(_)) => {
                "compare the provider's signing algorithm and keys with `userinfo_signed_response_alg` and \
                 `jwks_uri`"
            }
            E::IdToken(IdTokenError::Issuer { .. }) => "check `issuer` or `server_metadata_url`",
            E::IdToken(IdTokenError::Audience) => "check `client_id`",
            E::IdToken(_) | E::Claims(_) => {
                "for `exp`, `nbf` and `iat`, check the clocks, or set `clock_skew`"
            }
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// The JWT of a signed response, for [`verify`], which may be encrypted; `None` if the response is plain JSON, which is an error if
/// `required`: otherwise an attacker could remove the signature.
pub(crate) fn signed_user_info(response: &Response, required: bool) -> Result<Option<&str>> {
    let accepted = EndpointResponse::accept(Endpoint::UserInfo, response)?;
    if accepted.is_json() && required {
        return Err(SignedUserInfoError::Unsigned.into());
    }
    if accepted.content_type() != MEDIA_TYPE {
        return Ok(None);
    }
    let token = std::str::from_utf8(response.body()).map_err(|_| SignedUserInfoError::NotText)?;
    Ok(Some(token.trim()))
}

/// Verifies the JWT of a signed response. Of the rules it needs issuer, client, algorithms and time. `iss` and
/// `aud` should be present (Core §5.3.2), and are checked if they are.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
) -> Result<Claims, SignedUserInfoError> {
    let mut signed = id_token::signed(token, keys, rules)?;
    id_token::token_type(&signed)?;
    if signed.claims.as_map().contains_key("iss") {
        id_token::issuer(&mut signed.claims, rules)?;
    }
    let claims = signed.claims;
    if claims.as_map().contains_key("aud") {
        id_token::audience(&claims, rules)?;
    }
    claims::check_times(&claims, rules.now, rules.clock_skew)?;
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::test_tokens::key_set;
    use crate::message::test_response;
    use crate::oauth2::test_responses::changed;
    use crate::oidc::test_rules::{ISSUER, NOW, rules};

    fn verdict(token: &str) -> &'static str {
        use SignedUserInfoError as E;
        match verify(token, &key_set("k"), &rules()) {
            Ok(_) => "accepted",
            Err(E::IdToken(IdTokenError::Audience)) => "aud",
            Err(E::IdToken(IdTokenError::Events)) => "events",
            Err(E::IdToken(IdTokenError::Issuer { .. })) => "iss",
            Err(E::IdToken(IdTokenError::Signature(_))) => "signature",
            Err(E::IdToken(IdTokenError::Type(_))) => "typ",
            Err(E::Claims(ClaimError::Expired(_))) => "expired",
            Err(E::Claims(ClaimError::Early(..))) => "early",
            Err(E::IdToken(_) | E::Claims(_)) => "claims",
            Err(E::NotText | E::Unsigned) => "not signed",
        }
    }

    #[test]
    fn signed_user_info_claims_are_checked() {
        let claims = || json!({"iss": ISSUER, "aud": "client", "sub": "alice", "iat": NOW});
        for (changes, expected) in [
            (json!({}), "accepted"),
            (json!({"iss": "-", "aud": "-", "iat": "-"}), "accepted"),
            (json!({"aud": ["other", "client"]}), "accepted"),
            (json!({"iss": "https://evil.example"}), "iss"),
            (json!({"iss": null}), "claims"),
            (json!({"aud": "other"}), "aud"),
            (json!({"aud": []}), "aud"),
            (json!({"aud": 1}), "claims"),
            (json!({"exp": NOW - 61}), "expired"),
            (json!({"exp": NOW - 59}), "accepted"),
            (json!({"nbf": NOW + 61}), "early"),
            (json!({"events": {}}), "events"),
        ] {
            let token = Signer::rsa().token("RS256", &changed(claims(), &changes));
            assert_eq!(verdict(&token), expected, "{changes}");
        }
        for (typ, expected) in
            [("JWT", "accepted"), ("application/jwt", "accepted"), ("at+jwt", "typ")]
        {
            let header = json!({"alg": "RS256", "kid": "k", "typ": typ}).to_string();
            let token = Signer::rsa().token_of(&header, &claims().to_string());
            assert_eq!(verdict(&token), expected, "{typ}");
        }
        assert_eq!(verdict(&Signer::new("RS256").token("RS256", &claims())), "signature");
        assert_eq!(verdict(&Signer::rsa().token("none", &claims())), "signature");
    }

    #[test]
    fn user_info_jwt_is_found_by_content_type() {
        let jwt = |content_type: &str, body: &str, required| {
            let response = test_response(200, content_type, body);
            signed_user_info(&response, required).map(|jwt| jwt.map(str::to_owned))
        };
        for (content_type, body, required, expected) in [
            ("application/jwt", "a.b.c\n", false, Some("a.b.c")),
            ("Application/JWT; charset=utf-8", "a.b.c", true, Some("a.b.c")),
            ("application/json", r#"{"sub":"1"}"#, false, None),
            ("application/jwt", r#"{"sub":"1"}"#, false, None),
            ("text/html", "<html>", false, None),
        ] {
            assert_eq!(jwt(content_type, body, required).unwrap().as_deref(), expected, "{body}");
        }
        for (content_type, body, required, kind, says) in [
            ("application/json", "{}", true, ErrorKind::InvalidResponse, "plain JSON"),
            ("application/jwt", "{}", true, ErrorKind::InvalidResponse, "plain JSON"),
        ] {
            let error = jwt(content_type, body, required).unwrap_err();
            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.to_string().contains(says), "{error}");
        }
        assert!(signed_user_info(&test_response(401, "application/jwt", "a.b.c"), false).is_err());
    }
}
