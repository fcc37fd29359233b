//! [`Actor`]: the claims `act` and `may_act`, RFC 8693 §4.1 and §4.4.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims;

/// The deepest nesting of actors that is accepted.
const MAX_ACTORS: usize = 10;

/// The party that acts, or may act, on behalf of the subject of a token (RFC 8693 §4.1, §4.4).
///
/// ```
/// use authlib_core::oauth2::Actor;
/// use serde_json::json;
///
/// let claims = json!({"sub": "user@example.com", "act": {"sub": "admin@example.com"}});
/// let actor = Actor::from_act(claims.as_object().unwrap())?;
/// assert_eq!(actor.unwrap().sub(), Some("admin@example.com"));
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Actor {
    sub: Option<String>,
    iss: Option<String>,
    act: Option<Box<Self>>,
    members: Map<String, Value>,
}

impl Actor {
    /// The claim `act`: the party that acts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the claim is not an object, a `sub` or `iss` in it is not a string, or
    /// more than ten actors are nested.
    pub fn from_act(claims: &Map<String, Value>) -> Result<Option<Self>> {
        Ok(Self::member(claims, "act", MAX_ACTORS)?)
    }

    /// The claim `may_act`: the party that may act.
    ///
    /// # Errors
    ///
    /// As [`from_act`](Self::from_act).
    pub fn from_may_act(claims: &Map<String, Value>) -> Result<Option<Self>> {
        Ok(Self::member(claims, "may_act", MAX_ACTORS)?)
    }

    /// The actor's id at [`iss`](Self::iss).
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// The issuer of that id; if it is missing, the issuer of the token.
    #[must_use]
    pub fn iss(&self) -> Option<&str> {
        self.iss.as_deref()
    }

    /// The previous actor, for information: decide about access by the outermost actor only (RFC 8693
    /// §4.1).
    #[must_use]
    pub fn act(&self) -> Option<&Self> {
        self.act.as_deref()
    }

    /// Any other member, as the caller's own type. Ignore members that do not identify the actor, such as
    /// `exp` or `aud` (RFC 8693 §4.1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the member is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(&self.members, name)
    }

    fn member(
        claims: &Map<String, Value>,
        name: &'static str,
        levels: usize,
    ) -> Result<Option<Self>, ActorError> {
        let members = match claims.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(ActorError::NoObject(name)),
        };
        let levels = levels.checked_sub(1).ok_or(ActorError::TooDeep)?;
        let text = |name| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ActorError::NoText(name)),
        };
        let (sub, iss) = (text("sub")?, text("iss")?);
        let act = Self::member(members, "act", levels)?.map(Box::new);
        let mut members = members.clone();
        members.retain(|name, _| !matches!(name.as_str(), "sub" | "iss" | "act"));
        Ok(Some(Self { sub, iss, act, members }))
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of users stay out of logs.
        f.debug_struct("Actor")
            .field("iss", &self.iss)
            .field("has_act", &self.act.is_some())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
enum ActorError {
    #[error("claim `{0}` is not a JSON object (RFC 8693 §4.1)")]
    NoObject(&'static str),
    #[error("`{0}` of an actor is not a string (RFC 8693 §4.1)")]
    NoText(&'static str),
    #[error("more than {MAX_ACTORS} actors are nested")]
    TooDeep,
}

impl From<ActorError> for Error {
    fn from(check: ActorError) -> Self {
        Self::new(ErrorKind::InvalidResponse, check)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn act(claims: &Value) -> Result<Option<Actor>> {
        Actor::from_act(claims.as_object().unwrap())
    }

    /// The claims of RFC 8693 §4.1, figures 5 and 6, and of §4.4.
    #[test]
    fn rfc_example_claims_are_parsed() {
        let actor = act(&json!({"sub": "user@example.com", "act": {"sub": "admin@example.com"}}));
        assert_eq!(actor.unwrap().unwrap().sub(), Some("admin@example.com"));
        let chain = act(&json!({
            "sub": "user@example.com",
            "act": {
                "sub": "https://service16.example.com",
                "act": {"sub": "https://service77.example.com", "iss": "https://i.example"}
            }
        }));
        let actor = chain.unwrap().unwrap();
        assert_eq!(actor.sub(), Some("https://service16.example.com"));
        let before = actor.act().unwrap();
        assert_eq!(before.sub(), Some("https://service77.example.com"));
        assert_eq!((before.iss(), before.act()), (Some("https://i.example"), None));
        let claims = json!({"sub": "user@example.com", "may_act": {"sub": "admin@example.com"}});
        let actor = Actor::from_may_act(claims.as_object().unwrap()).unwrap().unwrap();
        assert_eq!(actor.sub(), Some("admin@example.com"));
        assert_eq!(act(&claims).unwrap(), None);
    }

    #[test]
    fn other_members_are_kept_and_null_counts_as_absent() {
        assert_eq!(act(&json!({"act": null})).unwrap(), None);
        let actor = act(&json!({"act": {"sub": null, "client_id": "c", "act": null}}));
        let actor = actor.unwrap().unwrap();
        assert_eq!((actor.sub(), actor.iss(), actor.act()), (None, None, None));
        assert_eq!(actor.get::<String>("client_id").unwrap().as_deref(), Some("c"));
        assert!(actor.get::<u8>("client_id").is_err());
        assert_eq!(actor.get::<u8>("absent").unwrap(), None);
    }

    #[test]
    fn actors_of_wrong_type_are_rejected() {
        for (claims, message) in [
            (json!({"act": "admin@example.com"}), "`act` is not a JSON object"),
            (json!({"act": []}), "`act` is not a JSON object"),
            (json!({"act": {"sub": 7}}), "`sub`"),
            (json!({"act": {"iss": ["x"]}}), "`iss`"),
            (json!({"act": {"sub": "a", "act": {"sub": {}}}}), "`sub`"),
            (json!({"act": {"sub": "a", "act": true}}), "`act` is not a JSON object"),
        ] {
            let error = act(&claims).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.to_string().contains(message), "{claims}: {error}");
        }
        let claims = json!({"may_act": 1});
        assert!(Actor::from_may_act(claims.as_object().unwrap()).is_err());
    }

    #[test]
    fn endless_actor_chain_is_rejected() {
        let chain = |length: usize| {
            (0..length).fold(json!({}), |inner, _| json!({"sub": "x", "act": inner}))
        };
        let actor = act(&chain(MAX_ACTORS)).unwrap().unwrap();
        assert_eq!(std::iter::successors(Some(&actor), |actor| actor.act()).count(), MAX_ACTORS);
        assert!(act(&chain(MAX_ACTORS + 1)).unwrap_err().to_string().contains("nested"));
    }

    #[test]
    fn debug_shows_no_name() {
        let actor = act(&json!({"act": {"sub": "jdoe", "email": "jdoe@example.com"}})).unwrap();
        assert!(!format!("{actor:?}").contains("jdoe"));
    }
}
