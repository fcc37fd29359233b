//! [`Fault`]: misbehaviour as data, one point at a time.

use serde_json::Value;

/// An endpoint of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The small protected API under `/api/`.
    Api,
    /// `/authorize`.
    Authorize,
    /// `/device`, the page on which users allow what their devices ask for.
    Device,
    /// `/device_authorization`.
    DeviceAuthorization,
    /// The discovery document.
    Discovery,
    /// A host that is not the provider's, or a path that it does not have. Whoever is sent there by a
    /// redirect or by metadata, and goes, is seen here.
    Unmatched,
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
    /// `/register`, and what is below it.
    Register,
    /// `/revoke`.
    Revoke,
    /// `/token`.
    Token,
    /// `/userinfo`.
    UserInfo,
}

/// What an endpoint answers in the place of the right answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// A status with a body of this content type.
    Body {
        /// The status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// The connection is cut before a byte of the answer.
    Reset,
    /// Zeros, compressed by gzip to a thousandth of this many bytes.
    GzipBomb(usize),
    /// Half an answer: its length promises more than comes.
    Truncated,
    /// Nothing, for ever.
    Hang,
    /// An answer of this many bytes.
    Oversized(usize),
    /// A redirect by this status to this URL.
    Redirect(u16, String),
}

impl Reply {
    /// HTML with this status.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::Body {
            status,
            content_type: "text/html".to_owned(),
            body: "<!doctype html><h1>Oops</h1>".to_owned(),
        }
    }

    /// JSON with this status.
    #[must_use]
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Body { status, content_type: "application/json".to_owned(), body: body.into() }
    }
}

/// One point in which the provider misbehaves. Several can be on at once. What is said of the ID token
/// also holds for the JWT that an introspection answers (RFC 9701), but for a refreshed one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An endpoint answers something else altogether.
    Response(Endpoint, Reply),
    /// The next request to an endpoint is carried out, but its answer is lost on the way: the connection
    /// ends without it. Once for each time that this is asked for.
    ResponseLost(Endpoint),
    /// The authorization response is this error (and description) whatever the user decided.
    AuthorizationError(String, String),
    /// A parameter of the authorization response is missing.
    AuthorizationMissing(String),
    /// A parameter of the authorization response has another value.
    AuthorizationParam(String, String),
    /// A parameter of the authorization response stands twice, the second time with this value.
    AuthorizationTwice(String, String),
    /// The ID token's signature is another token's.
    BadSignature,
    /// A claim of the ID token has this value.
    Claim(String, Value),
    /// A claim of the ID token is missing.
    ClaimMissing(String),
    /// A time claim of the ID token is this many seconds from now.
    ClaimTime(String, i64),
    /// A claim of the ID token stands twice, the second time with this value.
    ClaimTwice(String, Value),
    /// A member of the device authorization answer has this value; null removes it. What the provider
    /// holds devices to stays as it is.
    Device(String, Value),
    /// The ID token is signed by a key of the attacker's, which its header offers as `jwk`.
    EmbeddedJwk,
    /// The ID token is signed by another key under the same `kid`.
    ForeignKey,
    /// A member of the ID token's header has this value; null removes it.
    Header(String, Value),
    /// The ID token is an HS256 whose secret is the PEM of the public RSA key (algorithm confusion, RFC 8725
    /// §2.1); with other keys, the text of the JWK.
    HmacWithPublicKey,
    /// A member of the introspection answer, in a JWT or not, has this value; null removes it.
    Introspection(String, Value),
    /// The introspection answer is plain JSON even where a JWT was asked for.
    IntrospectionPlain,
    /// The JWK set also has keys of unknown types, curves and uses.
    JwksExotic,
    /// The keys of the JWK set have no `kid`, and neither have tokens.
    JwksWithoutKid,
    /// A member of the discovery document has this value; null removes it.
    Metadata(String, Value),
    /// The discovery document names other paths than usual, and only those work.
    MovedPaths,
    /// The token answer has no ID token.
    NoIdToken,
    /// A refresh answers without a new refresh token, and the old one goes on.
    NoRotation,
    /// A parameter of the answers with OAuth 1.0a credentials has this value, or is missing.
    OAuth1Param(String, Option<String>),
    /// A parameter of the answers with OAuth 1.0a credentials stands twice, the second time with this value.
    OAuth1ParamTwice(String, String),
    /// A user's refusal comes back as `denied=TOKEN`, as Twitter's does, and not as a problem.
    OAuth1Denied,
    /// OAuth 1.0a credentials come as JSON and not as a form.
    OAuth1Json,
    /// PKCE is not checked.
    PkceIgnored,
    /// A claim of refreshed ID tokens has this value.
    RefreshedClaim(String, Value),
    /// Every refresh is refused with `invalid_grant`.
    RefreshRefused,
    /// The key is changed between the answer of the JWK set and the signature.
    RotateBeforeSigning,
    /// The ID token is signed by this algorithm, which is not announced.
    SignedBy(String),
    /// The ID token says `alg` as spelled here and has no signature.
    Unsigned(String),
    /// A member of the token answer has this value; null stays null.
    Token(String, Value),
    /// The token answer is a form, not JSON, as some providers answer by default.
    TokenForm,
    /// A member of the token answer is missing.
    TokenMissing(String),
    /// A member of the user info has this value.
    UserInfo(String, Value),
    /// A member of the user info is missing.
    UserInfoMissing(String),
}

impl Fault {
    /// [`Fault::Claim`] in short.
    pub fn claim(name: &str, value: impl Into<Value>) -> Self {
        Self::Claim(name.to_owned(), value.into())
    }

    /// [`Fault::ClaimMissing`] in short.
    #[must_use]
    pub fn without_claim(name: &str) -> Self {
        Self::ClaimMissing(name.to_owned())
    }

    /// [`Fault::Header`] in short.
    pub fn header(name: &str, value: impl Into<Value>) -> Self {
        Self::Header(name.to_owned(), value.into())
    }

    /// [`Fault::Introspection`] in short.
    pub fn introspection(name: &str, value: impl Into<Value>) -> Self {
        Self::Introspection(name.to_owned(), value.into())
    }

    /// [`Fault::Metadata`] in short.
    pub fn metadata(name: &str, value: impl Into<Value>) -> Self {
        Self::Metadata(name.to_owned(), value.into())
    }

    /// [`Fault::Token`] in short.
    pub fn token(name: &str, value: impl Into<Value>) -> Self {
        Self::Token(name.to_owned(), value.into())
    }

    /// [`Fault::UserInfo`] in short.
    pub fn user_info(name: &str, value: impl Into<Value>) -> Self {
        Self::UserInfo(name.to_owned(), value.into())
    }
}
