//! [`TokenColumns`]: a token as the columns of an application's own table.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoredToken;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric_date::{from_unix_seconds, unix_seconds};
use crate::oauth2::Token;
use crate::oauth2::dpop::DpopKey;

/// A [`Token`] as separate columns, **with its secrets**, for an application that keeps tokens in a table of its own. Nothing is
/// lost in either direction; expiries are whole seconds.
///
/// With the two columns of the [`TokenOwner`](super::TokenOwner), a table is:
///
/// ```sql
/// CREATE TABLE user_token (
///     client TEXT NOT NULL,
///     user_id TEXT NOT NULL,       -- both compared byte by byte
///     token_type TEXT NOT NULL,
///     access_token TEXT NOT NULL,
///     token_secret TEXT,           -- OAuth 1.0a
///     dpop_key TEXT,               -- DPoP, a private key
///     refresh_token TEXT,
///     expires_at BIGINT,           -- seconds since 1970
///     scope TEXT,
///     id_token TEXT,
///     claims TEXT,                 -- JSON
///     extra TEXT,                  -- JSON
///     resource_tokens TEXT,        -- JSON, with secrets
///     PRIMARY KEY (client, user_id)
/// );
/// ```
///
/// ```
/// use authlib_core::Token;
/// use authlib_core::store::TokenColumns;
///
/// let columns = TokenColumns::from(&Token::bearer("at"));
/// assert_eq!((columns.token_type.as_str(), columns.access_token.as_str()), ("Bearer", "at"));
/// let token = columns.into_token()?;
/// assert_eq!(token.access_token.expose(), "at");
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "an application constructs it from its row")]
pub struct TokenColumns {
    /// [`Token::token_type`].
    pub token_type: String,
    /// The access token.
    pub access_token: String,
    /// The secret of an OAuth 1.0a token.
    pub token_secret: Option<String>,
    /// The private key that a DPoP token is bound to (RFC 9449), if it is not the client's.
    pub dpop_key: Option<String>,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// When the access token expires, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The granted scope, space-separated.
    pub scope: Option<String>,
    /// The ID token.
    pub id_token: Option<String>,
    /// The verified claims about the user of a login, as a JSON object.
    pub claims: Option<String>,
    /// The other members of the token response, as a JSON object; `None` if there are none.
    pub extra: Option<String>,
    /// The tokens for single resources ([`OAuth2Client::for_resource`](crate::OAuth2Client::for_resource)), as a JSON object with
    /// their secrets; `None` if there are none. Without the column, they are requested again by each process.
    pub resource_tokens: Option<String>,
}

impl From<&Token> for TokenColumns {
    fn from(token: &Token) -> Self {
        let text = |secret: &crate::secret::Secret| secret.expose().to_owned();
        Self {
            token_type: token.token_type.clone(),
            access_token: text(&token.access_token),
            token_secret: token.token_secret.as_ref().map(text),
            dpop_key: token.dpop_key.as_ref().map(|key| text(key.text())),
            refresh_token: token.refresh_token.as_ref().map(text),
            expires_at: token
                .expires_at
                .map(|at| i64::try_from(unix_seconds(at)).unwrap_or(i64::MAX)),
            scope: token.scope.clone(),
            id_token: token.id_token.as_ref().map(text),
            claims: token.claims.as_ref().and_then(json),
            resource_tokens: resource_tokens(token),
            extra: (!token.extra.is_empty()).then(|| json(&token.extra)).flatten(),
        }
    }
}

impl TokenColumns {
    /// The token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if `claims`, `extra` or `resource_tokens` is not a JSON object.
    pub fn into_token(self) -> Result<Token> {
        let mut token = Token::bearer(self.access_token);
        token.token_type = self.token_type;
        token.token_secret = self.token_secret.map(Into::into);
        token.dpop_key = self.dpop_key.map(|key| DpopKey::of_text(key.into()));
        token.refresh_token = self.refresh_token.map(Into::into);
        let seconds = self.expires_at.map(|at| u64::try_from(at).unwrap_or_default());
        token.expires_at = seconds.map(from_unix_seconds);
        token.scope = self.scope;
        token.id_token = self.id_token.map(Into::into);
        token.claims = self.claims.map(|text| read("claims", &text)).transpose()?;
        let resource_tokens = self.resource_tokens.map(|text| read("resource_tokens", &text));
        let resource_tokens: BTreeMap<String, StoredToken> =
            resource_tokens.transpose()?.unwrap_or_default();
        token.resource_tokens =
            resource_tokens.into_iter().map(|(name, token)| (name, token.into())).collect();
        token.extra = self.extra.map(|text| read("extra", &text)).transpose()?.unwrap_or_default();
        Ok(token)
    }
}

// Shows no secret.
debug_fields!(TokenColumns { token_type, expires_at, scope });

fn resource_tokens(token: &Token) -> Option<String> {
    let tokens = token.resource_tokens.iter();
    let tokens: BTreeMap<_, _> =
        tokens.map(|(name, token)| (name, StoredToken::from(token.clone()))).collect();
    (!tokens.is_empty()).then(|| json(&tokens)).flatten()
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn read<T: DeserializeOwned>(column: &str, text: &str) -> Result<T> {
    // The error of the parser would show parts of the text.
    serde_json::from_str(text).map_err(|_| {
        Error::new(
            ErrorKind::Store,
            format!("the column `{column}` of a token is not a JSON object"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) {
        let before: StoredToken = serde_json::from_str(json).unwrap();
        let columns = TokenColumns::from(&Token::from(before.clone()));
        let after = StoredToken::from(columns.into_token().unwrap());
        let [before, after] = [before, after].map(|token| serde_json::to_string(&token).unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn columns_lose_nothing() {
        check(r#"{"access_token":"at","token_type":"Bearer"}"#);
        check(
            r#"{"access_token":"at","token_type":"OAuth1","token_secret":"ts","extra":{"user_id":7}}"#,
        );
        check(r#"{"access_token":"at","token_type":"DPoP","dpop_key":"MDEC"}"#);
        check(
            r#"{"access_token":"at","token_type":"Bearer","refresh_token":"rt","resource_tokens":{
                "https://a.example/":{"access_token":"a","token_type":"Bearer","expires_at":2000000000}}}"#,
        );
        check(
            r#"{"access_token":"a ü","token_type":"Bearer","expires_at":2000000000,"refresh_token":"rt",
                "scope":"openid","id_token":"a.b.c","claims":{"iss":"i","sub":"s","n":7.777777777777777e87},
                "extra":{"nested":{"list":[1,"x",null]},"empty":""}}"#,
        );
    }

    #[test]
    fn malformed_column_is_named_without_its_content() {
        for (claims, extra) in [(Some("[\"secret\"]"), None), (None, Some("{\"secret"))] {
            let [claims, extra] = [claims, extra].map(|text| text.map(str::to_owned));
            let columns = TokenColumns { claims, extra, ..TokenColumns::from(&Token::bearer("a")) };
            assert!(!format!("{columns:?}").contains("secret"));
            let error = columns.into_token().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(!format!("{error:?} {}", error.report()).contains("secret"), "{error:?}");
        }
    }
}
