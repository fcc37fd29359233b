//! The client `service`, which gets tokens without a user.

use authlib_core::config::Refresh;
use authlib_core::{ClientConfig, Grant, JwtBearer};
use authlib_provider::TestClient;
use serde_json::json;

use super::keys::{P256, public_jwk};
use super::{ISSUER, TestBed, client};

/// The refresh methods that need no login.
pub(crate) const WAYS: [Way; 3] = [Way::Assertion, Way::Callback, Way::ClientCredentials];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Assertion,
    Callback,
    ClientCredentials,
}

/// A provider with the client `service`, which also trusts the assertions of the issuer `robot`.
pub(crate) fn service_bed() -> TestBed {
    let keys = json!({ "keys": [public_jwk("p256", "k1")] });
    TestBed::with(
        |provider| {
            let service = TestClient::confidential("service", "secret-of-the-service-32-bytes-l");
            provider.client(service).assertion_issuer("robot", keys)
        },
        |client| client,
        |oauth| oauth,
    )
}

/// The settings of the client `service`.
pub(crate) fn service() -> ClientConfig {
    ClientConfig::new("service")
        .client_id("service")
        .client_secret("secret-of-the-service-32-bytes-l")
        .token_endpoint(format!("{ISSUER}/token"))
        .revocation_endpoint(format!("{ISSUER}/revoke"))
        .introspection_endpoint(format!("{ISSUER}/introspect"))
        .api_base_url(format!("{ISSUER}/api/"))
        .scope("read")
}

impl Way {
    pub(crate) fn config(self, bed: &TestBed) -> ClientConfig {
        match self {
            Self::Assertion => service().refresh_with(JwtBearer::new("robot", P256).key_id("k1")),
            Self::Callback => {
                let other = client(bed, service());
                service().refresh_with(Refresh::callback(move |_| {
                    let other = other.clone();
                    async move {
                        other.registered_client().fetch_token(Grant::client_credentials()).await
                    }
                }))
            }
            Self::ClientCredentials => service().refresh_with(Refresh::ClientCredentials),
        }
    }
}
