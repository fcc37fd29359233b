//! [`Introspection`]: the introspection response, RFC 7662 §2.2. The request has the form of a revocation
//! request (§2.1).

use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::jose::claims::{self, ClaimError, Claims};
use crate::message::Response;
use crate::oauth2::Actor;
use crate::oauth2::endpoint_response::{EndpointResponse, Members, ResponseError, scope_of_list};

/// The status and metadata of a token (RFC 7662 §2.2): the registered members by name, all others by
/// [`get`](Self::get).
///
/// **Check [`active`](Self::active) first.** An inactive token has no other members.
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
    /// Whether the token is valid now: not expired, not revoked, and visible to this client.
    #[must_use]
    pub fn active(&self) -> bool {
        self.active
    }

    text_members! {
        /// The scope of the token, space-separated.
        scope
        /// The client that the token was issued to.
        client_id
        /// The user name, for display: it can be reassigned.
        username
        /// The type of the token, such as `Bearer`.
        token_type
        /// The user's id at the issuer.
        sub
        /// The issuer.
        iss
        /// The id of the token.
        jti
    }

    time_members! {
        /// When the token expires.
        exp
        /// When it was issued.
        iat
        /// When it becomes valid.
        nbf
    }

    /// The audience of the token; empty if the provider did not tell.
    #[must_use]
    pub fn aud(&self) -> Vec<&str> {
        self.members.audience().unwrap_or_default()
    }

    /// The actor on behalf of [`sub`](Self::sub) (RFC 8693 §4.1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the member is malformed.
    pub fn act(&self) -> Result<Option<Actor>> {
        Actor::from_act(self.members.as_map())
    }

    /// The party that may act on behalf of [`sub`](Self::sub) (RFC 8693 §4.4).
    ///
    /// # Errors
    ///
    /// As [`act`](Self::act).
    pub fn may_act(&self) -> Result<Option<Actor>> {
        Actor::from_may_act(self.members.as_map())
    }

    /// Any member, as the caller's own type. An integer of any length is also a `String` of its digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the member is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(self.members.as_map(), name)
    }

    /// Reads `active`, and makes the other members what their names say: names that are integers and scopes that
    /// are lists become strings, times that are strings become numbers. What can't be read is logged and counts
    /// as absent: the answer to the question is `active`. Those of an inactive token are dropped.
    pub(super) fn from_members(members: Members) -> Result<Self, ResponseError> {
        let endpoint = Endpoint::Introspection;
        let mut members = members.into_claims();
        let Some(Value::Bool(active)) = members.as_map().get("active") else {
            let (name, expected) = ("active", "true or false");
            return Err(ResponseError::Member { endpoint, name, expected });
        };
        let active = *active;
        if !active {
            members = Claims::from_map(Map::new());
        }
        members.read_integers_as_names(&["client_id", "sub", "username"]);
        let mut map = members.into_map();
        if let Some(scope) = map.get("scope").and_then(scope_of_list) {
            map.insert("scope".to_owned(), scope.into());
        }
        for name in Self::TIMES {
            if let Some(seconds) = map.get(*name).and_then(Value::as_str)
                && let Ok(seconds) = seconds.parse::<u64>()
            {
                map.insert((*name).to_owned(), seconds.into());
            }
        }
        let mut members = Claims::from_map(map);
        let mut odd: Vec<(&str, ClaimError)> = Vec::new();
        odd.extend(Self::TEXTS.iter().filter_map(|name| Some((*name, members.text(name).err()?))));
        odd.extend(Self::TIMES.iter().filter_map(|name| Some((*name, members.time(name).err()?))));
        if members.as_map().contains_key("aud") {
            odd.extend(members.audience().err().map(|cause| ("aud", cause)));
        }
        let names: Vec<_> = odd
            .iter()
            .map(|(name, error)| {
                tracing::warn!(member = name, %error, "introspection response member ignored");
                *name
            })
            .collect();
        members.remove(&names);
        Ok(Self { active, members })
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

/// Parses the response.
pub(crate) fn parse_introspection_response(response: &Response) -> Result<Introspection> {
    let members = EndpointResponse::parse(Endpoint::Introspection, response)?;
    Ok(Introspection::from_members(members)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::message::test_response;
    use crate::numeric_date::from_unix_seconds;
    use crate::oauth2::test_responses::{JSON, assert_rejected_by_cause};

    fn json(body: &str) -> Result<Introspection> {
        parse_introspection_response(&test_response(200, JSON, body))
    }

    /// The response of RFC 7662 §2.2.
    #[test]
    fn rfc_example_members_are_read_by_name_and_type() {
        let response = test_response(
            200,
            "application/json;charset=UTF-8",
            r#"{"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe",
                "scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis",
                "aud":"https://protected.example.net/resource","iss":"https://server.example.com/",
                "exp":1419356238,"iat":1419350238,"nbf":1419350238.9,"jti":null,
                "extension_field":"twenty-seven"}"#,
        );
        let token = parse_introspection_response(&response).unwrap();
        assert!(token.active());
        assert_eq!(token.client_id(), Some("l238j323ds-23ij4"));
        assert_eq!(token.username(), Some("jdoe"));
        assert_eq!(token.scope(), Some("read write dolphin"));
        assert_eq!(token.sub(), Some("Z5O3upPC88QrAjx00dis"));
        assert_eq!(token.aud(), ["https://protected.example.net/resource"]);
        assert_eq!(token.iss(), Some("https://server.example.com/"));
        assert_eq!(token.exp(), Some(from_unix_seconds(1_419_356_238)));
        assert_eq!(token.iat(), Some(from_unix_seconds(1_419_350_238)));
        assert_eq!(token.nbf(), token.iat());
        assert_eq!((token.token_type(), token.jti()), (None, None));
        assert_eq!(token.get::<String>("extension_field").unwrap().unwrap(), "twenty-seven");
        assert!(token.get::<u8>("extension_field").is_err());
        assert_eq!(token.get::<u8>("absent").unwrap(), None);
        assert!(!format!("{token:?}").contains("jdoe"));
    }

    #[test]
    fn numeric_names_keep_every_digit() {
        let token =
            json(r#"{"active":true,"sub":100000000000000000001,"client_id":7,"username":-1}"#);
        let token = token.unwrap();
        assert_eq!(token.sub(), Some("100000000000000000001"));
        assert_eq!((token.client_id(), token.username()), (Some("7"), Some("-1")));
        assert_eq!(token.get::<u128>("sub").unwrap(), Some(100_000_000_000_000_000_001));
    }

    /// RFC 7662 §2.2: what the caller asks for is `active`.
    #[test]
    fn odd_members_do_not_hide_whether_token_is_active() {
        let token = json(
            r#"{"active":true,"scope":["read","write"],"exp":"1900000000","nbf":-1,"iat":"soon",
                "aud":[1],"sub":7.0,"client_id":1e20,"username":[7],"iss":{}}"#,
        );
        let token = token.unwrap();
        assert!(token.active());
        assert_eq!(token.scope(), Some("read write"));
        assert_eq!(token.exp(), Some(from_unix_seconds(1_900_000_000)));
        assert_eq!((token.nbf(), token.iat(), token.aud()), (None, None, vec![]));
        assert_eq!((token.sub(), token.client_id(), token.username()), (None, None, None));
        assert_eq!(token.get::<Value>("iss").unwrap(), None);
    }

    #[test]
    fn act_and_may_act_are_parsed_on_access() {
        let token = json(r#"{"active":true,"act":{"sub":"a","act":{"sub":"b"}},"may_act":["c"]}"#);
        let token = token.unwrap();
        let actor = token.act().unwrap().unwrap();
        assert_eq!((actor.sub(), actor.act().and_then(Actor::sub)), (Some("a"), Some("b")));
        assert_eq!(token.may_act().unwrap_err().kind(), ErrorKind::InvalidResponse);
        let token = json(r#"{"active":false,"act":{"sub":"a"}}"#).unwrap();
        assert_eq!((token.act().unwrap(), token.may_act().unwrap()), (None, None));
    }

    #[test]
    fn inactive_token_has_no_other_members() {
        let token = json(r#"{"active":false,"sub":"x","exp":"soon","aud":["a"],"y":1}"#).unwrap();
        assert!(!token.active());
        assert_eq!((token.sub(), token.exp(), token.aud()), (None, None, vec![]));
        assert_eq!(token.get::<u8>("y").unwrap(), None);
    }

    #[test]
    fn invalid_introspection_is_rejected_with_reason() {
        assert_rejected_by_cause(
            parse_introspection_response,
            &[
                (200, JSON, "{}", "`active`"),
                (200, JSON, r#"{"active":"true"}"#, "`active`"),
                (200, JSON, r#"{"active":null}"#, "`active`"),
                (200, JSON, r#"{"active":1}"#, "`active`"),
                (200, "application/token-introspection+jwt", "a.b.c", "not application/json"),
                (201, JSON, r#"{"active":true}"#, "status 201"),
            ],
        );
    }
}
