//! User info, OpenID Connect Core 1.0 §5.3: the request and its response.

use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{self, Request, Response};
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::{Token, bearer};

/// What only an ID token can say, because it is about the token and the login and not about the user
/// (OpenID Connect Core §2): in user info, which nobody signed, these names are not believed.
const OF_THE_ID_TOKEN: &[&str] = &[
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "sid",
];

#[derive(Debug, thiserror::Error)]
enum UserInfoError {
    #[error("the user info has no `{0}` that is a string")]
    NoSubject(String),
    #[error("the user info is about another `sub` than the ID token (OpenID Connect Core §5.3.2)")]
    OtherSubject,
}

impl From<UserInfoError> for Error {
    fn from(check: UserInfoError) -> Self {
        let hint = match &check {
            UserInfoError::NoSubject(_) => {
                "set `subject_claim` to the claim that identifies the user"
            }
            UserInfoError::OtherSubject => "check `userinfo_endpoint`",
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// The request for user info, with the token in the header (Core §5.3.1).
pub(crate) fn userinfo_request(endpoint: &Url, token: &Token) -> Result<Request> {
    let mut request = message::json_get(endpoint);
    request.headers_mut().insert(http::header::AUTHORIZATION, bearer::header(token)?);
    Ok(request)
}

/// Reads the answer. With the `sub` of an ID token, the answer's must be identical, else nothing of it
/// may be used (Core §5.3.2). Without, `subject_claim` names the member that holds the identity.
pub(crate) fn parse_userinfo_response(
    response: &Response,
    sub: Option<&str>,
    subject_claim: &str,
) -> Result<Map<String, Value>> {
    let claims = EndpointResponse::parse(Endpoint::UserInfo, response)?.into_map();
    Ok(of_subject(claims, sub, subject_claim)?)
}

fn of_subject(
    mut claims: Map<String, Value>,
    sub: Option<&str>,
    subject_claim: &str,
) -> Result<Map<String, Value>, UserInfoError> {
    claims.retain(|name, _| !OF_THE_ID_TOKEN.contains(&name.as_str()));
    let missing = || UserInfoError::NoSubject(subject_claim.to_owned());
    match sub {
        Some(sub) => {
            let said = claims.get("sub").and_then(Value::as_str).ok_or_else(missing)?;
            if said != sub {
                return Err(UserInfoError::OtherSubject);
            }
        }
        None => {
            let said = match claims.get(subject_claim) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => return Err(missing()),
            };
            claims.insert("sub".to_owned(), Value::String(said));
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;
    use crate::oauth2::UserInfo;

    fn answer(content_type: &str, body: &str, sub: Option<&str>, claim: &str) -> Result<UserInfo> {
        let response = test_response(200, content_type, body);
        parse_userinfo_response(&response, sub, claim).map(UserInfo::new)
    }

    /// H28: user info of another, no or a numeric subject is not used.
    #[test]
    fn userinfo_sub_must_match_id_token() {
        let js = "application/json";
        assert_eq!(answer(js, r#"{"sub":"1"}"#, Some("1"), "sub").unwrap().sub(), "1");
        for body in [r#"{"sub":"2"}"#, r#"{"sub":1}"#, r#"{"name":"x"}"#, "[]", "<html>"] {
            let error = answer(js, body, Some("1"), "sub").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        }
        assert!(answer("text/html", r#"{"sub":"1"}"#, Some("1"), "sub").is_err());
        assert!(answer("application/jwt", "a.b.c", Some("1"), "sub").is_err());
    }

    #[test]
    fn subject_claim_of_preset_identifies_oauth2_user() {
        let user = answer("application/json", r#"{"id":42,"login":"octo"}"#, None, "id").unwrap();
        assert_eq!(user.sub(), "42");
        assert_eq!(user.get::<String>("login").unwrap().as_deref(), Some("octo"));
        assert!(answer("application/json", r#"{"login":"octo"}"#, None, "id").is_err());
    }

    /// T211: a known claim, a known absent claim, and any other by its own type.
    #[test]
    fn claims_are_read_by_name_and_type() {
        let user = answer(
            "application/json",
            r#"{"sub":"1","name":"A","email_verified":"true","address":{"locality":"Bonn"},"n":[1]}"#,
            Some("1"),
            "sub",
        )
        .unwrap();
        assert_eq!(user.name(), Some("A"));
        assert_eq!(user.nickname(), None);
        assert!(user.email_verified());
        assert_eq!(user.address().unwrap().locality.as_deref(), Some("Bonn"));
        assert_eq!(user.get::<Vec<u8>>("n").unwrap(), Some(vec![1]));
        assert!(user.get::<String>("n").is_err());
        assert!(!format!("{user:?}").contains("Bonn"));
    }
}
