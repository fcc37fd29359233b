//! A client's settings, parsed and validated: [`ClientSettings`].

mod api;
mod client_auth;
mod oauth1;
mod provider;
mod refresh;
mod validate;

use std::time::Duration;

use url::Url;

pub(crate) use self::oauth1::{Method as OAuth1Method, OAuth1Settings};
pub(crate) use self::provider::metadata_url;
pub(crate) use self::refresh::RefreshPolicy;
pub use self::refresh::{Refresh, RefreshCallback};
use super::extensions::Extensions;
use crate::endpoint::Endpoints;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::{Algorithm, JwkSet};
use crate::oauth2::client_assertion::Signing;
use crate::oauth2::client_auth::Held;
use crate::oauth2::{AuthMethod, TokenLocation};
use crate::params::Params;
use crate::secret::Secret;

/// How the provider sends the authorization response (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0
/// Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMode {
    /// As a form that the browser posts.
    FormPost,
    /// In the query.
    Query,
}

impl ResponseMode {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FormPost => "form_post",
            Self::Query => "query",
        }
    }

    /// The mode of a registered name, if it is supported.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::FormPost, Self::Query].into_iter().find(|mode| mode.name() == name)
    }
}

/// A client's settings, parsed and validated.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// How the client signs assertions, if it has a key or a secret.
    pub(crate) signing: Option<Signing>,
    pub(crate) issuer: Option<String>,
    pub(crate) accepted_issuers: Vec<String>,
    pub(crate) metadata_url: Option<Url>,
    /// The configured endpoints; they win over those of the metadata.
    pub(crate) endpoints: Endpoints,
    pub(crate) jwks: Option<JwkSet>,
    pub(crate) api_base_url: Option<Url>,
    pub(crate) api_origins: Vec<Url>,
    pub(crate) token_location: TokenLocation,
    pub(crate) refresh: RefreshPolicy,
    pub(crate) timeout: Option<Duration>,
    is_interactive: bool,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) post_logout_redirect_uri: Option<String>,
    /// The configured scope, space-separated.
    pub(crate) scope: String,
    pub(crate) authorize_params: Params,
    pub(crate) access_token_params: Params,
    pub(crate) refresh_token_params: Params,
    pub(crate) auth_method: Option<AuthMethod>,
    introspection_auth_method: Option<AuthMethod>,
    revocation_auth_method: Option<AuthMethod>,
    pub(crate) raw_basic: bool,
    pub(crate) introspection_alg: Option<Algorithm>,
    pub(crate) response_mode: Option<ResponseMode>,
    pub(crate) id_token_alg: Option<Algorithm>,
    pub(crate) refresh_before_expiry: Duration,
    pub(crate) max_age: Option<Duration>,
    pub(crate) user_agent: Option<String>,
    pub(crate) fetch_userinfo: bool,
    pub(crate) subject_claim: Option<String>,
    pub(crate) skip_nonce: bool,
    pub(crate) skip_pkce: bool,
    pub(crate) extensions: Extensions,
    protocol: Protocol,
}

/// The protocol that a client speaks.
#[derive(Debug)]
enum Protocol {
    OAuth1(Box<OAuth1Settings>),
    OAuth2,
}

impl ClientSettings {
    /// Whether users log in with this client, in a browser.
    pub(crate) fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    /// Whether the configured scope makes a login an OpenID Connect one.
    pub(crate) fn asks_for_openid(&self) -> bool {
        is_openid(&self.scope)
    }

    /// The keys for ID tokens that are configured and need no request: `jwks`, or the client secret for
    /// HMAC.
    pub(crate) fn own_keys(&self) -> Option<JwkSet> {
        let hmac = self.id_token_alg.is_some_and(Algorithm::is_symmetric);
        let secret = self.client_secret.as_ref().filter(|_| hmac);
        self.jwks.clone().or_else(|| secret.map(JwkSet::of_secret))
    }

    /// Whether the provider's keys are needed: to verify ID tokens, if no keys are configured.
    pub(crate) fn needs_provider_keys(&self) -> bool {
        self.asks_for_openid() && self.own_keys().is_none()
    }

    /// The spellings of the issuer that the provider may use, the configured one first.
    pub(crate) fn issuers(&self) -> Vec<&str> {
        let others = self.accepted_issuers.iter().map(String::as_str);
        self.issuer.as_deref().into_iter().chain(others).collect()
    }

    /// Checks that users may log in with this client. One that gets tokens on its own behalf would replace a
    /// user's expired token with its own, and all its permissions.
    pub(crate) fn ensure_user_logins(&self) -> Result<()> {
        if !matches!(self.refresh, RefreshPolicy::Assertion(_) | RefreshPolicy::ClientCredentials) {
            return Ok(());
        }
        let check = "users cannot log in with this client: it gets tokens on its own behalf";
        Err(Error::new(ErrorKind::Config, check)
            .with_hint("register another client without `refresh_with` for logins"))
    }

    pub(crate) fn is_oauth1(&self) -> bool {
        matches!(self.protocol, Protocol::OAuth1(_))
    }

    /// The OAuth 1.0a settings, if the client speaks that protocol.
    pub(crate) fn oauth1(&self) -> Option<&OAuth1Settings> {
        match &self.protocol {
            Protocol::OAuth1(settings) => Some(settings),
            Protocol::OAuth2 => None,
        }
    }

    /// The member of the user info that identifies the user if there is no ID token.
    pub(crate) fn subject_claim(&self) -> &str {
        self.subject_claim.as_deref().unwrap_or("sub")
    }

    /// The credentials that the client can authenticate with.
    pub(crate) fn held(&self) -> Held {
        match (&self.signing, &self.client_secret) {
            (None, _) => Held::Nothing,
            (Some(_), Some(_)) => Held::Secret,
            (Some(_), None) => Held::PrivateKey,
        }
    }
}

/// Whether a scope makes a login an OpenID Connect one (OpenID Connect Core §3.1.2.1).
pub(crate) fn is_openid(scope: &str) -> bool {
    scope.split_ascii_whitespace().any(|scope| scope == "openid")
}
