//! [`TestClient`]: a client registered with the provider.

use std::fmt;

use serde_json::Value;
use url::{Host, Url};

use crate::peer_certificate::PeerCertificate;

/// The authentication method of OAuth 1.0a clients, which no OAuth 2.0 endpoint accepts.
const OAUTH1: &str = "oauth1";

/// A registered client of the provider.
#[derive(Clone)]
pub struct TestClient {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: Option<String>,
    pub(crate) auth_method: Option<String>,
    pub(crate) jwks: Option<Value>,
    pub(crate) rsa_public_key: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) any_loopback: bool,
    pub(crate) dpop_bound: bool,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) response_types: Vec<String>,
    pub(crate) request_object_alg: Option<String>,
    pub(crate) requires_request_object: bool,
    pub(crate) encryption_key: Option<Value>,
    pub(crate) certificate: Option<PeerCertificate>,
    pub(crate) certificate_bound: bool,
    pub(crate) notification_endpoint: Option<String>,
}

impl TestClient {
    /// A client with a secret.
    pub fn confidential(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { secret: Some(secret.into()), ..Self::public(id) }
    }

    /// A client without a secret, which must use PKCE.
    pub fn public(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            secret: None,
            auth_method: None,
            jwks: None,
            rsa_public_key: None,
            redirect_uris: Vec::new(),
            any_loopback: false,
            dpop_bound: false,
            post_logout_redirect_uris: Vec::new(),
            response_types: vec!["code".to_owned()],
            request_object_alg: None,
            requires_request_object: false,
            encryption_key: None,
            certificate: None,
            certificate_bound: false,
            notification_endpoint: None,
        }
    }

    /// A client that uses OAuth 1.0a (RFC 5849) only: its `oauth_consumer_key` and shared secret. It signs with
    /// HMAC or PLAINTEXT.
    pub fn oauth1(key: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { auth_method: Some(OAUTH1.to_owned()), ..Self::confidential(key, secret) }
    }

    /// Registers the public key of an OAuth 1.0a client, as PEM. It must then sign with RSA.
    #[must_use]
    pub fn rsa_public_key(mut self, pem: impl Into<String>) -> Self {
        self.rsa_public_key = Some(pem.into());
        self
    }

    /// Requires that the client's access tokens are bound by DPoP (`dpop_bound_access_tokens`, RFC 9449 §5.2).
    #[must_use]
    pub fn dpop_bound_access_tokens(mut self) -> Self {
        self.dpop_bound = true;
        self
    }

    /// Registers the certificate (PEM) of a client that authenticates by mutual TLS (RFC 8705): with `tls_client_auth` all
    /// certificates of the CA with its subject are accepted, with `self_signed_tls_client_auth` this one.
    #[must_use]
    pub fn tls_certificate(mut self, pem: &str) -> Self {
        self.certificate = Some(PeerCertificate::from_pem(pem, false));
        self
    }

    /// Binds the client's access tokens to the certificate of the token request, which is then required
    /// (`tls_client_certificate_bound_access_tokens`, RFC 8705 §3).
    #[must_use]
    pub fn tls_client_certificate_bound_access_tokens(mut self) -> Self {
        self.certificate_bound = true;
        self
    }

    /// Sets the name that the login page shows.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Registers a redirect URI. The match is exact.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Registers a post-logout redirect URI. The match is exact.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Registers the URL that is told the decisions about backchannel logins: the client uses ping mode (OpenID Connect CIBA
    /// Core §4), see [`Provider::approve_backchannel`](crate::Provider::approve_backchannel). Without it, poll mode.
    #[must_use]
    pub fn client_notification_endpoint(mut self, url: impl Into<String>) -> Self {
        self.notification_endpoint = Some(url.into());
        self
    }

    /// Accepts every loopback URL as redirect URI, for a demo whose port is not known in advance.
    #[must_use]
    pub fn any_loopback_redirect(mut self) -> Self {
        self.any_loopback = true;
        self
    }

    /// Accepts one client authentication method only: `client_secret_basic`, `client_secret_post`,
    /// `client_secret_jwt`, `private_key_jwt`, `tls_client_auth`, `self_signed_tls_client_auth` or `none`.
    #[must_use]
    pub fn auth_method(mut self, method: impl Into<String>) -> Self {
        self.auth_method = Some(method.into());
        self
    }

    /// Registers another response type than `code`, such as `code id_token`.
    #[must_use]
    pub fn response_type(mut self, response_type: impl Into<String>) -> Self {
        self.response_types.push(response_type.into());
        self
    }

    /// Accepts request objects with this signature algorithm only (RFC 9101), `none` included, and requires them.
    #[must_use]
    pub fn request_object_signing_alg(mut self, alg: impl Into<String>) -> Self {
        self.request_object_alg = Some(alg.into());
        self.requires_request_object = true;
        self
    }

    /// Encrypts ID tokens, JWTs of user info and of authorization responses, and JWT introspection responses to this
    /// public RSA key (a JWK), by RSA-OAEP-256 and A256GCM.
    #[must_use]
    pub fn encrypt_to(mut self, jwk: Value) -> Self {
        self.encryption_key = Some(jwk);
        self
    }

    /// Registers the public keys (a JWK set) of a client that authenticates with `private_key_jwt`, or signs request objects.
    #[must_use]
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(jwks);
        self
    }

    pub(crate) fn uses_oauth1(&self) -> bool {
        self.auth_method.as_deref() == Some(OAUTH1)
    }

    /// Whether the client is confidential (RFC 6749 §2.1).
    pub(crate) fn is_confidential(&self) -> bool {
        self.secret.is_some() || self.jwks.is_some() || self.certificate.is_some()
    }

    pub(crate) fn accepts_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| known == uri) || self.accepts_loopback(uri)
    }

    pub(crate) fn accepts_post_logout_redirect_uri(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|known| known == uri)
            || self.accepts_loopback(uri)
    }

    fn accepts_loopback(&self, uri: &str) -> bool {
        let Ok(url) = Url::parse(uri) else { return false };
        // `http://localhost:80@127.0.0.1/` looks like another address than it is.
        let plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        self.any_loopback && is_loopback(&url) && plain && matches!(url.scheme(), "http" | "https")
    }
}

/// Whether the host of a URL is a loopback address or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .field("secret", &self.secret.as_ref().map(|_| "[redacted]"))
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}
