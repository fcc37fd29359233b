//! User info, OpenID Connect Core 1.0 §5.3, and [`UserInfo`], its claims as a value.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::{self, Request, Response};
use crate::oauth2::endpoint_response::EndpointResponse;
use crate::oauth2::{Token, bearer};

/// Who the user is: the standard claims of OpenID Connect Core §5.1 by name, all others by
/// [`get`](Self::get).
///
/// Identity is [`sub`](Self::sub) together with the issuer, and nothing else: names and e-mail
/// addresses change hands (Core §5.7).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserInfo(Map<String, Value>);

/// The `address` claim (OpenID Connect Core §5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Address {
    /// The full address, lines separated by newlines.
    pub formatted: Option<String>,
    /// Street, number, and what else stands on that line.
    pub street_address: Option<String>,
    /// City.
    pub locality: Option<String>,
    /// State or province.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country name.
    pub country: Option<String>,
}

macro_rules! text_claims {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<&str> {
            self.0.get(stringify!($name)).and_then(Value::as_str)
        })*
    };
}

impl UserInfo {
    pub(crate) fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The `sub`: who it is, at this issuer. Compare it byte by byte.
    #[must_use]
    pub fn sub(&self) -> &str {
        self.0.get("sub").and_then(Value::as_str).unwrap_or_default()
    }

    text_claims! {
        /// The `iss` of the verified ID token.
        iss
        /// Full name, for display.
        name
        /// Given or first name.
        given_name
        /// Surname or last name.
        family_name
        /// Middle name.
        middle_name
        /// Casual name.
        nickname
        /// The name by which the user wishes to be called here. It is not unique, and no identity.
        preferred_username
        /// URL of the profile page.
        profile
        /// URL of the profile picture.
        picture
        /// URL of the user's own page.
        website
        /// E-mail address. It is no identity, and unverified unless
        /// [`email_verified`](Self::email_verified).
        email
        /// Gender.
        gender
        /// Birthday, as `YYYY-MM-DD` or `YYYY`.
        birthdate
        /// Time zone, such as `Europe/Berlin`.
        zoneinfo
        /// Locale, such as `en-US`.
        locale
        /// Telephone number.
        phone_number
    }

    /// Whether the provider says that the e-mail address was the user's when it was checked. Apple and
    /// Cognito send the word as text.
    #[must_use]
    pub fn email_verified(&self) -> bool {
        self.truth("email_verified")
    }

    /// Whether the provider says that the telephone number was verified.
    #[must_use]
    pub fn phone_number_verified(&self) -> bool {
        self.truth("phone_number_verified")
    }

    /// The postal address.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        Address::deserialize(self.0.get("address")?).ok()
    }

    /// Any claim, as the caller's own type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] when the claim is there and is no `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        T::deserialize(value).map(Some).map_err(|_| {
            Error::new(
                ErrorKind::InvalidResponse,
                format!("claim `{name}` has another type than asked for"),
            )
        })
    }

    /// All claims as JSON.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    fn truth(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(truth)) => *truth,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data stays out of logs; `sub` is what a log needs to tell users apart.
        f.debug_struct("UserInfo").field("sub", &self.sub()).finish_non_exhaustive()
    }
}

impl Token {
    /// Who logged in, by the verified ID token and the user info that belongs to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] when the token does not come from a login that told who it was.
    pub fn userinfo(&self) -> Result<UserInfo> {
        self.claims.clone().map(UserInfo::new).ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, "this token says nothing of its user").with_hint(
                "ask for the `openid` scope, or set `userinfo_endpoint` for a provider without \
                 OpenID Connect",
            )
        })
    }
}

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
    #[error("the user info has no `{0}` that is a text")]
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
    use http::header::CONTENT_TYPE;

    use super::*;

    fn answer(content_type: &str, body: &str, sub: Option<&str>, claim: &str) -> Result<UserInfo> {
        let mut response = Response::new(body.as_bytes().to_vec());
        response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
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
