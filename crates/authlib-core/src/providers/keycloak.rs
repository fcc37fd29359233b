//! Keycloak, by OpenID Connect.

use crate::config::ClientConfig;

/// The realm `realm` of the Keycloak at `base`, such as `https://id.example.com`.
#[must_use]
pub fn keycloak(base: &str, realm: &str) -> ClientConfig {
    ClientConfig::new("keycloak")
        .label("Keycloak")
        .issuer(format!("{}/realms/{realm}", base.trim_end_matches('/')))
        .scope("openid profile email")
}
