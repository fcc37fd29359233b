//! [`Refresh`]: how an expired access token is refreshed.

use std::future::Future;
use std::sync::Arc;

use crate::error::Result;
use crate::oauth2::{JwtBearer, Token};
use crate::transport::BoxFuture;

/// How an expired token is refreshed, and how a program without a browser gets its first one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refresh {
    /// With a new JWT assertion (RFC 7523 §2.1). A [`JwtBearer`] converts to it.
    Assertion(Box<JwtBearer>),
    /// By a function of the application; see [`callback`](Self::callback).
    Callback(RefreshCallback),
    /// With the client credentials grant (RFC 6749 §4.4). Users can't log in with such a client: their
    /// tokens would become the client's own.
    ClientCredentials,
    /// Never: an expired token is an error.
    Off,
    /// With its refresh token (RFC 6749 §6).
    #[default]
    RefreshToken,
}

/// A function of the application that fetches tokens.
#[derive(Clone)]
pub struct RefreshCallback(RefreshFn);

type RefreshFn = Arc<dyn Fn(Option<Token>) -> BoxFuture<'static, Result<Token>> + Send + Sync>;

impl Refresh {
    /// Calls `refresh` with the expired token, or with `None` to get the first one.
    pub fn callback<F>(refresh: impl Fn(Option<Token>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Token>> + Send + 'static,
    {
        Self::Callback(RefreshCallback(Arc::new(move |expired| Box::pin(refresh(expired)))))
    }

    /// The value of this name in files and the environment.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "client_credentials" => Some(Self::ClientCredentials),
            "off" => Some(Self::Off),
            "refresh_token" => Some(Self::RefreshToken),
            _ => None,
        }
    }

    /// Whether the application gets tokens by its own means, for which it may need no registration
    /// (RFC 7521 §4.1).
    pub(super) fn is_custom(&self) -> bool {
        matches!(self, Self::Assertion(_) | Self::Callback(_))
    }
}

impl RefreshCallback {
    pub(crate) fn call(&self, expired: Option<Token>) -> BoxFuture<'static, Result<Token>> {
        (self.0)(expired)
    }
}

impl From<JwtBearer> for Refresh {
    fn from(bearer: JwtBearer) -> Self {
        Self::Assertion(Box::new(bearer))
    }
}

/// The same function, not one that does the same.
impl PartialEq for RefreshCallback {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for RefreshCallback {}

debug_fields!(RefreshCallback {});
