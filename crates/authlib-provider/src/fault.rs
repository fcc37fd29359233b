//! [`Fault`]: faults that a test injects into the provider's responses.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::reply::Reply;
use crate::request::Fields;

/// A fault that a test injects with [`Provider::inject`](crate::Provider::inject). Several can be active at once.
/// The faults of ID tokens also apply to JWT introspection responses (RFC 9701).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The API accepts only tokens of a login with one of these authentication context classes, space-separated (RFC 9470).
    /// The provider uses the first one that a login requests.
    ApiNeedsAcr(String),
    /// The API accepts only tokens of users who authenticated at most this many seconds ago (RFC 9470).
    ApiNeedsMaxAge(u64),
    /// The API accepts only tokens for this resource (RFC 8707).
    ApiNeedsResource(String),
    /// The API accepts only tokens with this scope, space-separated (RFC 6750 §3.1).
    ApiNeedsScope(String),
    /// The authorization response is this error, with this description, whatever the user decided.
    AuthorizationError(String, String),
    /// Removes a parameter of the authorization response.
    AuthorizationMissing(String),
    /// Sets a parameter of the authorization response.
    AuthorizationParam(String, String),
    /// Repeats a parameter of the authorization response with this value.
    AuthorizationTwice(String, String),
    /// The authorization response has plain parameters although a JWT was requested (JARM).
    AuthorizationPlain,
    /// These faults of ID tokens apply to the JWT of the authorization response (JARM).
    AuthorizationSigned(Vec<Self>),
    /// Sets a member of the backchannel authentication response; null removes it. What the provider enforces does not
    /// change.
    Backchannel(String, Value),
    /// Encrypted messages are damaged.
    BadEncryption,
    /// The signature of the ID token is that of another token.
    BadSignature,
    /// The secret of every client that has one is this: it was replaced.
    ClientSecret(String),
    /// Sets a claim of the ID token.
    Claim(String, Value),
    /// Removes a claim of the ID token.
    ClaimMissing(String),
    /// Sets a time claim of the ID token to this many seconds from now.
    ClaimTime(String, i64),
    /// Repeats a claim of the ID token with this value.
    ClaimTwice(String, Value),
    /// Sets a member of the device authorization response; null removes it. What the provider enforces does not
    /// change.
    Device(String, Value),
    /// The user info refers to distributed claims at `/claims` (OpenID Connect Core §5.6.2), to which
    /// these faults of ID tokens apply.
    DistributedClaims(Vec<Self>),
    /// DPoP proofs need the nonce of the server (RFC 9449 §8, §9).
    DpopNonce,
    /// No nonce of a DPoP proof is accepted.
    DpopNonceNeverAccepted,
    /// The DPoP scheme of challenges, for example in another letter case.
    DpopScheme(String),
    /// Encrypted messages contain this text instead of a signed JWT.
    EncryptedContent(String),
    /// Sets a member of the header of encrypted messages; null removes it.
    EncryptionHeader(String, Value),
    /// The ID token is signed with an attacker's key, which its header offers as `jwk`.
    EmbeddedJwk,
    /// The ID token is signed with another key that has the same `kid`.
    ForeignKey,
    /// The server holds the responses of an endpoint back while this fault is injected. The requests are carried out.
    Held(Endpoint),
    /// Sets a claim of the ID token in the authorization response, and of no other; null removes it.
    FrontChannelClaim(String, Value),
    /// Sets a member of the ID token's header; null removes it.
    Header(String, Value),
    /// The ID token is signed with HS256, and the secret is the public RSA key as PEM (algorithm confusion, RFC 8725
    /// §2.1). For other keys, the secret is the text of the JWK.
    HmacWithPublicKey,
    /// Sets a member of the introspection response, JWT or not; null removes it.
    Introspection(String, Value),
    /// The introspection response is JSON even if a JWT was requested.
    IntrospectionPlain,
    /// The JWK set also contains keys with unknown types, curves and uses.
    JwksExotic,
    /// The keys of the JWK set and the tokens have no `kid`.
    JwksWithoutKid,
    /// Sets a member of the discovery document; null removes it.
    Metadata(String, Value),
    /// The discovery document has different paths, and only those work.
    MovedPaths,
    /// The token response has no ID token.
    NoIdToken,
    /// Nothing is encrypted, although the client has registered a key.
    NotEncrypted,
    /// A refresh response has no new refresh token; the old one stays valid.
    NoRotation,
    /// The callback after a denied OAuth 1.0a request has `denied=TOKEN`, as at Twitter, instead of a problem.
    OAuth1Denied,
    /// OAuth 1.0a credentials are JSON instead of a form.
    OAuth1Json,
    /// Sets (or removes, with `None`) a parameter of responses with OAuth 1.0a credentials.
    OAuth1Param(String, Option<String>),
    /// Repeats a parameter of responses with OAuth 1.0a credentials with this value.
    OAuth1ParamTwice(String, String),
    /// Sets a member of the ping of a backchannel login; null removes it.
    Ping(String, Value),
    /// The ping of a backchannel login has this bearer token.
    PingToken(String),
    /// PKCE is not checked.
    PkceIgnored,
    /// Sets a member of the response to a pushed authorization request; null removes it.
    PushedAuthorization(String, Value),
    /// Every refresh is rejected with `invalid_grant`.
    RefreshRefused,
    /// Sets a claim of refreshed ID tokens.
    RefreshedClaim(String, Value),
    /// An endpoint gives this response instead.
    Response(Endpoint, Reply),
    /// The next request to an endpoint is carried out, but its response is lost: the connection is reset. Applies
    /// once per injection.
    ResponseLost(Endpoint),
    /// The signing key is rotated between the JWK set response and the signature.
    RotateBeforeSigning,
    /// The ID token is signed with this algorithm, which the metadata does not list.
    SignedBy(String),
    /// Sets a member of the token response; null stays null.
    Token(String, Value),
    /// The token response is a form instead of JSON, as some providers send by default.
    TokenForm,
    /// Removes a member of the token response.
    TokenMissing(String),
    /// The ID token has this `alg` and no signature.
    Unsigned(String),
    /// Sets a member of the user info response.
    UserInfo(String, Value),
    /// Removes a member of the user info response.
    UserInfoMissing(String),
    /// The user info is a JWT (OpenID Connect Core §5.3.2), to which these faults of ID tokens apply.
    UserInfoSigned(Vec<Self>),
}

impl Fault {
    /// Applies the injected faults to the parameters of an authorization response.
    pub(crate) fn alter_authorization_response(faults: &[Self], fields: &mut Fields) {
        for fault in faults {
            match fault {
                Self::AuthorizationMissing(name) => fields.retain(|(known, _)| known != name),
                Self::AuthorizationParam(name, value) => {
                    fields.retain(|(known, _)| known != name);
                    fields.push((name.clone(), value.clone()));
                }
                Self::AuthorizationTwice(name, value) => fields.push((name.clone(), value.clone())),
                _ => {}
            }
        }
    }

    /// Shorthand for [`Fault::Claim`].
    pub fn claim(name: &str, value: impl Into<Value>) -> Self {
        Self::Claim(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::ClaimMissing`].
    #[must_use]
    pub fn without_claim(name: &str) -> Self {
        Self::ClaimMissing(name.to_owned())
    }

    /// Shorthand for [`Fault::FrontChannelClaim`].
    pub fn front_channel_claim(name: &str, value: impl Into<Value>) -> Self {
        Self::FrontChannelClaim(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::Header`].
    pub fn header(name: &str, value: impl Into<Value>) -> Self {
        Self::Header(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::Introspection`].
    pub fn introspection(name: &str, value: impl Into<Value>) -> Self {
        Self::Introspection(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::Metadata`].
    pub fn metadata(name: &str, value: impl Into<Value>) -> Self {
        Self::Metadata(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::PushedAuthorization`].
    pub fn pushed_authorization(name: &str, value: impl Into<Value>) -> Self {
        Self::PushedAuthorization(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::Token`].
    pub fn token(name: &str, value: impl Into<Value>) -> Self {
        Self::Token(name.to_owned(), value.into())
    }

    /// Shorthand for [`Fault::UserInfo`].
    pub fn user_info(name: &str, value: impl Into<Value>) -> Self {
        Self::UserInfo(name.to_owned(), value.into())
    }
}
