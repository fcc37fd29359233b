//! [`TestClient`]: who may ask this provider for logins.

use std::fmt;

use serde_json::Value;
use url::{Host, Url};

/// How OAuth 1.0a clients authenticate, which no endpoint of OAuth 2.0 takes.
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
    pub(crate) post_logout_redirect_uris: Vec<String>,
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
            post_logout_redirect_uris: Vec::new(),
        }
    }

    /// A client that speaks OAuth 1.0a (RFC 5849), and only that: its `oauth_consumer_key` and shared
    /// secret. It signs by HMAC or PLAINTEXT.
    pub fn oauth1(key: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { auth_method: Some(OAUTH1.to_owned()), ..Self::confidential(key, secret) }
    }

    /// Registers the public key of an OAuth 1.0a client, as PEM: it then signs by RSA and no other way.
    #[must_use]
    pub fn rsa_public_key(mut self, pem: impl Into<String>) -> Self {
        self.rsa_public_key = Some(pem.into());
        self
    }

    /// Sets the name that the login page shows.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Allows a redirect URI, compared letter by letter.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Allows a URI to return to after a logout, compared letter by letter.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Allows every URI on this machine, for a demo whose port is not known beforehand.
    #[must_use]
    pub fn any_loopback_redirect(mut self) -> Self {
        self.any_loopback = true;
        self
    }

    /// Accepts one way of client authentication only: `client_secret_basic`, `client_secret_post`,
    /// `client_secret_jwt`, `private_key_jwt` or `none`.
    #[must_use]
    pub fn auth_method(mut self, method: impl Into<String>) -> Self {
        self.auth_method = Some(method.into());
        self
    }

    /// Registers the public keys of a client that authenticates by `private_key_jwt`, as a JWK set.
    #[must_use]
    pub fn jwks(mut self, jwks: Value) -> Self {
        self.jwks = Some(jwks);
        self
    }

    pub(crate) fn speaks_oauth1(&self) -> bool {
        self.auth_method.as_deref() == Some(OAUTH1)
    }

    /// Whether the client can prove who it is (RFC 6749 §2.1).
    pub(crate) fn is_confidential(&self) -> bool {
        self.secret.is_some() || self.jwks.is_some()
    }

    pub(crate) fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| known == uri) || self.on_this_machine(uri)
    }

    pub(crate) fn may_return_to(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|known| known == uri) || self.on_this_machine(uri)
    }

    fn on_this_machine(&self, uri: &str) -> bool {
        let Ok(url) = Url::parse(uri) else { return false };
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        // `http://localhost:80@127.0.0.1/` reads like another address than it is.
        let plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        self.any_loopback && here && plain && matches!(url.scheme(), "http" | "https")
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
