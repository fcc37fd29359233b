//! User info, OpenID Connect Core 1.0 §5.3: the request and its response.

use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::exact_integers::name_of;
use crate::jose::strict_json;
use crate::message::{self, Request, Response};
use crate::oauth2::bearer::{self, TokenTarget};
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::{Token, TokenLocation};
use crate::params::Params;

/// Claims about the ID token and the login, not about the user (OpenID Connect Core §2). They are removed
/// from user info, which is not signed.
const ID_TOKEN_CLAIMS: &[&str] = &[
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

/// The method of the user info request (OpenID Connect Core §5.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserInfoMethod {
    /// GET.
    #[default]
    Get,
    /// POST, which Dropbox requires. It is not sent again if the connection is closed before a response arrives.
    Post,
}

impl UserInfoMethod {
    /// Parses the `userinfo_method` setting.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            _ => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum UserInfoError {
    #[error(
        "`{0}` of the user info is a number with a fraction or an exponent: only a string or an integer \
         identifies a user"
    )]
    Inexact(String),
    #[error("the response is not a list of e-mail addresses")]
    Emails,
    #[error("the user info has no `{0}` that is a string or an integer")]
    Missing(String),
    #[error("the user info is about another `sub` than the ID token (OpenID Connect Core §5.3.2)")]
    OtherUser,
}

impl From<UserInfoError> for Error {
    fn from(check: UserInfoError) -> Self {
        let hint = match &check {
            UserInfoError::Inexact(_) | UserInfoError::Missing(_) => {
                "set `subject_claim` to the member that identifies the user; for a nested one to a JSON pointer \
                 such as `/data/id`"
            }
            UserInfoError::Emails => "check `emails_endpoint`",
            UserInfoError::OtherUser => "check `userinfo_endpoint`",
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// The request for user info. It carries the token where an API request does (Core §5.3.1, RFC 6750 §2): a POST of
/// a form if that is the body, and otherwise a request of this method without a body.
pub(crate) fn userinfo_request(
    endpoint: &Url,
    token: &Token,
    location: TokenLocation,
    method: UserInfoMethod,
) -> Result<Request> {
    let (mut url, mut headers, mut form) = (endpoint.clone(), HeaderMap::new(), Params::new());
    let is_post = location == TokenLocation::Body || method == UserInfoMethod::Post;
    let method = if is_post { Method::POST } else { Method::GET };
    let to = TokenTarget {
        method: &method,
        url: &mut url,
        headers: &mut headers,
        form: Some(&mut form),
    };
    bearer::place(token, location, to)?;
    let mut request = match location {
        TokenLocation::Body => message::form_post(&url, &form),
        TokenLocation::Header | TokenLocation::Query => message::json_get(&url),
    };
    *request.method_mut() = method;
    request.headers_mut().extend(headers);
    Ok(request)
}

/// Whether the library sets this claim, so that no member of the user info can be given its name.
pub(crate) fn is_reserved_claim(name: &str) -> bool {
    name == "sub" || name == "raw" || ID_TOKEN_CLAIMS.contains(&name)
}

/// Gives the claims of Core §5.1 their names: each entry is a claim, and the member that has it. What a claim replaces
/// is kept in `raw`.
pub(crate) fn name_claims(claims: &mut Map<String, Value>, members: &Params) {
    let found: Vec<(String, Value)> = members
        .iter()
        .filter_map(|(claim, name)| {
            let value = member(claims, name)?;
            let value = match (claim, value) {
                // Zoom has a number.
                ("email_verified" | "phone_number_verified", value) => Value::Bool(match value {
                    Value::Bool(flag) => *flag,
                    Value::String(text) => text == "true",
                    other => other.as_u64() == Some(1),
                }),
                (_, Value::String(text)) if !text.is_empty() => Value::String(text.clone()),
                (_, Value::Number(number)) => Value::String(number.to_string()),
                _ => return None,
            };
            Some((claim.to_owned(), value))
        })
        .collect();
    let mut replaced = Map::new();
    for (claim, value) in found {
        if let Some(old) = claims.insert(claim.clone(), value)
            && claims.get(&claim) != Some(&old)
        {
            replaced.insert(claim, old);
        }
    }
    if !replaced.is_empty() {
        claims.insert("raw".to_owned(), Value::Object(replaced));
    }
}

/// The address that a list of e-mail addresses names as primary and verified: a list, as GitHub's, or one in `values`,
/// as Bitbucket's.
pub(crate) fn parse_emails_response(response: &Response) -> Result<Option<String>> {
    if !response.status().is_success() {
        return Err(EndpointResponse::error(Endpoint::Emails, response));
    }
    let mut body = response.body().clone();
    if body.trim_ascii_start().starts_with(b"[") {
        body = [b"{\"values\":", body.as_slice(), b"}"].concat();
    }
    let body = strict_json::object(&body).map_err(|_| UserInfoError::Emails)?;
    let list = body.get("values").and_then(Value::as_array).ok_or(UserInfoError::Emails)?;
    let is = |entry: &Value, names: [&str; 2]| {
        names.iter().any(|name| entry.get(name).and_then(Value::as_bool) == Some(true))
    };
    let entry = list.iter().find(|entry| {
        is(entry, ["primary", "is_primary"]) && is(entry, ["verified", "is_confirmed"])
    });
    Ok(entry.and_then(|entry| entry.get("email")?.as_str()).map(ToOwned::to_owned))
}

/// Parses a JSON response.
pub(crate) fn parse_userinfo_response(response: &Response) -> Result<Map<String, Value>> {
    Ok(EndpointResponse::parse(Endpoint::UserInfo, response)?.into_map())
}

/// The claims about the user. Their `sub` must be that of the ID token, if there is one (Core §5.3.2). Otherwise
/// `subject_claim` names the member that identifies the user: a member of the object, or with a slash at the
/// beginning a JSON pointer (RFC 6901).
pub(crate) fn about_subject(
    claims: Map<String, Value>,
    sub: Option<&str>,
    subject_claim: &str,
) -> Result<Map<String, Value>> {
    Ok(of_subject(claims, sub, subject_claim)?)
}

fn of_subject(
    mut claims: Map<String, Value>,
    sub: Option<&str>,
    subject_claim: &str,
) -> Result<Map<String, Value>, UserInfoError> {
    claims.retain(|name, _| !ID_TOKEN_CLAIMS.contains(&name.as_str()));
    let missing = || UserInfoError::Missing(subject_claim.to_owned());
    match sub {
        Some(sub) => {
            let subject = claims.get("sub").and_then(Value::as_str).ok_or_else(missing)?;
            if subject != sub {
                return Err(UserInfoError::OtherUser);
            }
        }
        None => {
            let value = member(&claims, subject_claim).ok_or_else(missing)?;
            let subject = match name_of(value) {
                Some(subject) if !subject.is_empty() => subject.into_owned(),
                None if value.is_number() => {
                    return Err(UserInfoError::Inexact(subject_claim.to_owned()));
                }
                _ => return Err(missing()),
            };
            claims.insert("sub".to_owned(), Value::String(subject));
        }
    }
    Ok(claims)
}

/// The member that a name, or a JSON pointer such as `/data/id` (RFC 6901), refers to.
fn member<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(path) = name.strip_prefix('/') else {
        return claims.get(name);
    };
    let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    claims.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;
    use crate::oauth2::UserInfo;

    fn parsed(content_type: &str, body: &str, sub: Option<&str>, claim: &str) -> Result<UserInfo> {
        let response = test_response(200, content_type, body);
        about_subject(parse_userinfo_response(&response)?, sub, claim).map(UserInfo::new)
    }

    /// H28.
    #[test]
    fn userinfo_sub_must_match_id_token() {
        let js = "application/json";
        assert_eq!(parsed(js, r#"{"sub":"1"}"#, Some("1"), "sub").unwrap().sub(), "1");
        for body in [r#"{"sub":"2"}"#, r#"{"sub":1}"#, r#"{"name":"x"}"#, "[]", "<html>"] {
            let error = parsed(js, body, Some("1"), "sub").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        }
        assert!(parsed("text/html", r#"{"sub":"1"}"#, Some("1"), "sub").is_ok());
        assert!(parsed("text/html", "<p>", Some("1"), "sub").is_err());
        assert!(parsed("application/jwt", "a.b.c", Some("1"), "sub").is_err());
    }

    #[test]
    fn subject_claim_of_preset_identifies_oauth2_user() {
        let user = parsed("application/json", r#"{"id":42,"login":"octo"}"#, None, "id").unwrap();
        assert_eq!(user.sub(), "42");
        assert_eq!(user.get::<String>("login").unwrap().as_deref(), Some("octo"));
        assert!(parsed("application/json", r#"{"login":"octo"}"#, None, "id").is_err());
    }

    /// X and Feishu have the user in `data`.
    #[test]
    fn subject_claim_may_be_a_json_pointer() {
        let body = r#"{"data":{"id":"2244994945","a/b":{"~":[7, 100000000000000000001]}},"":{"":"x"},
            "https://op.example/id":"y","/data":"z"}"#;
        for (claim, sub) in [
            ("/data/id", Some("2244994945")),
            ("/data/a~1b/~0/0", Some("7")),
            ("/data/a~1b/~0/1", Some("100000000000000000001")),
            ("//", Some("x")),
            ("https://op.example/id", Some("y")),
            ("/~1data", Some("z")),
            ("/data", None),
            ("/data/x", None),
            ("/data/id/x", None),
            ("data/id", None),
            ("data.id", None),
            ("/", None),
        ] {
            let user = parsed("application/json", body, None, claim);
            assert_eq!(user.as_ref().ok().map(UserInfo::sub), sub, "{claim}");
            if let Err(error) = user {
                assert!(error.to_string().contains("`/data/id`"), "{error}");
            }
        }
    }

    /// Two users whose ids differ in the last digit are two users.
    #[test]
    fn numeric_subject_keeps_every_digit() {
        for (id, sub) in [
            ("100000000000000000001", Some("100000000000000000001")),
            ("100000000000000000002", Some("100000000000000000002")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("-1", Some("-1")),
            (r#""1e3""#, Some("1e3")),
            (r#""""#, None),
            ("1e3", None),
            ("1e20", None),
            ("42.0", None),
            ("-0", None),
            ("true", None),
            ("null", None),
            ("[1]", None),
        ] {
            let body = format!(r#"{{"id":{id}}}"#);
            let user = parsed("application/json", &body, None, "id");
            assert_eq!(user.as_ref().ok().map(UserInfo::sub), sub, "{id}");
            match user {
                Ok(user) => {
                    assert_eq!(user.get::<String>("id").unwrap().as_deref(), sub);
                    let json = serde_json::to_string(&user).unwrap();
                    assert_eq!(serde_json::from_str::<UserInfo>(&json).unwrap(), user);
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
                    let is_inexact = error.to_string().contains("a fraction or an exponent");
                    assert_eq!(is_inexact, id.contains(['.', 'e', '-']) && id != "true", "{error}");
                }
            }
        }
    }

    /// T211.
    #[test]
    fn claims_are_read_by_name_and_type() {
        let user = parsed(
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
