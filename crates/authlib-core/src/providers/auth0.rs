//! Auth0, by OpenID Connect.

use crate::config::ClientConfig;

/// The Auth0 tenant at `domain`, such as `example.eu.auth0.com`. Its issuer ends in a slash.
#[must_use]
pub fn auth0(domain: &str) -> ClientConfig {
    ClientConfig::new("auth0")
        .label("Auth0")
        .issuer(format!("https://{domain}/"))
        .scope("openid profile email")
}
