//! [`StoredToken`]: the serialisable form of a token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::numeric_date::{from_unix_seconds, unix_seconds};
use crate::oauth2::dpop::DpopKey;
use crate::oauth2::{Token, UserInfo};
use crate::secret::{Secret, exposed, exposed_option};

/// A [`Token`] in serialisable form, **with its secrets**. Write it only to storage that is private to the
/// application.
///
/// ```
/// use authlib_core::Token;
/// use authlib_core::store::StoredToken;
///
/// let json = serde_json::to_string(&StoredToken::from(Token::bearer("at")))?;
/// let token = Token::from(serde_json::from_str::<StoredToken>(&json)?);
/// assert_eq!(token.access_token.expose(), "at");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredToken {
    #[serde(with = "exposed")]
    access_token: Secret,
    token_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    id_token: Option<Secret>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    token_secret: Option<Secret>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refreshed_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<UserInfo>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    resource_tokens: BTreeMap<String, Self>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    extra: Map<String, Value>,
}

impl From<Token> for StoredToken {
    fn from(token: Token) -> Self {
        Self {
            access_token: token.access_token,
            token_type: token.token_type,
            expires_at: token.expires_at.map(unix_seconds),
            refresh_token: token.refresh_token,
            scope: token.scope,
            id_token: token.id_token,
            token_secret: token.token_secret,
            dpop_key: token.dpop_key.map(|key| key.text().clone()),
            refreshed_at: token.refreshed_at.map(unix_seconds),
            claims: token.claims,
            resource_tokens: token
                .resource_tokens
                .into_iter()
                .map(|(resource, token)| (resource, token.into()))
                .collect(),
            extra: token.extra,
        }
    }
}

impl From<StoredToken> for Token {
    fn from(stored: StoredToken) -> Self {
        Self {
            access_token: stored.access_token,
            token_type: stored.token_type,
            expires_at: stored.expires_at.map(from_unix_seconds),
            refresh_token: stored.refresh_token,
            scope: stored.scope,
            id_token: stored.id_token,
            token_secret: stored.token_secret,
            dpop_key: stored.dpop_key.map(DpopKey::of_text),
            refreshed_at: stored.refreshed_at.map(from_unix_seconds),
            claims: stored.claims,
            resource_tokens: stored
                .resource_tokens
                .into_iter()
                .map(|(resource, token)| (resource, token.into()))
                .collect(),
            extra: stored.extra,
        }
    }
}

debug_fields!(StoredToken {});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::strict_json;

    /// Fractions too, to the last bit.
    #[test]
    fn numbers_survive_storage() {
        for number in ["7.777777777777777e87", "0.1", "1.7976931348623157e308", "5e-324"] {
            let json =
                format!(r#"{{"access_token":"a","token_type":"Bearer","extra":{{"n":{number}}}}}"#);
            let stored: StoredToken = serde_json::from_str(&json).unwrap();
            assert_eq!(
                stored.extra["n"].as_f64().unwrap().to_bits(),
                number.parse::<f64>().unwrap().to_bits()
            );
            let again: StoredToken =
                serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
            assert_eq!(again.extra, stored.extra);
        }
    }

    #[test]
    fn large_integers_survive_storage() {
        let members = strict_json::object(br#"{"sub":"1","id":100000000000000000001}"#).unwrap();
        let mut token = Token::bearer("at");
        token.extra.clone_from(&members);
        token.claims = Some(UserInfo::new(members));
        let json = serde_json::to_string(&StoredToken::from(token.clone())).unwrap();
        let stored = Token::from(serde_json::from_str::<StoredToken>(&json).unwrap());
        assert_eq!(stored.extra, token.extra);
        assert_eq!(stored.claims, token.claims);
        let id = stored.userinfo().unwrap().get::<String>("id").unwrap();
        assert_eq!(id.as_deref(), Some("100000000000000000001"));
        assert_eq!(stored.extra::<u128>("id").unwrap(), Some(100_000_000_000_000_000_001));
    }
}
