//! [`TokenRow`], the row of a token store; [`TokenOwner`], its key; [`LoginQuery`], the lookups.

use std::time::Duration;

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

/// A token with what its row must hold besides: the lookup keys of a browser login, and a lifetime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRow {
    /// The key of the row.
    pub owner: TokenOwner,
    /// The token. [`StoredToken`](super::StoredToken) is its serialisable form.
    pub token: Token,
    /// The verified `iss` of a browser login.
    pub issuer: Option<String>,
    /// The `sub` of a browser login.
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
    /// A row without lookup keys that is kept until it is deleted.
    #[must_use]
    pub fn new(owner: TokenOwner, token: Token) -> Self {
        Self { owner, token, issuer: None, sub: None, sid: None, lifetime: None }
    }
}

/// A lookup of browser logins, for back-channel logout and for "log out everywhere".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginQuery {
    /// The logins of a user with one registered client; also for providers without an issuer.
    ClientSubject {
        /// The name under which the client is registered.
        client: String,
        /// The user's `sub`.
        sub: String,
    },
    /// The logins of a user with any client of an issuer.
    IssuerSubject {
        /// The verified `iss`.
        issuer: String,
        /// The user's `sub`.
        sub: String,
    },
    /// The logins of one session at the provider.
    Session {
        /// The verified `iss`.
        issuer: String,
        /// The session's `sid`.
        sid: String,
    },
}

impl LoginQuery {
    /// Whether the query selects the row: the semantics of
    /// [`find_logins`](super::TokenStore::find_logins).
    #[must_use]
    pub fn matches(&self, row: &TokenRow) -> bool {
        let is = |value: &Option<String>, expected: &String| value.as_ref() == Some(expected);
        match self {
            Self::ClientSubject { client, sub } => row.owner.client == *client && is(&row.sub, sub),
            Self::IssuerSubject { issuer, sub } => is(&row.issuer, issuer) && is(&row.sub, sub),
            Self::Session { issuer, sid } => is(&row.issuer, issuer) && is(&row.sid, sid),
        }
    }
}
