//! [`Token`]: a token response (RFC 6749 §5.1).

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims;
use crate::oauth2::UserInfo;
use crate::oauth2::dpop::DpopKey;
use crate::secret::Secret;

/// An access token with the other members of its response (RFC 6749 §5.1).
///
/// It does not implement `Serialize`, so that it isn't put into a response by accident: a store keeps a
/// [`StoredToken`](crate::store::StoredToken).
#[derive(Clone)]
#[non_exhaustive]
pub struct Token {
    /// The access token.
    pub access_token: Secret,
    /// `Bearer` or `DPoP` (RFC 9449 §5), in this spelling whatever the provider sent, `OAuth1`, or `N_A` (RFC 8693 §2.2.1).
    pub token_type: String,
    /// When the access token expires; `None` if the provider did not tell.
    pub expires_at: Option<SystemTime>,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The granted scope, space-separated: that of the response, or else the requested one (RFC 6749 §5.1
    /// allows the provider to omit it if both are equal).
    pub scope: Option<String>,
    /// The ID token, as it was sent. If it was verified, [`userinfo`](Self::userinfo) has its claims.
    pub id_token: Option<Secret>,
    /// The secret of an OAuth 1.0a token, which signs requests (RFC 5849 §2.3).
    pub token_secret: Option<Secret>,
    /// When the token was last refreshed, by the clock of this system; `None` if it was not.
    pub refreshed_at: Option<SystemTime>,
    /// The private key that the token is bound to, if it is not the client's (RFC 9449).
    pub(crate) dpop_key: Option<DpopKey>,
    /// The verified claims about the user, set by a login only.
    pub(crate) claims: Option<UserInfo>,
    /// The tokens for single resources (RFC 8707), which came with the same refresh token.
    pub(crate) resource_tokens: BTreeMap<String, Self>,
    /// The other members, as they were sent.
    pub(crate) extra: Map<String, Value>,
}

impl Token {
    /// A bearer token from another source, without an expiry.
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
            refreshed_at: None,
            dpop_key: None,
            claims: None,
            resource_tokens: BTreeMap::new(),
            extra: Map::new(),
        }
    }

    /// Whether the token expires within `leeway` of `now`. A token without an expiry never does.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime, leeway: Duration) -> bool {
        self.expires_at.is_some_and(|at| at.checked_sub(leeway).is_none_or(|at| at <= now))
    }

    /// Another member of the token response, such as `instance_url`. An integer of any length is also a
    /// `String` of its digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if it is not a `T`.
    pub fn extra<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        claims::get(&self.extra, name)
    }

    /// The user who logged in: the claims of the verified ID token, and of the user info about the same
    /// user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if the token does not come from a login that identified the user.
    pub fn userinfo(&self) -> Result<&UserInfo> {
        self.claims.as_ref().ok_or_else(no_userinfo)
    }
}

/// The error of a user without claims.
pub(crate) fn no_userinfo() -> Error {
    let check = "the token has no user information: there was no verified ID token, and no user info was fetched";
    Error::new(ErrorKind::Unauthenticated, check).with_hint(
        "request the scope `openid`, or set `userinfo_endpoint` for a provider without OpenID \
         Connect",
    )
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
