//! [`Endpoint`]: the endpoints of the provider.

/// An endpoint of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The protected API under `/api/`.
    Api,
    /// `/authorize`.
    Authorize,
    /// `/backchannel_authentication`.
    BackchannelAuthentication,
    /// `/claims`, a source of distributed claims.
    Claims,
    /// `/device`, the verification page for devices.
    Device,
    /// `/device_authorization`.
    DeviceAuthorization,
    /// The discovery document.
    Discovery,
    /// `/end_session`.
    EndSession,
    /// `/introspect`.
    Introspect,
    /// `/jwks`.
    Jwks,
    /// `/oauth1/access_token`.
    OAuth1AccessToken,
    /// The API for signed requests under `/oauth1/api/`.
    OAuth1Api,
    /// `/oauth1/authorize`.
    OAuth1Authorize,
    /// `/oauth1/request_token`.
    OAuth1RequestToken,
    /// `/par`, the pushed authorization request endpoint.
    PushedAuthorization,
    /// `/register`, and the client configuration endpoints below it.
    Register,
    /// `/revoke`.
    Revoke,
    /// `/token`.
    Token,
    /// A host or path that the provider does not have. A client that follows a redirect or a metadata member
    /// there is recorded here.
    Unmatched,
    /// `/userinfo`.
    UserInfo,
    /// `/.well-known/webfinger` of the issuer's host.
    WebFinger,
}
