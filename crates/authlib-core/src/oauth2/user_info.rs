//! [`UserInfo`]: the claims of OpenID Connect Core 1.0 §5.1 about a user.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::jose::claims;

/// Claims about the user: the standard claims of OpenID Connect Core §5.1 by name, all others by
/// [`get`](Self::get).
///
/// **Identify users by [`sub`](Self::sub) together with the issuer only.** Names and e-mail addresses can
/// be reassigned (Core §5.7).
///
/// Cheap to clone: clones share the claims.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo(Arc<Map<String, Value>>);

/// The `address` claim (OpenID Connect Core §5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Address {
    /// The full address, lines separated by newlines.
    pub formatted: Option<String>,
    /// Street, house number and the like.
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
        Self(Arc::new(claims))
    }

    pub(crate) fn insert(&mut self, name: &str, value: Value) {
        Arc::make_mut(&mut self.0).insert(name.to_owned(), value);
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        Arc::unwrap_or_clone(self.0)
    }

    /// The user's id at this issuer. Compare it byte by byte.
    #[must_use]
    pub fn sub(&self) -> &str {
        self.0.get("sub").and_then(Value::as_str).unwrap_or_default()
    }

    text_claims! {
        /// The `iss` of the verified ID token, or the configured issuer if that is another spelling of it.
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
        /// User name, for display: it is not unique and can change.
        preferred_username
        /// URL of the profile page.
        profile
        /// URL of the profile picture.
        picture
        /// URL of the user's website.
        website
        /// E-mail address. It can be reassigned, and is unverified unless
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

    /// Whether the provider verified that the e-mail address belonged to the user. Apple and Cognito send it
    /// as a string.
    #[must_use]
    pub fn email_verified(&self) -> bool {
        self.flag("email_verified")
    }

    /// Whether the provider verified the telephone number.
    #[must_use]
    pub fn phone_number_verified(&self) -> bool {
        self.flag("phone_number_verified")
    }

    /// The postal address.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        Address::deserialize(self.0.get("address")?).ok()
    }

    /// Any claim, as the caller's own type. An integer of any length is also a `String` of its digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the claim is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(&self.0, name)
    }

    /// All claims as JSON.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }
}

impl Serialize for UserInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.as_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UserInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data stays out of logs.
        f.debug_struct("UserInfo").field("sub", &self.sub()).finish_non_exhaustive()
    }
}
