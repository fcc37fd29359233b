//! [`Token`]: what RFC 6749 §5.1 answers, as a value.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::jose::claims;
use crate::oauth2::UserInfo;
use crate::secret::Secret;

/// An access token with what came beside it (RFC 6749 §5.1).
///
/// It is not `Serialize`, so that it can't end in a page by accident: a store keeps a
/// [`StoredToken`](crate::store::StoredToken).
#[derive(Clone)]
#[non_exhaustive]
pub struct Token {
    /// The access token.
    pub access_token: Secret,
    /// `Bearer`, in this spelling however the provider wrote it, or `OAuth1`.
    pub token_type: String,
    /// When the access token expires; `None` when the provider didn't say.
    pub expires_at: Option<SystemTime>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The granted scope, blank-separated: what the provider said, or else what was asked for
    /// (RFC 6749 §5.1 lets the provider leave it out when both are equal).
    pub scope: Option<String>,
    /// The ID token as it was sent. Where it was verified, its claims are in
    /// [`userinfo`](Self::userinfo).
    pub id_token: Option<Secret>,
    /// The secret of an OAuth 1.0a token, by which requests are signed (RFC 5849 §2.3).
    pub token_secret: Option<Secret>,
    /// Who logged in: verified claims, set by a login only.
    pub(crate) claims: Option<UserInfo>,
    /// The members beside those above, as they were sent.
    pub(crate) extra: Map<String, Value>,
}

impl Token {
    /// A bearer token that never expires, for a token that comes from elsewhere.
    #[must_use]
    pub fn bearer(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_at: None,
            refresh_token: None,
            scope: None,
            id_token: None,
            token_secret: None,
            claims: None,
            extra: Map::new(),
        }
    }

    /// Whether the token expires within `leeway` of `now`. A token of unknown expiry does not.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime, leeway: Duration) -> bool {
        self.expires_at.is_some_and(|at| at.checked_sub(leeway).is_none_or(|at| at <= now))
    }

    /// A member of the token answer that has no field of its own, such as `instance_url`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if it is not a `T`.
    pub fn extra<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(&self.extra, name)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("token_type", &self.token_type)
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
