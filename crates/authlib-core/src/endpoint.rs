//! [`Endpoint`]: the endpoints of a provider, the key for settings, metadata, hooks and errors.

use std::collections::BTreeMap;

use url::Url;

/// An endpoint of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The authorization endpoint (RFC 6749 §3.1, RFC 5849 §2.2).
    Authorization,
    /// The backchannel authentication endpoint (OpenID Connect CIBA Core §7).
    BackchannelAuthentication,
    /// The device authorization endpoint (RFC 8628 §3.1).
    DeviceAuthorization,
    /// The list of the user's e-mail addresses, at providers whose user info has no verified one.
    Emails,
    /// The logout endpoint (OpenID Connect RP-Initiated Logout 1.0 §2).
    EndSession,
    /// The introspection endpoint (RFC 7662 §2).
    Introspection,
    /// The provider's JWK set (RFC 7517 §5).
    Jwks,
    /// The pushed authorization request endpoint (RFC 9126 §2).
    PushedAuthorization,
    /// The token endpoint for refresh requests (RFC 6749 §6), if it has a URL of its own.
    Refresh,
    /// The client registration endpoint (RFC 7591 §3).
    Registration,
    /// The endpoint for temporary credentials of OAuth 1.0a (RFC 5849 §2.1).
    RequestToken,
    /// The revocation endpoint (RFC 7009 §2).
    Revocation,
    /// The token endpoint (RFC 6749 §3.2, RFC 5849 §2.3).
    Token,
    /// The user info endpoint (OpenID Connect Core 1.0 §5.3).
    UserInfo,
}

impl Endpoint {
    /// The endpoints that a metadata document can have (RFC 8414 §2).
    pub(crate) const IN_METADATA: [Self; 11] = [
        Self::Authorization,
        Self::BackchannelAuthentication,
        Self::DeviceAuthorization,
        Self::EndSession,
        Self::Introspection,
        Self::Jwks,
        Self::PushedAuthorization,
        Self::Registration,
        Self::Revocation,
        Self::Token,
        Self::UserInfo,
    ];

    /// The member of the provider's metadata (RFC 8414 §2); the setting if there is no member.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::BackchannelAuthentication => "backchannel_authentication_endpoint",
            Self::DeviceAuthorization => "device_authorization_endpoint",
            Self::Emails => "emails_endpoint",
            Self::EndSession => "end_session_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Jwks => "jwks_uri",
            Self::PushedAuthorization => "pushed_authorization_request_endpoint",
            Self::Refresh | Self::Token => "token_endpoint",
            Self::Registration => "registration_endpoint",
            Self::RequestToken => "request_token_url",
            Self::Revocation => "revocation_endpoint",
            Self::UserInfo => "userinfo_endpoint",
        }
    }

    /// The setting that holds its URL.
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token_url",
            _ => self.name(),
        }
    }

    /// Its request, as errors and log events call it.
    pub(crate) fn request_name(self) -> &'static str {
        match self {
            Self::Authorization => "the authorization request",
            Self::BackchannelAuthentication => "the backchannel authentication request",
            Self::DeviceAuthorization => "the device authorization request",
            Self::Emails => "the request for e-mail addresses",
            Self::EndSession => "the logout request",
            Self::Introspection => "the introspection request",
            Self::Jwks => "the request for keys",
            Self::PushedAuthorization => "the pushed authorization request",
            Self::Refresh | Self::Token => "the token request",
            Self::Registration => "the client registration",
            Self::RequestToken => "the request for temporary credentials",
            Self::Revocation => "the revocation request",
            Self::UserInfo => "the user info request",
        }
    }

    /// The metadata member that lists its authentication methods. An endpoint without one has those of
    /// the token endpoint.
    pub(crate) fn auth_methods_member(self) -> Option<&'static str> {
        match self {
            Self::Introspection => Some("introspection_endpoint_auth_methods_supported"),
            Self::Revocation => Some("revocation_endpoint_auth_methods_supported"),
            Self::Token => Some("token_endpoint_auth_methods_supported"),
            _ => None,
        }
    }
}

/// The URLs of a provider's endpoints, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoints(BTreeMap<Endpoint, Url>);

impl Endpoints {
    pub(crate) fn get(&self, endpoint: Endpoint) -> Option<&Url> {
        self.0.get(&endpoint)
    }

    pub(crate) fn insert(&mut self, endpoint: Endpoint, url: Url) {
        self.0.insert(endpoint, url);
    }
}
