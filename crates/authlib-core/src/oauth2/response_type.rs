//! [`ResponseType`]: what the authorization response contains (OpenID Connect Core §3, OAuth 2.0 Multiple Response
//! Types §3 and §5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What the authorization response contains: a code, an ID token, an access token, or several of them.
///
/// [`Code`](Self::Code) is the default, and the only one that RFC 9700 §2.1.2 recommends: with the others, tokens
/// pass through the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResponseType {
    /// A code (RFC 6749 §4.1).
    #[default]
    #[serde(rename = "code")]
    Code,
    /// A code and an ID token (OpenID Connect Core §3.3).
    #[serde(rename = "code id_token")]
    CodeIdToken,
    /// A code, an ID token and an access token (OpenID Connect Core §3.3).
    #[serde(rename = "code id_token token")]
    CodeIdTokenToken,
    /// A code and an access token (OpenID Connect Core §3.3).
    #[serde(rename = "code token")]
    CodeToken,
    /// An ID token only (OpenID Connect Core §3.2).
    #[serde(rename = "id_token")]
    IdToken,
    /// An ID token and an access token (OpenID Connect Core §3.2).
    #[serde(rename = "id_token token")]
    IdTokenToken,
}

impl ResponseType {
    const ALL: [Self; 6] = [
        Self::Code,
        Self::CodeIdToken,
        Self::CodeIdTokenToken,
        Self::CodeToken,
        Self::IdToken,
        Self::IdTokenToken,
    ];

    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeIdToken => "code id_token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::CodeToken => "code token",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
        }
    }

    /// The type of a name, in which the words may have any order (OAuth 2.0 Multiple Response Types §3).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let words =
            |name: &str| -> BTreeSet<String> { name.split(' ').map(ToOwned::to_owned).collect() };
        Self::ALL.into_iter().find(|known| words(known.name()) == words(name))
    }

    /// Whether the response has a code.
    #[must_use]
    pub fn has_code(self) -> bool {
        !matches!(self, Self::IdToken | Self::IdTokenToken)
    }

    /// Whether the response has an ID token.
    #[must_use]
    pub fn has_id_token(self) -> bool {
        !matches!(self, Self::Code | Self::CodeToken)
    }

    /// Whether the response has an access token.
    #[must_use]
    pub fn has_token(self) -> bool {
        matches!(self, Self::CodeIdTokenToken | Self::CodeToken | Self::IdTokenToken)
    }

    pub(crate) fn is_code(&self) -> bool {
        *self == Self::Code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_response_type_have_any_order() {
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::from_name(known.name()), Some(known));
            let json = serde_json::to_string(&known).unwrap();
            assert_eq!(json, format!("{:?}", known.name()));
        }
        let hybrid = ResponseType::from_name("token id_token code").unwrap();
        assert_eq!(hybrid, ResponseType::CodeIdTokenToken);
        for other in ["token", "", "none", "code  token", "code code token x", "Code"] {
            assert_eq!(ResponseType::from_name(other), None, "{other}");
        }
    }
}
