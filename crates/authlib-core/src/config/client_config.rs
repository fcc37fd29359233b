//! [`ClientConfig`]: a client's registration, as code gives it; not yet validated.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::extensions::Extensions;
use crate::params::Params;
use crate::secret::Secret;

/// A client as it is registered: what the provider gave for it, and where the provider's endpoints are.
///
/// With OpenID Connect an [`issuer`](Self::issuer) says it all; a preset of
/// [`providers`](crate::providers) needs the id and the secret only. Nothing is checked here: all
/// problems are reported together when the registry is built.
///
/// ```
/// use authlib_core::ClientConfig;
///
/// let client = ClientConfig::new("intranet")
///     .client_id("my-app")
///     .client_secret("s3cr3t")
///     .issuer("https://login.example.com")
///     .scope("openid profile email");
/// # let _ = client;
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The name under which it is registered, for URLs and settings.
    pub name: String,
    /// What a button says; by default the name.
    pub label: Option<String>,
    /// The client's id at the provider.
    pub client_id: Option<String>,
    /// The client's secret. Without one it is a public client.
    pub client_secret: Option<Secret>,
    /// The client's private key, for `private_key_jwt`: PEM (PKCS#8, PKCS#1 or SEC 1) or the JSON text of
    /// a private JWK.
    pub private_key: Option<Secret>,
    /// The `kid` under which the provider knows that key; by default the JWK's.
    pub private_key_id: Option<String>,
    /// The provider's issuer, letter by letter as the provider spells it.
    pub issuer: Option<String>,
    /// Where the provider's metadata are; by default under the issuer, and nowhere when the endpoints
    /// are all set here.
    pub server_metadata_url: Option<String>,
    /// Authlib's `authorize_url`.
    pub authorization_endpoint: Option<String>,
    /// Authlib's `access_token_url`.
    pub token_endpoint: Option<String>,
    /// Where tokens are refreshed, if not at the token endpoint.
    pub refresh_token_url: Option<String>,
    /// Where user info is.
    pub userinfo_endpoint: Option<String>,
    /// Where the provider's keys are.
    pub jwks_uri: Option<String>,
    /// The provider's keys themselves, as the JSON text of a JWK set. Symmetric ones are allowed here,
    /// so it is a secret.
    pub jwks: Option<Secret>,
    /// Where the provider ends its session (RP-Initiated Logout).
    pub end_session_endpoint: Option<String>,
    /// Where the provider tells what a token is good for (RFC 7662).
    pub introspection_endpoint: Option<String>,
    /// Where the provider revokes tokens (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where a device asks for a code to show to its user (RFC 8628).
    pub device_authorization_endpoint: Option<String>,
    /// What relative URLs of API requests are taken from.
    pub api_base_url: Option<String>,
    /// More origins that the token may be sent to, such as `https://uploads.example.com`.
    pub api_origins: Vec<String>,
    /// Where the token stands in API requests: `header`, which is the default, `body` or `query`.
    pub token_placement: Option<String>,
    /// Where the provider sends the browser back to: an absolute URL, or a path under the registry's
    /// base URL.
    pub redirect_uri: Option<String>,
    /// Where the provider sends the browser to after a logout.
    pub post_logout_redirect_uri: Option<String>,
    /// The scope, blank-separated.
    pub scope: Option<String>,
    /// More parameters of the authorization request.
    pub authorize_params: Params,
    /// More parameters of the token request.
    pub access_token_params: Params,
    /// More parameters of the refresh request.
    pub refresh_token_params: Params,
    /// `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt` or `none`; by
    /// default what the metadata say.
    pub token_endpoint_auth_method: Option<String>,
    /// The algorithm of client assertions; by default the key's usual one that the metadata name.
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// The audience of client assertions: `issuer`, which is the default, or `token_endpoint`.
    pub client_assertion_audience: Option<String>,
    /// How long a client assertion is good: 60 seconds by default.
    pub client_assertion_lifetime: Option<Duration>,
    /// More claims of client assertions.
    pub client_assertion_claims: Map<String, Value>,
    /// The certificate of the private key, as PEM, for servers that know the key by its thumbprint
    /// (`x5t#S256`, RFC 7515 §4.1.8).
    pub private_key_certificate: Option<String>,
    /// As `token_endpoint_auth_method`, for the introspection endpoint; by default the same.
    pub introspection_endpoint_auth_method: Option<String>,
    /// As `token_endpoint_auth_method`, for the revocation endpoint; by default the same.
    pub revocation_endpoint_auth_method: Option<String>,
    /// The algorithm by which introspection answers are signed (RFC 9701); with one, an answer that is
    /// not signed is refused.
    pub introspection_signed_response_alg: Option<String>,
    /// How an expired token is renewed: `refresh_token`, which is the default, `client_credentials` or
    /// `off`.
    pub renewal: Option<String>,
    /// The longest that a request to the provider may take: 10 seconds by default.
    pub timeout: Option<Duration>,
    /// Sends `client_secret_basic` without the form-encoding of RFC 6749 §2.3.1, for servers that do
    /// not decode it. An id with a colon, and anything outside ASCII, is then read wrongly.
    pub raw_client_secret_basic: bool,
    /// `S256`, which is the default. There is no other.
    pub code_challenge_method: Option<String>,
    /// `query` or `form_post`; by default the provider's choice, which is the query.
    pub response_mode: Option<String>,
    /// The one algorithm of ID tokens; by default the public-key ones of the metadata, or RS256.
    pub id_token_signed_response_alg: Option<String>,
    /// How long before its expiry a token is refreshed: 60 seconds by default.
    pub leeway: Option<Duration>,
    /// How long ago the user may have authenticated at the provider.
    pub max_age: Option<Duration>,
    /// The `User-Agent` of requests to the provider.
    pub user_agent: Option<String>,
    /// Whether user info is fetched at login, where there is an endpoint: yes by default.
    pub fetch_userinfo: Option<bool>,
    /// The member of the user info that names the user, for providers without OpenID Connect: `sub` by
    /// default.
    pub subject_claim: Option<String>,
    /// More spellings of the issuer that ID tokens and callbacks may use.
    pub accepted_issuers: Vec<String>,
    /// Leaves the nonce out of the login, for providers that don't repeat it in their ID tokens. A code
    /// that was stolen from another login is then told by PKCE alone (RFC 9700 §4.5.3).
    pub dangerous_skip_nonce: bool,
    /// Leaves PKCE out of the login, for providers that refuse it. An intercepted code can then be used
    /// by who intercepted it (RFC 7636 §1).
    pub dangerous_skip_pkce: bool,
    /// Where a login gets its temporary credentials (RFC 5849 §2.1). With it this is an OAuth 1.0a client.
    pub request_token_url: Option<String>,
    /// More parameters of the request for temporary credentials.
    pub request_token_params: Params,
    /// How OAuth 1.0a requests are signed: `HMAC-SHA1`, which is the default, `HMAC-SHA256`,
    /// `HMAC-SHA512`, `RSA-SHA1`, `RSA-SHA256`, `RSA-SHA512` (with `private_key`) or `PLAINTEXT`.
    pub signature_method: Option<String>,
    /// Where the signature stands: `HEADER`, which is the default, `BODY` or `QUERY`.
    pub signature_type: Option<String>,
    /// The realm of the signature's header.
    pub realm: Option<String>,
    /// Takes temporary credentials from a provider that does not say `oauth_callback_confirmed`. Who
    /// starts a login can then end it in another's browser (RFC 5849 §2.1).
    pub dangerous_unconfirmed_callback: bool,
    /// What is given in code.
    pub(crate) extensions: Extensions,
}

macro_rules! text_setters {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.$name = Some(value.into());
            self
        })*
    };
}

impl ClientConfig {
    /// A client of which nothing is known but its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Registers it under another name: two clients of one provider need two.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    text_setters! {
        /// Sets what a button says.
        label
        /// Sets the client's id.
        client_id
        /// Sets the provider's issuer.
        issuer
        /// Sets where the provider's metadata are.
        server_metadata_url
        /// Sets the authorization endpoint.
        authorization_endpoint
        /// Sets the token endpoint.
        token_endpoint
        /// Sets where tokens are refreshed.
        refresh_token_url
        /// Sets where user info is.
        userinfo_endpoint
        /// Sets where the provider's keys are.
        jwks_uri
        /// Sets where the provider ends its session.
        end_session_endpoint
        /// Sets where the provider tells what a token is good for.
        introspection_endpoint
        /// Sets where the provider revokes tokens.
        revocation_endpoint
        /// Sets where a device asks for a code to show to its user.
        device_authorization_endpoint
        /// Sets what relative URLs of API requests are taken from.
        api_base_url
        /// Sets where the token stands in API requests: `header`, `body` or `query`.
        token_placement
        /// Sets where the provider sends the browser back to.
        redirect_uri
        /// Sets where the provider sends the browser to after a logout.
        post_logout_redirect_uri
        /// Sets the scope, blank-separated.
        scope
        /// Sets the authentication method at the token endpoint.
        token_endpoint_auth_method
        /// Sets the algorithm of client assertions.
        token_endpoint_auth_signing_alg
        /// Sets the audience of client assertions: `issuer` or `token_endpoint`.
        client_assertion_audience
        /// Sets the authentication method at the introspection endpoint.
        introspection_endpoint_auth_method
        /// Sets the authentication method at the revocation endpoint.
        revocation_endpoint_auth_method
        /// Sets the algorithm by which introspection answers are signed, and requires it.
        introspection_signed_response_alg
        /// Sets how an expired token is renewed: `refresh_token`, `client_credentials` or `off`.
        renewal
        /// Sets the certificate of the private key, as PEM.
        private_key_certificate
        /// Sets the `kid` under which the provider knows the private key.
        private_key_id
        /// Sets `query` or `form_post`.
        response_mode
        /// Sets the one algorithm of ID tokens.
        id_token_signed_response_alg
        /// Sets the `User-Agent` of requests to the provider.
        user_agent
        /// Sets the member of the user info that names the user.
        subject_claim
    }

    /// Sets the client's secret.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Sets the client's private key: PEM, or the JSON text of a private JWK.
    #[must_use]
    pub fn private_key(mut self, key: impl Into<Secret>) -> Self {
        self.private_key = Some(key.into());
        self
    }

    /// Sets the client's private key from DER: PKCS#8, PKCS#1 or SEC 1.
    #[must_use]
    pub fn private_key_der(self, der: &[u8]) -> Self {
        let body = Zeroizing::new(STANDARD.encode(der));
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", *body);
        self.private_key(pem)
    }

    /// Sets the provider's keys, as a JWK set.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller is done with it: it may be secret"
    )]
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(Secret::new(jwks.to_string()));
        self
    }

    /// Adds a parameter of the authorization request.
    #[must_use]
    pub fn authorize_param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.authorize_params.set(name, value);
        self
    }

    /// Adds a parameter of the token request.
    #[must_use]
    pub fn access_token_param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.access_token_params.set(name, value);
        self
    }

    /// Adds a parameter of the refresh request.
    #[must_use]
    pub fn refresh_token_param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.refresh_token_params.set(name, value);
        self
    }

    /// Adds an origin that the token may be sent to, such as `https://uploads.example.com`.
    #[must_use]
    pub fn api_origin(mut self, origin: impl Into<String>) -> Self {
        self.api_origins.push(origin.into());
        self
    }

    /// Adds a claim to client assertions. `jti`, `iat` and `exp` can't be set.
    #[must_use]
    pub fn client_assertion_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.client_assertion_claims.insert(name.to_owned(), value.into());
        self
    }

    /// Sets how long a client assertion is good.
    #[must_use]
    pub fn client_assertion_lifetime(mut self, lifetime: Duration) -> Self {
        self.client_assertion_lifetime = Some(lifetime);
        self
    }

    /// Sets the longest that a request to the provider may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends `client_secret_basic` without the form-encoding of RFC 6749 §2.3.1, for servers that do
    /// not decode it. An id with a colon, and anything outside ASCII, is then read wrongly.
    #[must_use]
    pub fn raw_client_secret_basic(mut self) -> Self {
        self.raw_client_secret_basic = true;
        self
    }

    /// Sets how long before its expiry a token is refreshed: half of its life at most.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Sets how long ago the user may have authenticated at the provider.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Leaves user info alone at login; the ID token then says all that is known.
    #[must_use]
    pub fn without_userinfo_at_login(mut self) -> Self {
        self.fetch_userinfo = Some(false);
        self
    }

    /// Leaves the nonce out of the login, for providers that don't repeat it in their ID tokens. A code
    /// that was stolen from another login is then told by PKCE alone (RFC 9700 §4.5.3).
    #[must_use]
    pub fn dangerous_skip_nonce(mut self) -> Self {
        self.dangerous_skip_nonce = true;
        self
    }

    /// Leaves PKCE out of the login, for providers that refuse it. An intercepted code can then be used
    /// by who intercepted it (RFC 7636 §1).
    #[must_use]
    pub fn dangerous_skip_pkce(mut self) -> Self {
        self.dangerous_skip_pkce = true;
        self
    }
}
