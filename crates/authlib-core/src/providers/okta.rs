//! Okta, by OpenID Connect.

use crate::config::ClientConfig;

/// The Okta organisation or authorization server at `issuer`, such as
/// `example.okta.com/oauth2/default`. Users are told apart by `sub`, never by `preferred_username`.
#[must_use]
pub fn okta(issuer: &str) -> ClientConfig {
    ClientConfig::new("okta")
        .label("Okta")
        .issuer(format!("https://{issuer}"))
        .scope("openid profile email")
}
