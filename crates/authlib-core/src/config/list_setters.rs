//! The setters that add an entry to a list.

use serde_json::Value;

use super::ClientConfig;

impl ClientConfig {
    /// Adds another spelling of the issuer in ID tokens and callbacks. A user who logs in with it is the same
    /// user: the login, its identity and the claims have the configured `issuer`.
    ///
    /// ```
    /// use authlib_core::ClientConfig;
    ///
    /// let google = ClientConfig::new("google")
    ///     .issuer("https://accounts.google.com")
    ///     .issuer_alias("accounts.google.com");
    /// # let _ = google;
    /// ```
    #[must_use]
    pub fn issuer_alias(mut self, issuer: impl Into<String>) -> Self {
        self.issuer_aliases.push(issuer.into());
        self
    }

    /// Adds another issuer whose ID tokens are accepted. Its users are other users than those of `issuer`,
    /// also if they have the same `sub` (OpenID Connect Core §5.7): the login has the token's own `iss`.
    ///
    /// **The keys of `issuer` verify these tokens too**: add only issuers of the same provider. For other
    /// spellings of one issuer, see [`issuer_alias`](Self::issuer_alias).
    #[must_use]
    pub fn accepted_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.accepted_issuers.push(issuer.into());
        self
    }

    /// Adds a tenant whose users may log in, if the `issuer` has many tenants: one with the placeholder
    /// `{tenantid}`, or Microsoft's `common` or `organizations`. It is the tenant's id, as in the signed claim
    /// `tid`, not its domain.
    ///
    /// ```
    /// use authlib_core::providers;
    ///
    /// let microsoft = providers::microsoft()
    ///     .client_id("id")
    ///     .client_secret("secret")
    ///     .allowed_tenant("11111111-2222-3333-4444-555555555555");
    /// # let _ = microsoft;
    /// ```
    #[must_use]
    pub fn allowed_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.allowed_tenants.push(tenant.into());
        self
    }

    /// Adds an error code by which the provider says that the user denied access or cancelled the login,
    /// beside `access_denied` (RFC 6749 §4.1.2.1): the login then ends with
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied). Apple sends `user_cancelled_authorize`.
    #[must_use]
    pub fn access_denied_error(mut self, code: impl Into<String>) -> Self {
        self.access_denied_errors.push(code.into());
        self
    }

    /// Adds an origin that the access token may be sent to, such as `https://uploads.example.com`.
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
}
