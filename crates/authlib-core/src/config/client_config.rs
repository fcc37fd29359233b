//! [`ClientConfig`]: the configuration of one client, not yet validated.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::encryption::EncryptionSettings;
use super::extensions::Extensions;
use super::{Dpop, Profile, Refresh, ResponseMode, UserInfoMethod};
use crate::endpoint::Endpoint;
use crate::jose::Algorithm;
use crate::oauth1::{SignatureLocation, SignatureMethod};
use crate::oauth2::{AssertionAudience, AuthMethod, ResponseType, TokenLocation};
use crate::params::Params;
use crate::secret::Secret;

/// The configuration of a client: its credentials, and where the provider's endpoints are.
///
/// For an OpenID Connect provider the [`issuer`](Self::issuer) is enough; a preset of
/// [`providers`](crate::providers) needs the id and the secret only. Nothing is validated here:
/// building the registry reports all errors at once.
///
/// Two configurations are equal if all settings are, and hooks, signers and other code are the same values.
///
/// URLs are given as text or as [`Url`](url::Url). They must start with `https://`; `http://` is
/// accepted for `localhost`, 127.0.0.0/8 and `::1` only. An empty text removes a setting, for example one
/// of a preset.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientConfig {
    pub(crate) name: String,
    pub(super) display_name: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) client_secret_file: Option<String>,
    pub(super) client_secret_ttl: Option<Duration>,
    pub(super) private_key: Option<Secret>,
    pub(super) private_key_id: Option<String>,
    pub(super) private_key_certificate: Option<String>,
    pub(super) next_private_key: Option<Secret>,
    pub(super) next_private_key_id: Option<String>,
    pub(super) next_private_key_not_before: Option<SystemTime>,
    pub(super) issuer: Option<String>,
    pub(super) issuer_aliases: Vec<String>,
    pub(super) accepted_issuers: Vec<String>,
    pub(super) allowed_tenants: Vec<String>,
    pub(super) any_tenant: bool,
    pub(super) server_metadata_url: Option<String>,
    pub(super) endpoints: BTreeMap<Endpoint, String>,
    /// The JSON text of a JWK set, which may have symmetric keys.
    pub(super) jwks: Option<Secret>,
    pub(super) api_base_url: Option<String>,
    pub(super) api_origins: Vec<String>,
    pub(super) token_location: Option<TokenLocation>,
    pub(super) redirect_uri: Option<String>,
    pub(super) login_path: Option<String>,
    pub(super) post_logout_redirect_uri: Option<String>,
    pub(super) post_logout_redirect_param: Option<String>,
    pub(super) logout_params: Params,
    pub(super) scope: Option<String>,
    pub(super) authorize_params: Params,
    pub(super) access_denied_errors: Vec<String>,
    pub(super) access_token_params: Params,
    pub(super) refresh_token_params: Params,
    pub(super) token_endpoint_auth_method: Option<AuthMethod>,
    pub(super) introspection_endpoint_auth_method: Option<AuthMethod>,
    pub(super) revocation_endpoint_auth_method: Option<AuthMethod>,
    pub(super) raw_client_secret_basic: bool,
    pub(super) token_endpoint_auth_signing_alg: Option<Algorithm>,
    pub(super) client_assertion_audience: Option<AssertionAudience>,
    pub(super) client_assertion_lifetime: Option<Duration>,
    pub(super) client_assertion_claims: Map<String, Value>,
    pub(super) dpop: Option<Dpop>,
    pub(super) dpop_key: Option<Secret>,
    pub(super) dpop_signing_alg: Option<Algorithm>,
    pub(super) dpop_bound_access_tokens: Option<bool>,
    pub(super) introspection_signed_response_alg: Option<Algorithm>,
    pub(super) userinfo_signed_response_alg: Option<Algorithm>,
    pub(super) id_token_signed_response_alg: Option<Algorithm>,
    pub(super) refresh_with: Option<Refresh>,
    pub(super) refresh_before_expiry: Option<Duration>,
    pub(super) refresh_on_bare_401: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) ca_certificate: Option<String>,
    pub(super) tls_client_certificate: Option<Secret>,
    pub(super) tls_client_key: Option<Secret>,
    pub(super) tls_client_certificate_bound_access_tokens: Option<bool>,
    pub(super) user_agent: Option<String>,
    pub(super) response_mode: Option<ResponseMode>,
    pub(super) response_type: Option<ResponseType>,
    pub(super) authorization_signed_response_alg: Option<Algorithm>,
    pub(super) request_object_signing_alg: Option<Algorithm>,
    pub(super) dangerous_unsigned_request_object: bool,
    pub(super) request_uri: Option<String>,
    pub(super) require_s_hash: bool,
    pub(super) fetch_distributed_claims: bool,
    pub(crate) webfinger_resource: Option<String>,
    pub(crate) dynamic_registration: bool,
    pub(crate) client_metadata: Map<String, Value>,
    pub(crate) initial_access_token: Option<Secret>,
    pub(crate) registration_file: Option<String>,
    pub(super) acr_values: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) resource: Vec<String>,
    pub(super) authorization_details: Vec<Value>,
    /// Private or shared keys, each as PEM or as a JWK.
    pub(super) decryption_keys: Vec<Secret>,
    pub(super) encryption: EncryptionSettings,
    pub(super) max_age: Option<Duration>,
    pub(super) require_pushed_authorization_requests: bool,
    pub(super) use_pushed_authorization_requests: Option<bool>,
    pub(super) clock_skew: Option<Duration>,
    pub(super) fetch_userinfo: Option<bool>,
    pub(super) accept_logins: Option<bool>,
    pub(super) keep_token: Option<bool>,
    pub(super) keep_claims: Vec<String>,
    pub(super) subject_claim: Option<String>,
    pub(super) userinfo_claims: Params,
    pub(super) userinfo_method: Option<UserInfoMethod>,
    pub(super) profile: Option<Profile>,
    pub(super) dangerous_skip_nonce: bool,
    pub(super) dangerous_skip_pkce: bool,
    pub(super) request_token_params: Params,
    pub(super) signature_method: Option<SignatureMethod>,
    pub(super) signature_location: Option<SignatureLocation>,
    pub(super) realm: Option<String>,
    pub(super) dangerous_allow_missing_callback_confirmed: bool,
    pub(super) dangerous_http_hosts: Vec<String>,
    /// The names of built-in hooks.
    pub(super) hooks: Vec<String>,
    /// The keys of values in files and the environment that were not accepted, and what is wrong.
    pub(super) rejected: Vec<(String, String)>,
    pub(crate) extensions: Extensions,
}

/// Setters of texts.
macro_rules! text_setters {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.$name = Some($name.into()).filter(|text| !text.is_empty());
            self
        })*
    };
}

/// Setters of other values.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $value:ty;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $value) -> Self {
            self.$name = Some($name.into());
            self
        })*
    };
}

macro_rules! endpoint_setters {
    ($($(#[$doc:meta])* $name:ident: $endpoint:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, url: impl Into<String>) -> Self {
            self.endpoints.insert(Endpoint::$endpoint, url.into());
            self.endpoints.retain(|_, url| !url.is_empty());
            self
        })*
    };
}

/// Setters that add a parameter to a request, or replace it.
macro_rules! param_setters {
    ($($(#[$doc:meta])* $name:ident: $params:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.$params.set(name, value);
            self
        })*
    };
}

macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self) -> Self {
            self.$name = true;
            self
        })*
    };
}

impl ClientConfig {
    /// A client that has only its name, which is part of URLs and settings.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Changes the name: two clients of one provider need two names.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    text_setters! {
        /// Sets the name that users see, for example on login buttons. Default: the client's name.
        #[doc(alias = "label")]
        display_name;
        /// Sets the client identifier that the provider issued (RFC 6749 §2.2).
        client_id;
        /// Reads the client secret from a file, such as a Docker or Kubernetes secret, without its line end. The file is read for
        /// each request that needs the secret: a new one is used without a restart.
        client_secret_file;
        /// Sets the `kid` that the provider knows the private key by. Default: that of the JWK.
        private_key_id;
        /// Sets the key's certificate (PEM), for servers that know it by `x5t#S256` (RFC 7515 §4.1.8).
        private_key_certificate;
        /// Sets the issuer. It must match the metadata document exactly, trailing slash included. For an issuer
        /// with many tenants, see [`allowed_tenant`](Self::allowed_tenant).
        issuer;
        /// Sets the URL of the provider's metadata document. Default: the OpenID Connect Discovery URL
        /// of the issuer, and no document if all endpoints are configured.
        server_metadata_url;
        /// Sets the base URL against which relative API URLs are resolved.
        api_base_url;
        /// Sets the callback: an absolute URL, or a path below the registry's base URL.
        redirect_uri;
        /// Sets the path of the route that starts logins with this client: browsers are sent there if an API requires another
        /// login ([`StepUp`](crate::StepUp)). Default: the built-in route, `/login/NAME`.
        login_path;
        /// Sets the URL that the provider redirects to after a logout: an absolute URL or a path.
        post_logout_redirect_uri;
        /// Sets the parameter of the logout request that holds the post-logout redirect URI, for providers
        /// that do not support RP-Initiated Logout: `logout_uri` for Amazon Cognito. Such a provider does not
        /// repeat the `state`, so none is sent, and the redirect back is not validated.
        post_logout_redirect_param;
        /// Sends request objects by reference (RFC 9101 §5.2): the provider fetches them below this URL, which is that
        /// of a route of the application, such as `/request-object/NAME`. It is an absolute URL or a path.
        request_uri;
        /// Sets the authentication context classes that the login should have, space-separated and the preferred one
        /// first (OpenID Connect Core §3.1.2.1). The provider may use another one; to require one, see
        /// [`claim_request`](Self::claim_request).
        acr_values;
        /// Finds the issuer at the start by the identifier of a user or a host: an e-mail address, an `acct:` URI or a URL
        /// (OpenID Connect Discovery §2). Build the registry with
        /// [`build_registered`](crate::registry::OAuthBuilder::build_registered).
        webfinger_resource;
        /// Sets the file that keeps what the provider returned for [`dynamic_registration`](Self::dynamic_registration), so
        /// that the client is registered once. It has the client secret: it is created for its owner only.
        registration_file;
        /// Sets the scope, space-separated. Default: `openid` if only an OpenID provider is configured.
        scope;
        /// Sets CA certificates to trust besides those of the system in requests of this client: PEM text, or the path
        /// of a PEM file. For providers with certificates of a private CA. The built-in HTTP client uses it; for
        /// all clients of a registry, see
        #[cfg_attr(feature = "reqwest", doc = "[`ReqwestClient::with_ca_certificates`](crate::transport::ReqwestClient::with_ca_certificates).")]
        #[cfg_attr(not(feature = "reqwest"), doc = "`ReqwestClient::with_ca_certificates`.")]
        ca_certificate;
        /// Sets the `User-Agent` of requests to the provider.
        user_agent;
        /// Sets the member of the user info that identifies the user without OpenID Connect: its name, or a
        /// JSON pointer such as `/data/id` (RFC 6901). Default: `sub`.
        subject_claim;
        /// Sets the realm in the header of OAuth 1.0a requests.
        realm;
    }

    setters! {
        /// Sets the client secret. A client without a secret and a private key is a public client. An empty
        /// secret counts as none, unless `token_endpoint_auth_method` is set to
        /// [`AuthMethod::ClientSecretBasic`]: then it is sent as an empty password (RFC 6749 §2.3.1).
        client_secret: impl Into<Secret>;
        /// Sets the token that the provider requires for [`dynamic_registration`](Self::dynamic_registration) (RFC 7591 §3).
        initial_access_token: impl Into<Secret>;
        /// Sets the client's private key: PEM (PKCS#8, PKCS#1 or SEC 1), or the JSON of a private JWK.
        #[doc(alias = "rsa_key")]
        private_key: impl Into<Secret>;
        /// Sets where API requests carry the access token (RFC 6750 §2). Default: in the header.
        #[doc(alias = "token_placement")]
        token_location: TokenLocation;
        /// Sets how the client authenticates at the token endpoint. Default: the method that fits the
        /// configured credentials and the provider's metadata.
        token_endpoint_auth_method: AuthMethod;
        /// Sets how the client authenticates at the introspection endpoint. Default: as at the token endpoint.
        introspection_endpoint_auth_method: AuthMethod;
        /// Sets how the client authenticates at the revocation endpoint. Default: as at the token endpoint.
        revocation_endpoint_auth_method: AuthMethod;
        /// Sets the algorithm of client assertions. Default: the key's first that the metadata lists.
        token_endpoint_auth_signing_alg: Algorithm;
        /// Sets the `aud` of client assertions. Default: the issuer.
        client_assertion_audience: AssertionAudience;
        /// Sets the lifetime of client assertions, at most an hour. Default: 60 seconds.
        client_assertion_lifetime: Duration;
        /// Binds the client's tokens to a key (DPoP, RFC 9449), so that a stolen token can't be used. Default: off, or as
        /// [`dpop_key`](Self::dpop_key) and [`dpop_bound_access_tokens`](Self::dpop_bound_access_tokens) imply.
        ///
        /// ```
        /// use authlib_core::ClientConfig;
        /// use authlib_core::config::Dpop;
        ///
        /// let client = ClientConfig::new("bank").dpop(Dpop::Login);
        /// # let _ = client;
        /// ```
        dpop: Dpop;
        /// Sets the key of DPoP proofs for all tokens of the client: PEM, or the JSON of a private JWK.
        dpop_key: impl Into<Secret>;
        /// Sets the algorithm of DPoP proofs. Default: the key's first that the metadata lists.
        dpop_signing_alg: Algorithm;
        /// Sets whether tokens must be bound to a DPoP key (RFC 9449 §5.2): then a bearer token is refused. By default
        /// they must if DPoP is on; `true` alone turns it on, with a new key for each login.
        dpop_bound_access_tokens: bool;
        /// Sets the algorithm of introspection responses, which must then be signed (RFC 9701).
        introspection_signed_response_alg: Algorithm;
        /// Sets the algorithm of user info, which must then be signed (OpenID Connect Core §5.3.2). Default: user
        /// info may be signed, with the algorithms of ID tokens.
        userinfo_signed_response_alg: Algorithm;
        /// Sets the only algorithm of ID tokens. Default: the public-key algorithms that the metadata
        /// lists, or else RS256.
        id_token_signed_response_alg: Algorithm;
        /// Sets how an expired token is refreshed, and how a program without a browser gets its first
        /// one. Default: [`Refresh::RefreshToken`].
        ///
        /// ```
        /// use authlib_core::config::Refresh;
        /// use authlib_core::{ClientConfig, JwtBearer};
        ///
        /// let client = ClientConfig::new("reports");
        /// let by_credentials = client.clone().refresh_with(Refresh::ClientCredentials);
        /// let by_assertion = client.refresh_with(JwtBearer::new("robot", "-----BEGIN ..."));
        /// # let _ = (by_credentials, by_assertion);
        /// ```
        #[doc(alias = "renewal")]
        refresh_with: impl Into<Refresh>;
        /// Sets how long before its expiry a token is refreshed. Default: 60 s, at most half its lifetime.
        #[doc(alias = "leeway")]
        refresh_before_expiry: Duration;
        /// Sets the method of the user info request (OpenID Connect Core §5.3.1). Default: GET.
        userinfo_method: UserInfoMethod;
        /// Sets the timeout of requests to the provider. Default: 10 seconds.
        timeout: Duration;
        /// Sets how the provider sends the authorization response. Default: not sent, which means the query.
        response_mode: ResponseMode;
        /// Sets what the authorization response contains. Default: a code only, which is what RFC 9700 §2.1.2
        /// recommends. An ID token or an access token in the response passes through the browser.
        response_type: ResponseType;
        /// Sets the only algorithm of authorization responses that are JWTs (JARM §3). Default: the public-key
        /// algorithms that the metadata list, or else RS256.
        authorization_signed_response_alg: Algorithm;
        /// Sends the authorization request as a JWT that is signed by this algorithm with the client's
        /// [`private_key`](Self::private_key), or for HMAC with its secret (RFC 9101).
        request_object_signing_alg: Algorithm;
        /// Sets a security profile; see [`fapi2`](Self::fapi2).
        profile: Profile;
        /// Sets the maximum time since the user authenticated (OpenID Connect Core §3.1.2.1).
        max_age: Duration;
        /// Sets the accepted difference between the provider's clock and this system's, at most 5 minutes
        /// (RFC 7519 §4.1.4). Default: 60 seconds.
        clock_skew: Duration;
        /// Sets how OAuth 1.0a requests are signed (RFC 5849 §3.4). Default: `HMAC-SHA1`.
        signature_method: SignatureMethod;
        /// Sets where OAuth 1.0a requests carry the signature (RFC 5849 §3.5). Default: in the header.
        #[doc(alias = "signature_type")]
        signature_location: SignatureLocation;
    }

    endpoint_setters! {
        /// Sets the authorization endpoint (RFC 6749 §3.1).
        #[doc(alias = "authorize_url")]
        authorization_endpoint: Authorization;
        /// Sets the token endpoint (RFC 6749 §3.2).
        #[doc(alias = "access_token_url")]
        token_endpoint: Token;
        /// Sets the endpoint for refresh requests, if it is not the token endpoint.
        refresh_token_url: Refresh;
        /// Sets the user info endpoint (OpenID Connect Core §5.3).
        userinfo_endpoint: UserInfo;
        /// Sets the list of the user's e-mail addresses, for a provider whose user info has none that is verified, such
        /// as GitHub and Bitbucket. The entry that is primary and verified becomes `email`, with `email_verified`. It
        /// must be at the origin of the user info endpoint; another URL is ignored.
        emails_endpoint: Emails;
        /// Sets the URL of the provider's JWK set (RFC 7517 §5).
        jwks_uri: Jwks;
        /// Sets the logout endpoint (OpenID Connect RP-Initiated Logout §2).
        end_session_endpoint: EndSession;
        /// Sets the introspection endpoint (RFC 7662 §2).
        introspection_endpoint: Introspection;
        /// Sets the revocation endpoint (RFC 7009 §2).
        revocation_endpoint: Revocation;
        /// Sets the pushed authorization request endpoint (RFC 9126 §2).
        pushed_authorization_request_endpoint: PushedAuthorization;
        /// Sets the client registration endpoint (RFC 7591 §3).
        registration_endpoint: Registration;
        /// Sets the backchannel authentication endpoint (OpenID Connect CIBA Core §7).
        backchannel_authentication_endpoint: BackchannelAuthentication;
        /// Sets the device authorization endpoint (RFC 8628 §3.1).
        device_authorization_endpoint: DeviceAuthorization;
        /// Sets the endpoint for temporary credentials (RFC 5849 §2.1): the client speaks OAuth 1.0a.
        request_token_url: RequestToken;
    }

    param_setters! {
        /// Adds a parameter to the authorization request.
        authorize_param: authorize_params;
        /// Adds a parameter to the token request.
        access_token_param: access_token_params;
        /// Adds a parameter to the logout request.
        logout_param: logout_params;
        /// Adds a parameter to the refresh request.
        refresh_token_param: refresh_token_params;
        /// Says where the user info has a claim of OpenID Connect Core §5.1 under another name: the member's name, or
        /// a JSON pointer (RFC 6901). The other members stay as they are; one that the claim replaces is in `raw`.
        ///
        /// ```
        /// use authlib_core::ClientConfig;
        ///
        /// let client = ClientConfig::new("x")
        ///     .subject_claim("/data/id")
        ///     .userinfo_claim("name", "/data/name")
        ///     .userinfo_claim("picture", "/data/profile_image_url");
        /// # let _ = client;
        /// ```
        #[doc(alias = "userinfo_claims")]
        userinfo_claim: userinfo_claims;
        /// Adds a parameter to the request for temporary credentials.
        request_token_param: request_token_params;
    }

    switches! {
        /// Sends `client_secret_basic` without the form-encoding of RFC 6749 §2.3.1, for servers that
        /// do not decode it. Such servers misread an id with a colon and anything outside ASCII.
        raw_client_secret_basic;
        /// Also refreshes after a 401 that names no error, for APIs without the `WWW-Authenticate` of RFC 6750 §3,
        /// such as Salesforce's. By default a token is refreshed after a 401 with `invalid_token` only.
        refresh_on_bare_401;
        /// Starts no login without a pushed authorization request (RFC 9126 §6): a provider that does not offer them is
        /// refused. By default they are used if the provider offers them.
        require_pushed_authorization_requests;
        /// Requires `s_hash` in an ID token of the authorization response (FAPI 1.0 Advanced §5.2.2.1), which protects
        /// `state`. If it is there, it must be right anyway.
        require_s_hash;
        /// Registers the client at the provider when the registry is built (RFC 7591). Build it with
        /// [`build_registered`](crate::registry::OAuthBuilder::build_registered).
        dynamic_registration;
        /// Fetches distributed claims at a login (OpenID Connect Core §5.6.2): from endpoints at the origin of the issuer
        /// or at one of `api_origins`, signed by the provider.
        fetch_distributed_claims;
        /// Lets the users of every tenant log in, if the `issuer` has many: everybody with an account at the
        /// provider. To admit some tenants only, use [`allowed_tenant`](Self::allowed_tenant).
        any_tenant;
        /// Sends no nonce, for providers that do not repeat it in their ID tokens. Only PKCE then
        /// detects a code that was stolen from another login (RFC 9700 §4.5.3).
        dangerous_skip_nonce;
        /// Sends no PKCE challenge, for providers that reject it. An intercepted code can then be
        /// redeemed by the attacker (RFC 7636 §1).
        dangerous_skip_pkce;
        /// Sends the authorization request as a JWT that nobody signed (`none`, OpenID Connect Core §6.1). It has no
        /// advantage over one in the URL.
        dangerous_unsigned_request_object;
        /// Accepts temporary credentials without `oauth_callback_confirmed`, which RFC 5849 §2.1
        /// requires. An attacker can then finish a login in the victim's browser (the session fixation
        /// of OAuth 1.0).
        dangerous_allow_missing_callback_confirmed;
    }

    /// Allows plain http to this host, such as `keycloak:8080` in a network of containers. Call it again for more hosts.
    ///
    /// **Whoever can read or change the traffic to that host can log in as anyone.** Use it only in a network that you
    /// control. A port other than 80 must be named. It is for the provider's endpoints and API, not for the
    /// application's own URLs.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// let client = ClientConfig::new("keycloak")
    ///     .issuer("http://keycloak:8080/realms/demo")
    ///     .dangerous_http_host("keycloak:8080");
    /// # let _ = client;
    /// ```
    #[must_use]
    #[doc(alias = "dangerous_http_hosts")]
    pub fn dangerous_http_host(mut self, host: impl Into<String>) -> Self {
        self.dangerous_http_hosts.push(host.into());
        self
    }

    /// Sets the client's private key from DER: PKCS#8, PKCS#1 or SEC 1.
    #[must_use]
    pub fn private_key_der(self, der: &[u8]) -> Self {
        let body = Zeroizing::new(STANDARD.encode(der));
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", *body);
        self.private_key(pem)
    }

    /// Sets the provider's keys, as a JWK set. Symmetric keys are accepted here.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller is done with it: it may be secret"
    )]
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(Secret::new(jwks.to_string()));
        self
    }

    /// Makes this a client for API calls only: a login with it is refused when it starts and in the callback.
    /// Users can still connect an account at its provider.
    #[must_use]
    #[doc(alias = "accept_logins")]
    pub fn without_logins(mut self) -> Self {
        self.accept_logins = Some(false);
        self
    }

    /// Sends the authorization request in the URL of the browser although the provider offers pushed authorization
    /// requests (RFC 9126). A provider that requires them is refused.
    #[must_use]
    #[doc(alias = "use_pushed_authorization_requests")]
    pub fn without_pushed_authorization_requests(mut self) -> Self {
        self.use_pushed_authorization_requests = Some(false);
        self
    }

    /// Sets whether the token of a login is kept: true by default. With `false`, the session keeps the issuer, the
    /// subject, the `sid`, the granted scope and [chosen claims](Self::keep_claims), and the token is dropped when the
    /// login has ended. Such a login has no row in the token store, and works on any replica. There is no token for API
    /// calls, no refresh, and no `id_token_hint` at the logout.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// let client = ClientConfig::new("company")
    ///     .client_id("app")
    ///     .issuer("https://login.example.com")
    ///     .scope("openid email groups")
    ///     .keep_token(false)
    ///     .keep_claims(["email", "groups"]);
    /// # let _ = client;
    /// ```
    #[must_use]
    pub fn keep_token(mut self, keep_token: bool) -> Self {
        self.keep_token = Some(keep_token);
        self
    }

    /// Sets the claims that a login keeps without its token, beside `iss`, `sub` and `auth_time`. Default: those of the
    /// scopes `profile` and `email` (OpenID Connect Core §5.4). As JSON, all that is kept has at most 2048 bytes, because
    /// the browser may send it with each request: if the claims named here are larger, the login fails; of the default,
    /// those that do not fit are left out.
    #[must_use]
    pub fn keep_claims(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.keep_claims = names.into_iter().map(Into::into).collect();
        self
    }
}
