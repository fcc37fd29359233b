//! JSON Web Token claims, RFC 7519 §4: [`Claims`] with strict types, and the rules about time.

use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::exact_integers::{is_large_integer, name_of};
use super::strict_json;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric_date::from_unix_seconds;

/// A JSON object in which a claim of the wrong type is an error, never an absent claim.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Map<String, Value>);

/// Why claims were rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    #[error("the claims are not a JSON object, or repeat a name (RFC 7519 §4)")]
    Json(#[source] serde_json::Error),
    #[error("`{0}` is missing or empty")]
    Missing(&'static str),
    #[error("`{0}` has the wrong type (RFC 7519 §4.1)")]
    Type(&'static str),
    /// The seconds since then.
    #[error("the token expired {0} seconds ago (`exp`, RFC 7519 §4.1.4)")]
    Expired(u64),
    /// The seconds until then.
    #[error("`{0}` is {1} seconds in the future (RFC 7519 §4.1)")]
    Early(&'static str, u64),
}

impl Claims {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ClaimError> {
        strict_json::object(bytes).map(Self).map_err(ClaimError::Json)
    }

    pub(crate) fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    pub(crate) fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Makes integers under these names strings of their digits.
    pub(crate) fn read_integers_as_names(&mut self, names: &[&str]) {
        for name in names {
            if let Some(value) = self.0.get_mut(*name)
                && let Some(digits) = name_of(value)
            {
                *value = Value::String(digits.into_owned());
            }
        }
    }

    pub(crate) fn set_text(&mut self, name: &str, text: String) {
        self.0.insert(name.to_owned(), Value::String(text));
    }

    pub(crate) fn remove(&mut self, names: &[&str]) {
        self.0.retain(|name, _| !names.contains(&name.as_str()));
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, ClaimError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ClaimError::Type(name)),
        }
    }

    pub(crate) fn required_text(&self, name: &'static str) -> Result<&str, ClaimError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(ClaimError::Missing(name))
    }

    /// A `NumericDate` (RFC 7519 §2); fractions are truncated.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<SystemTime>, ClaimError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let seconds = match value {
            Value::Number(number) => match number.as_u64() {
                Some(seconds) => return Ok(Some(from_unix_seconds(seconds))),
                None => number.as_f64(),
            },
            // The strict reader made it a string.
            Value::String(text) if is_large_integer(text.as_bytes()) => text.parse().ok(),
            _ => None,
        };
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let seconds = seconds.ok_or(ClaimError::Type(name))?;
        // Times after the year 9999 need not differ.
        let whole = Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |since| since.as_secs());
        Ok(Some(from_unix_seconds(whole)))
    }

    pub(crate) fn required_time(&self, name: &'static str) -> Result<SystemTime, ClaimError> {
        self.time(name)?.ok_or(ClaimError::Missing(name))
    }

    /// `aud`: a string or a list of strings (RFC 7519 §4.1.3).
    pub(crate) fn audience(&self) -> Result<Vec<&str>, ClaimError> {
        Ok(self.audience_values()?.iter().filter_map(Value::as_str).collect())
    }

    /// Whether `aud` names this recipient.
    pub(crate) fn is_for(&self, recipient: &str) -> Result<bool, ClaimError> {
        Ok(self.audience_values()?.iter().any(|one| one == recipient))
    }

    /// Whether `aud` names nobody but this recipient.
    pub(crate) fn is_only_for(&self, recipient: &str) -> Result<bool, ClaimError> {
        Ok(self.audience_values()?.iter().all(|one| one == recipient))
    }

    /// The strings of `aud`.
    fn audience_values(&self) -> Result<&[Value], ClaimError> {
        let values = match self.0.get("aud") {
            None => return Err(ClaimError::Missing("aud")),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if values.iter().all(Value::is_string) { Ok(values) } else { Err(ClaimError::Type("aud")) }
    }
}

/// A member as the caller's own type; `None` if it is absent. An integer is also a string of its digits, so
/// that an id is read exactly whatever its length.
pub(crate) fn get<T: DeserializeOwned>(map: &Map<String, Value>, name: &str) -> Result<Option<T>> {
    let Some(value) = map.get(name) else {
        return Ok(None);
    };
    let value = T::deserialize(value).ok().or_else(|| match value {
        Value::Number(_) => T::deserialize(Value::from(name_of(value)?)).ok(),
        // The strict reader made it a string.
        Value::String(text) if is_large_integer(text.as_bytes()) => serde_json::from_str(text).ok(),
        _ => None,
    });
    value.map(Some).ok_or_else(|| {
        let check = format!("`{name}` has a different type than requested");
        Error::new(ErrorKind::InvalidResponse, check)
    })
}

/// `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6), if present, with `leeway` for
/// clock differences.
pub(crate) fn check_times(
    claims: &Claims,
    now: SystemTime,
    leeway: Duration,
) -> Result<(), ClaimError> {
    let later = now.checked_add(leeway).unwrap_or(now);
    if let Some(exp) = claims.time("exp")?
        && exp.checked_add(leeway).is_some_and(|last| last <= now)
    {
        let since = now.duration_since(exp).unwrap_or_default();
        return Err(ClaimError::Expired(since.as_secs()));
    }
    for name in ["nbf", "iat"] {
        if let Some(time) = claims.time(name)?.filter(|time| *time > later) {
            let until = time.duration_since(now).unwrap_or_default();
            return Err(ClaimError::Early(name, until.as_secs()));
        }
    }
    Ok(())
}
