//! [`TokenRow`], the row of a token store; [`TokenOwner`], its key; [`LoginQuery`], the lookups.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::oauth2::Token;

/// The key of a token: a registered client's name, and the application's id of the user.
///
/// A browser login keeps its token under a random id of its own, so that two browsers of one user neither
/// overwrite nor log out each other.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenOwner {
    /// The name under which the client is registered.
    pub client: String,
    /// The application's id of the user, or the random id of a browser login.
    pub user: String,
}

impl TokenOwner {
    /// The owner of `user`'s token at `client`.
    pub fn new(client: impl Into<String>, user: impl Into<String>) -> Self {
        Self { client: client.into(), user: user.into() }
    }
}

// The id of a login gives access to its token in the store; the log needs the client only.
debug_fields!(TokenOwner { client });

/// A token with what its row must hold besides: its use, the lookup keys, and a lifetime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRow {
    /// The key of the row.
    pub owner: TokenOwner,
    /// The token. [`StoredToken`](super::StoredToken) is its serialisable form.
    pub token: Token,
    /// Whether the row is one browser login, which is in effect as long as the row is there. Otherwise it is the
    /// token of a user of the application, which outlives logins.
    pub is_login: bool,
    /// The verified `iss` of the account at the provider.
    pub issuer: Option<String>,
    /// The `sub` of the account at the provider.
    pub sub: Option<String>,
    /// The `sid` of a browser login's ID token, which a logout token names (OpenID Connect Back-Channel
    /// Logout 1.0 §2.4).
    pub sid: Option<String>,
    /// How long the row is kept after the last [`save`](super::TokenStore::save) or
    /// [`replace`](super::TokenStore::replace); `None` keeps it until it is deleted. The rows of browser
    /// logins have one, because most users close the browser without logging out.
    pub lifetime: Option<Duration>,
}

impl TokenRow {
    /// The token of a user of the application, without lookup keys, that is kept until it is deleted.
    #[must_use]
    pub fn new(owner: TokenOwner, token: Token) -> Self {
        Self { owner, token, is_login: false, issuer: None, sub: None, sid: None, lifetime: None }
    }
}

/// A row that [`find_rows`](super::TokenStore::find_rows) found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRow {
    /// The key of the row.
    pub owner: TokenOwner,
    /// [`TokenRow::is_login`].
    pub is_login: bool,
}

impl FoundRow {
    /// A row that was found.
    #[must_use]
    pub fn new(owner: TokenOwner, is_login: bool) -> Self {
        Self { owner, is_login }
    }
}

/// A selection of logins and rows by the account at the provider, for back-channel logout, for "log out
/// everywhere", and to find out where an account is in use.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginQuery {
    /// Those of a user with one registered client; also for providers without an issuer.
    ClientSubject {
        /// The name under which the client is registered.
        client: String,
        /// The user's `sub`.
        sub: String,
    },
    /// Those of a user with any client of an issuer.
    IssuerSubject {
        /// The verified `iss`.
        issuer: String,
        /// The user's `sub`.
        sub: String,
    },
    /// One login.
    Login {
        /// The name under which the client is registered.
        client: String,
        /// The random id of the login.
        id: String,
    },
    /// The rows with one refresh token, which must not be used by two. Some providers return the same one for each
    /// login of a user.
    RefreshToken {
        /// The name under which the client is registered.
        client: String,
        /// [`LoginQuery::fingerprint`] of a token with this refresh token.
        fingerprint: String,
    },
    /// Those of one session at the provider.
    Session {
        /// The verified `iss`.
        issuer: String,
        /// The session's `sid`.
        sid: String,
    },
}

// The ids of users and logins are not shown.
impl fmt::Debug for LoginQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, field, value) = match self {
            Self::ClientSubject { client, .. } => ("ClientSubject", "client", client),
            Self::IssuerSubject { issuer, .. } => ("IssuerSubject", "issuer", issuer),
            Self::Login { client, .. } => ("Login", "client", client),
            Self::RefreshToken { client, .. } => ("RefreshToken", "client", client),
            Self::Session { issuer, .. } => ("Session", "issuer", issuer),
        };
        f.debug_struct(name).field(field, value).finish_non_exhaustive()
    }
}

impl LoginQuery {
    /// Whether the query selects the row: the semantics of
    /// [`find_rows`](super::TokenStore::find_rows).
    #[must_use]
    pub fn matches(&self, row: &TokenRow) -> bool {
        let is = |value: &Option<String>, expected: &String| value.as_ref() == Some(expected);
        match self {
            Self::ClientSubject { client, sub } => row.owner.client == *client && is(&row.sub, sub),
            Self::IssuerSubject { issuer, sub } => is(&row.issuer, issuer) && is(&row.sub, sub),
            Self::Login { client, id } => {
                row.is_login && row.owner.client == *client && row.owner.user == *id
            }
            Self::RefreshToken { client, fingerprint } => {
                row.owner.client == *client
                    && is(&Self::fingerprint(client, &row.token), fingerprint)
            }
            Self::Session { issuer, sid } => is(&row.issuer, issuer) && is(&row.sid, sid),
        }
    }

    /// SHA-256 of a client and the refresh token of `token`, as base64url: the column by which a store finds
    /// [`RefreshToken`](Self::RefreshToken). `None` if there is no refresh token.
    ///
    /// It can't be guessed from: a refresh token is random (RFC 6749 §10.10).
    #[must_use]
    pub fn fingerprint(client: &str, token: &Token) -> Option<String> {
        let refresh_token = token.refresh_token.as_ref()?;
        let hash =
            crate::crypto::sha256_of_texts(&["refresh token", client, refresh_token.expose()]);
        Some(URL_SAFE_NO_PAD.encode(hash))
    }

    /// A short text that is different for each query: the key under which a store keeps
    /// [ended logins](super::TokenStore::end_logins). It has letters, digits, `-` and `_`, and contains no
    /// identifier of the user.
    #[must_use]
    pub fn key(&self) -> String {
        let (kind, of, id) = match self {
            Self::ClientSubject { client, sub } => ("client", client, sub),
            Self::IssuerSubject { issuer, sub } => ("issuer", issuer, sub),
            Self::Login { client, id } => ("login", client, id),
            Self::RefreshToken { client, fingerprint } => ("refresh", client, fingerprint),
            Self::Session { issuer, sid } => ("session", issuer, sid),
        };
        // With the length, two different pairs are never the same text.
        let text = format!("{kind} {} {of} {id}", of.len());
        URL_SAFE_NO_PAD.encode(crate::crypto::sha256(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_queries_differ() {
        let query = |issuer: &str, id: &str| {
            let (issuer, id) = (issuer.to_owned(), id.to_owned());
            [
                LoginQuery::ClientSubject { client: issuer.clone(), sub: id.clone() },
                LoginQuery::IssuerSubject { issuer: issuer.clone(), sub: id.clone() },
                LoginQuery::Login { client: issuer.clone(), id: id.clone() },
                LoginQuery::Session { issuer: issuer.clone(), sid: id.clone() },
                LoginQuery::RefreshToken { client: issuer, fingerprint: id },
            ]
        };
        let pairs = [("a", "b"), ("a", "c"), ("ab", ""), ("", "ab"), ("a b", "c"), ("a", "b c")];
        let queries = pairs.iter().flat_map(|(issuer, id)| query(issuer, id));
        let keys: std::collections::HashSet<_> = queries.map(|query| query.key()).collect();
        assert_eq!(keys.len(), pairs.len() * 5);
        assert!(keys.iter().all(|key| key.len() == 43));
    }

    #[test]
    fn fingerprints_differ_by_client_and_refresh_token() {
        let token = |refresh_token: &str| Token {
            refresh_token: Some(refresh_token.into()),
            ..Token::bearer("at")
        };
        let of = |client: &str, text: &str| LoginQuery::fingerprint(client, &token(text)).unwrap();
        assert_eq!(of("a", "rt"), of("a", "rt"));
        let all = [of("a", "rt"), of("b", "rt"), of("a", "rs"), of("a b", "c"), of("a", "b c")];
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        assert_eq!(LoginQuery::fingerprint("a", &Token::bearer("at")), None);
        let query = LoginQuery::RefreshToken { client: "a".to_owned(), fingerprint: of("a", "rt") };
        let row = |client: &str, text| TokenRow::new(TokenOwner::new(client, "u"), token(text));
        assert!(query.matches(&row("a", "rt")));
        assert!(!query.matches(&row("b", "rt")) && !query.matches(&row("a", "rs")));
    }
}
