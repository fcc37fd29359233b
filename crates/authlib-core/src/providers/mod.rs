//! Real providers, each a [`ClientConfig`] that lacks only the id and the secret.
//!
//! The values come from the providers' public documentation; none of them could be tried against the
//! live service from where this was written.

mod auth0;
mod discogs;
mod discord;
mod flickr;
mod github;
mod gitlab;
mod google;
mod keycloak;
mod linkedin;
mod okta;
mod spotify;
mod trello;
mod tumblr;
mod twitter;

pub use self::auth0::auth0;
pub use self::discogs::discogs;
pub use self::discord::discord;
pub use self::flickr::flickr;
pub use self::github::github;
pub use self::gitlab::gitlab;
pub use self::google::google;
pub use self::keycloak::keycloak;
pub use self::linkedin::linkedin;
pub use self::okta::okta;
pub use self::spotify::spotify;
pub use self::trello::trello;
pub use self::tumblr::tumblr;
pub use self::twitter::twitter;

use crate::config::ClientConfig;

/// The names of the presets that need nothing but an id and a secret.
pub const NAMES: &[&str] = &[
    "discogs", "discord", "flickr", "github", "gitlab", "google", "linkedin", "spotify", "trello",
    "tumblr", "twitter",
];

/// The preset of this name.
///
/// ```
/// assert!(authlib_core::providers::named("github").is_some());
/// assert!(authlib_core::providers::named("my-company").is_none());
/// ```
#[must_use]
pub fn named(name: &str) -> Option<ClientConfig> {
    Some(match name {
        "discogs" => discogs(),
        "discord" => discord(),
        "flickr" => flickr(),
        "github" => github(),
        "gitlab" => gitlab(),
        "google" => google(),
        "linkedin" => linkedin(),
        "spotify" => spotify(),
        "trello" => trello(),
        "tumblr" => tumblr(),
        "twitter" => twitter(),
        _ => return None,
    })
}

/// A host, and perhaps a path, of what may have been copied from a browser's address bar.
fn bare(domain: &str) -> &str {
    domain.trim().trim_start_matches("https://").trim_end_matches('/')
}

impl From<&str> for ClientConfig {
    /// The preset of this name, or else a client of which nothing is known but its name.
    fn from(name: &str) -> Self {
        named(name).unwrap_or_else(|| Self::new(name))
    }
}

impl From<String> for ClientConfig {
    /// As from `&str`.
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_of_tenants_are_spelt_as_the_providers_spell_them() {
        for (config, issuer) in [
            (auth0("x.eu.auth0.com"), "https://x.eu.auth0.com/"),
            (auth0("https://x.eu.auth0.com/"), "https://x.eu.auth0.com/"),
            (okta("x.okta.com"), "https://x.okta.com"),
            (okta("https://x.okta.com/oauth2/default/"), "https://x.okta.com/oauth2/default"),
            (keycloak("https://id.example/", "main"), "https://id.example/realms/main"),
        ] {
            assert_eq!(config.issuer.as_deref(), Some(issuer));
            let config = config.client_id("id").client_secret("s");
            assert!(config.resolve().is_ok(), "{issuer}");
        }
    }

    #[test]
    fn every_name_has_its_preset_and_every_preset_its_name() {
        for name in NAMES {
            assert_eq!(named(name).unwrap().name, *name);
        }
    }
}
