//! The introspection answer, RFC 7662 §2.2, and [`Introspection`], what it says. The request is the
//! form of a revocation (§2.1).

use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::jose::claims::{ClaimError, Claims};
use crate::message::Response;
use crate::oauth2::Actor;
use crate::oauth2::error_response::{self, Answer};

/// What a provider says of a token (RFC 7662 §2.2): the registered members by name, all others by
/// [`get`](Self::get).
///
/// Look at [`active`](Self::active) first. Of a token that is not active nothing else is known here,
/// whatever the provider sent along.
#[derive(Clone)]
pub struct Introspection {
    active: bool,
    members: Claims,
}

macro_rules! text_members {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<&str> {
            self.members.text(stringify!($name)).ok().flatten()
        })*

        const TEXTS: &[&'static str] = &[$(stringify!($name)),*];
    };
}

macro_rules! time_members {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<SystemTime> {
            self.members.time(stringify!($name)).ok().flatten()
        })*

        const TIMES: &[&'static str] = &[$(stringify!($name)),*];
    };
}

impl Introspection {
    /// Whether the token is good now, for whoever asked: not expired, not revoked, and theirs to know
    /// of.
    #[must_use]
    pub fn active(&self) -> bool {
        self.active
    }

    text_members! {
        /// The scope of the token, blank-separated.
        scope
        /// The client that the token was given to.
        client_id
        /// A name of who allowed it, for people to read. It is no identity.
        username
        /// The type of the token, such as `Bearer`.
        token_type
        /// Who allowed it, in the words of the issuer.
        sub
        /// Who issued it.
        iss
        /// The token's own id.
        jti
    }

    time_members! {
        /// When the token expires.
        exp
        /// When it was issued.
        iat
        /// From when on it is good.
        nbf
    }

    /// Whom the token is meant for; empty where the provider does not say.
    #[must_use]
    pub fn aud(&self) -> Vec<&str> {
        self.members.audience().unwrap_or_default()
    }

    /// Who acts for the one that [`sub`](Self::sub) names (RFC 8693 §4.1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] when the member is there and names nobody in the RFC's way.
    pub fn act(&self) -> Result<Option<Actor>> {
        Actor::from_act(self.members.as_map())
    }

    /// Who may act for the one that [`sub`](Self::sub) names (RFC 8693 §4.4).
    ///
    /// # Errors
    ///
    /// As [`act`](Self::act).
    pub fn may_act(&self) -> Result<Option<Actor>> {
        Actor::from_may_act(self.members.as_map())
    }

    /// Any member, as the caller's own type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] when the member is there and is no `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.members.as_map().get(name) else {
            return Ok(None);
        };
        T::deserialize(value).map(Some).map_err(|_| {
            Error::new(
                ErrorKind::InvalidResponse,
                format!("member `{name}` of the introspection has another type than asked for"),
            )
        })
    }

    /// Keeps an answer whose members are of their types; of an inactive token only that it is.
    pub(super) fn checked(body: &Claims) -> Result<Self, IntrospectionError> {
        let Some(Value::Bool(active)) = body.as_map().get("active") else {
            return Err(IntrospectionError::Active);
        };
        let mut members = body.as_map().clone();
        // Servers write null for what they leave out.
        members.retain(|_, value| *active && !value.is_null());
        let members = Claims::from_map(members);
        for name in Self::TEXTS {
            members.text(name).map_err(IntrospectionError::Member)?;
        }
        for name in Self::TIMES {
            members.time(name).map_err(IntrospectionError::Member)?;
        }
        if members.as_map().contains_key("aud") {
            members.audience().map_err(IntrospectionError::Member)?;
        }
        Ok(Self { active: *active, members })
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of users stay out of logs.
        f.debug_struct("Introspection")
            .field("active", &self.active)
            .field("scope", &self.scope())
            .field("client_id", &self.client_id())
            .field("exp", &self.exp())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum IntrospectionError {
    #[error("the introspection endpoint refused the request (RFC 7662 §2.3)")]
    Refused,
    #[error(
        "the introspection endpoint answered {status} with {content} and no OAuth error (RFC 7662 §2.3)"
    )]
    Status { status: u16, content: String },
    #[error("the introspection endpoint answered {0}, not `application/json` (RFC 7662 §2.2)")]
    ContentType(String),
    #[error("the introspection answer is no JSON object")]
    NotJson(#[source] ClaimError),
    #[error(
        "member `active` of the introspection answer is missing or neither true nor false (RFC 7662 §2.2)"
    )]
    Active,
    #[error("a member of the introspection answer is refused (RFC 7662 §2.2)")]
    Member(#[source] ClaimError),
}

impl From<IntrospectionError> for Error {
    fn from(check: IntrospectionError) -> Self {
        let hint = match &check {
            IntrospectionError::Status { status: 300..=399, .. } => Some(
                "redirects are never followed here: set `introspection_endpoint` to the final URL",
            ),
            IntrospectionError::ContentType(_)
            | IntrospectionError::Status { status: 404 | 405, .. } => {
                Some("check `introspection_endpoint`")
            }
            _ => None,
        };
        let error = Self::new(ErrorKind::InvalidResponse, check);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Reads the answer.
pub(crate) fn parse_introspection_response(response: &Response) -> Result<Introspection> {
    let (content, body) = accepted(response)?;
    match body {
        None => Err(IntrospectionError::ContentType(content).into()),
        Some(Err(cause)) => Err(IntrospectionError::NotJson(cause).into()),
        Some(Ok(body)) => Ok(Introspection::checked(&body)?),
    }
}

/// The media type of an answer that is no refusal, and its members where that is JSON. An `error` member
/// wins over everything, whatever the status.
pub(super) fn accepted(
    response: &Response,
) -> Result<(String, Option<Result<Claims, ClaimError>>)> {
    let status = response.status().as_u16();
    let Answer { content, body, said } = Answer::read(response);
    if let Some(said) = said {
        return Err(refused(said));
    }
    if status != 200 {
        let check = IntrospectionError::Status { status, content };
        return Err(error_response::of_status(response, check.into()));
    }
    Ok((content, body))
}

fn refused(said: ProviderError) -> Error {
    let kind = match said.error.as_str() {
        "unsupported_token_type" => ErrorKind::Unsupported,
        _ => ErrorKind::InvalidResponse,
    };
    let unknown = matches!(said.error.as_str(), "invalid_client" | "unauthorized_client");
    let error = Error::new(kind, IntrospectionError::Refused).with_provider_error(said);
    if unknown {
        error.with_hint("check `client_id`, `client_secret` and `token_endpoint_auth_method`")
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_TYPE, RETRY_AFTER};

    use super::*;
    use crate::numeric_date::from_unix_seconds;

    const JS: &str = "application/json";

    fn answer(status: u16, content_type: &str, body: &str) -> Result<Introspection> {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        response.headers_mut().insert(RETRY_AFTER, "7".parse().unwrap());
        parse_introspection_response(&response)
    }

    /// The answer of RFC 7662 §2.2.
    #[test]
    fn the_answer_of_the_rfc_is_read_by_name_and_by_type() {
        let said = answer(
            200,
            "application/json;charset=UTF-8",
            r#"{"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe",
                "scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis",
                "aud":"https://protected.example.net/resource","iss":"https://server.example.com/",
                "exp":1419356238,"iat":1419350238,"nbf":1419350238.9,"jti":null,
                "extension_field":"twenty-seven"}"#,
        )
        .unwrap();
        assert!(said.active());
        assert_eq!(said.client_id(), Some("l238j323ds-23ij4"));
        assert_eq!(said.username(), Some("jdoe"));
        assert_eq!(said.scope(), Some("read write dolphin"));
        assert_eq!(said.sub(), Some("Z5O3upPC88QrAjx00dis"));
        assert_eq!(said.aud(), ["https://protected.example.net/resource"]);
        assert_eq!(said.iss(), Some("https://server.example.com/"));
        assert_eq!(said.exp(), Some(from_unix_seconds(1_419_356_238)));
        assert_eq!(said.iat(), Some(from_unix_seconds(1_419_350_238)));
        assert_eq!(said.nbf(), said.iat());
        assert_eq!((said.token_type(), said.jti()), (None, None));
        assert_eq!(said.get::<String>("extension_field").unwrap().unwrap(), "twenty-seven");
        assert!(said.get::<u8>("extension_field").is_err());
        assert_eq!(said.get::<u8>("absent").unwrap(), None);
        assert!(!format!("{said:?}").contains("jdoe"));
    }

    #[test]
    fn who_acts_and_who_may_is_read_where_somebody_asks() {
        let said = answer(
            200,
            JS,
            r#"{"active":true,"act":{"sub":"a","act":{"sub":"b"}},"may_act":["c"]}"#,
        );
        let said = said.unwrap();
        let actor = said.act().unwrap().unwrap();
        assert_eq!((actor.sub(), actor.act().and_then(Actor::sub)), (Some("a"), Some("b")));
        assert_eq!(said.may_act().unwrap_err().kind(), ErrorKind::InvalidResponse);
        let said = answer(200, JS, r#"{"active":false,"act":{"sub":"a"}}"#).unwrap();
        assert_eq!((said.act().unwrap(), said.may_act().unwrap()), (None, None));
    }

    #[test]
    fn an_inactive_token_carries_nothing_else() {
        // Nor do the types of members matter that nobody may look at.
        let said = answer(200, JS, r#"{"active":false,"sub":"x","exp":"soon","aud":["a"],"y":1}"#)
            .unwrap();
        assert!(!said.active());
        assert_eq!((said.sub(), said.exp(), said.aud()), (None, None, vec![]));
        assert_eq!(said.get::<u8>("y").unwrap(), None);
    }

    #[test]
    fn answers_that_are_no_introspection_are_refused_with_the_reason() {
        for (status, content_type, body, says) in [
            (200, JS, "{}", "`active`"),
            (200, JS, r#"{"active":"true"}"#, "`active`"),
            (200, JS, r#"{"active":null}"#, "`active`"),
            (200, JS, r#"{"active":1}"#, "`active`"),
            (200, JS, r#"{"active":false,"active":true}"#, "no JSON object"),
            (200, JS, "[true]", "no JSON object"),
            (200, JS, r#"{"active":true,"exp":"soon"}"#, "`exp`"),
            (200, JS, r#"{"active":true,"nbf":-1}"#, "`nbf`"),
            (200, JS, r#"{"active":true,"aud":[1]}"#, "`aud`"),
            (200, JS, r#"{"active":true,"sub":7}"#, "`sub`"),
            (200, JS, r#"{"active":true,"scope":["a"]}"#, "`scope`"),
            (200, JS, r#"{"active":true,"error":"nope"}"#, "nope"),
            (200, "text/html", r#"{"active":true}"#, "text/html"),
            (200, "application/token-introspection+jwt", "a.b.c", "not `application/json`"),
            (201, JS, r#"{"active":true}"#, "answered 201"),
            (302, "text/html", "", "never followed"),
            (401, JS, r#"{"error":"invalid_client"}"#, "client_secret"),
            (404, "text/html", "<h1>", "check `introspection_endpoint`"),
        ] {
            let error = answer(status, content_type, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.report().to_string().contains(says), "{body}: {error}");
        }
        let error = answer(400, JS, r#"{"error":"unsupported_token_type"}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let error = answer(503, "text/html", "").unwrap_err();
        assert_eq!(
            error.provider_error().unwrap().retry_after,
            Some(std::time::Duration::from_secs(7))
        );
    }
}
