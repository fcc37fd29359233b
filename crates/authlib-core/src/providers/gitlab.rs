//! GitLab, by OpenID Connect.

use crate::config::ClientConfig;

/// `GitLab.com`; for a host of your own set another `issuer` and `api_base_url`.
#[must_use]
pub fn gitlab() -> ClientConfig {
    ClientConfig::new("gitlab")
        .label("GitLab")
        .issuer("https://gitlab.com")
        .api_base_url("https://gitlab.com/api/v4/")
        .scope("openid profile email")
}
