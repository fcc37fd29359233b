//! Standalone clients: programs without a registry.

use authlib_core::{ClientConfig, Grant, Secret};
use authlib_provider::{TestClient, TestUser};

use super::{CALLBACK, ISSUER, SECRET, TestBed};

/// The settings of a standalone client, `solo`.
pub(crate) fn registered() -> ClientConfig {
    ClientConfig::new("solo")
        .client_id("app")
        .client_secret(SECRET)
        .authorization_endpoint(format!("{ISSUER}/authorize"))
        .token_endpoint(format!("{ISSUER}/token"))
        .revocation_endpoint(format!("{ISSUER}/revoke"))
        .introspection_endpoint(format!("{ISSUER}/introspect"))
        .api_base_url(format!("{ISSUER}/api/"))
        .redirect_uri(CALLBACK)
        .scope("read write")
}

/// The same without a secret.
pub(crate) fn public() -> ClientConfig {
    registered().client_secret("")
}

/// A provider with the user Carol, who has a password, and the public client `cli`.
pub(crate) fn standalone_bed() -> TestBed {
    TestBed::with(
        |provider| {
            provider
                .user(TestUser::new("carol").password("hush"))
                .client(TestClient::public("cli").redirect_uri(CALLBACK))
        },
        |client| client,
        |oauth| oauth,
    )
}

/// The password grant: a refresh token without a browser.
pub(crate) fn carol() -> Grant {
    Grant::dangerous_password("carol", &Secret::new("hush"))
}
