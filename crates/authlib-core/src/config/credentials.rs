//! Which credentials a configuration has, and the configuration of a registered client.

use std::time::{Duration, SystemTime};

use super::ClientConfig;
use crate::endpoint::Endpoint;
use crate::oauth2::{AuthMethod, ClientInformation};
use crate::secret::Secret;

impl ClientConfig {
    /// The configuration of a dynamically registered client (RFC 7591 §3.2.1).
    pub(crate) fn of_registration(name: &str, client: &ClientInformation) -> Self {
        let mut config = Self::new(name).client_id(&client.client_id);
        config.client_secret.clone_from(&client.client_secret);
        config.scope.clone_from(&client.metadata.scope);
        config.redirect_uri = client.metadata.redirect_uris.first().cloned();
        if let Some(method) = &client.metadata.token_endpoint_auth_method {
            config.set("token_endpoint_auth_method", method.as_str().into());
        }
        config
    }

    pub(super) fn has_endpoint(&self, endpoint: Endpoint) -> bool {
        self.endpoints.contains_key(&endpoint)
    }

    /// Sets how long a secret of [`client_secret_source`](Self::client_secret_source) is used before it is fetched again.
    /// Default: 5 minutes.
    #[must_use]
    pub fn client_secret_ttl(mut self, ttl: Duration) -> Self {
        self.client_secret_ttl = Some(ttl);
        self
    }

    /// Publishes the key that will replace [`private_key`](Self::private_key) in
    /// [`public_jwks`](crate::RegisteredClient::public_jwks), so that the provider knows it before it is used. It signs from
    /// [`next_private_key_not_before`](Self::next_private_key_not_before) on; without it, it is only published.
    #[must_use]
    pub fn next_private_key(mut self, key: impl Into<Secret>) -> Self {
        self.next_private_key = Some(key.into());
        self
    }

    /// Sets the `kid` of the next private key. Default: that of the JWK.
    #[must_use]
    pub fn next_private_key_id(mut self, kid: impl Into<String>) -> Self {
        self.next_private_key_id = Some(kid.into()).filter(|kid| !kid.is_empty());
        self
    }

    /// Sets when the next private key begins to sign instead of the present one. The present key stays published.
    #[must_use]
    pub fn next_private_key_not_before(mut self, time: SystemTime) -> Self {
        self.next_private_key_not_before = Some(time);
        self
    }

    pub(super) fn has_secret(&self) -> bool {
        self.client_secret.as_ref().is_some_and(|secret| !secret.is_empty())
            || self.extensions.secrets.is_some()
    }

    /// The client secret, unless it is an empty one that counts as none.
    pub(super) fn used_client_secret(&self) -> Option<Secret> {
        let is_used = |secret: &Secret| !secret.is_empty() || self.has_empty_secret();
        self.client_secret.clone().filter(is_used)
    }

    /// Whether the secret is empty on purpose: RFC 6749 §2.3.1 knows clients whose secret is an empty
    /// string, such as Reddit's installed apps.
    pub(super) fn has_empty_secret(&self) -> bool {
        self.client_secret.as_ref().is_some_and(Secret::is_empty)
            && self.token_endpoint_auth_method == Some(AuthMethod::ClientSecretBasic)
    }

    pub(super) fn has_private_key(&self) -> bool {
        self.private_key.as_ref().is_some_and(|key| !key.is_empty())
            || self.extensions.signer.is_some()
    }
}
