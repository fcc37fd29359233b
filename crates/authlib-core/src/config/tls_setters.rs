//! The setters of mutual TLS (RFC 8705).

use super::ClientConfig;
use crate::secret::Secret;

impl ClientConfig {
    /// Sets the client's certificate for mutual TLS (RFC 8705), with its chain: PEM text, or the path of a PEM file, which
    /// is read again when it changes. It is sent to every server of this client that asks for one, APIs included, over
    /// connections that no other client uses. The requests go to the provider's `mtls_endpoint_aliases`.
    ///
    /// A client with a certificate and without a secret and a private key authenticates with it; for a public client
    /// whose tokens are bound to it, set `token_endpoint_auth_method` to [`AuthMethod::None`](crate::oauth2::AuthMethod).
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// let bank = ClientConfig::new("bank")
    ///     .issuer("https://login.bank.example")
    ///     .client_id("app")
    ///     .tls_client_certificate("/etc/app/tls.crt")
    ///     .tls_client_key("/etc/app/tls.key");
    /// # let _ = bank;
    /// ```
    #[must_use]
    pub fn tls_client_certificate(mut self, pem_or_path: impl Into<Secret>) -> Self {
        self.tls_client_certificate = Some(pem_or_path.into()).filter(|text| !text.is_empty());
        self
    }

    /// Sets the key of [`tls_client_certificate`](Self::tls_client_certificate): PEM text (PKCS#8, PKCS#1 or SEC 1), or the
    /// path of a PEM file. Default: it is in the same PEM as the certificate.
    #[must_use]
    pub fn tls_client_key(mut self, pem_or_path: impl Into<Secret>) -> Self {
        self.tls_client_key = Some(pem_or_path.into()).filter(|text| !text.is_empty());
        self
    }

    /// Sets whether the provider must bind access tokens to the certificate (RFC 8705 §3.3): then one whose metadata do not
    /// announce it is refused. Default: it may bind them.
    #[must_use]
    pub fn tls_client_certificate_bound_access_tokens(mut self, required: bool) -> Self {
        self.tls_client_certificate_bound_access_tokens = Some(required);
        self
    }

    pub(super) fn has_tls_certificate(&self) -> bool {
        self.tls_client_certificate.as_ref().is_some_and(|text| !text.is_empty())
    }
}
