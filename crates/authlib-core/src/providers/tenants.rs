//! Presets of providers that have an issuer for each customer.

use crate::config::ClientConfig;

/// The Auth0 tenant at `domain`, such as `example.eu.auth0.com`. Its issuer ends in a slash.
#[must_use]
pub fn auth0(domain: &str) -> ClientConfig {
    tenant("auth0", "Auth0", format!("https://{}/", without_scheme(domain)))
}

/// The realm `realm` of the Keycloak server at `base`, such as `https://id.example.com`.
#[must_use]
pub fn keycloak(base: &str, realm: &str) -> ClientConfig {
    tenant("keycloak", "Keycloak", format!("{}/realms/{realm}", base.trim_end_matches('/')))
}

/// The Okta organisation or authorization server at `issuer`, such as
/// `example.okta.com/oauth2/default`. Identify users by `sub`, never by `preferred_username`.
#[must_use]
pub fn okta(issuer: &str) -> ClientConfig {
    tenant("okta", "Okta", format!("https://{}", without_scheme(issuer)))
}

fn tenant(name: &str, display_name: &str, issuer: String) -> ClientConfig {
    ClientConfig::new(name).display_name(display_name).issuer(issuer).scope("openid profile email")
}

/// The host, and perhaps a path, of a URL that may be copied from a browser's address bar.
fn without_scheme(domain: &str) -> &str {
    domain.trim().trim_start_matches("https://").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_issuer_matches_provider_spelling() {
        for (config, issuer) in [
            (auth0("x.eu.auth0.com"), "https://x.eu.auth0.com/"),
            (auth0("https://x.eu.auth0.com/"), "https://x.eu.auth0.com/"),
            (okta("x.okta.com"), "https://x.okta.com"),
            (okta("https://x.okta.com/oauth2/default/"), "https://x.okta.com/oauth2/default"),
            (keycloak("https://id.example/", "main"), "https://id.example/realms/main"),
        ] {
            let settings = config.client_id("id").client_secret("s").resolve().unwrap();
            assert_eq!(settings.issuer.as_deref(), Some(issuer));
        }
    }
}
