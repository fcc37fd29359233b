//! Presets of providers: a [`ClientConfig`] that lacks only the id and the secret.
//!
//! The values are from the providers' public documentation, and are tested against recorded responses,
//! not against the live services.

mod catalogue;
mod preset;
mod presets;
mod rows;
mod tenants;

pub use self::catalogue::{CATALOGUE, ProviderInfo};
pub use self::presets::{
    discogs, discord, flickr, github, gitlab, google, linkedin, microsoft, spotify, trello, tumblr,
    twitter,
};
pub use self::tenants::{
    adfs, apple, auth0, authentik, cognito, descope, entra, frontegg, github_enterprise, keycloak,
    kinde, logto, mastodon, okta, onelogin, pingone, zitadel,
};

use crate::config::ClientConfig;

/// The names of the presets that need only an id and a secret.
pub const NAMES: &[&str] = &[
    "amazon",
    "apple",
    "atlassian",
    "battlenet",
    "bitbucket",
    "discogs",
    "discord",
    "dropbox",
    "facebook",
    "figma",
    "fitbit",
    "flickr",
    "github",
    "gitlab",
    "google",
    "intuit",
    "kakao",
    "line",
    "linkedin",
    "microsoft",
    "naver",
    "orcid",
    "patreon",
    "paypal",
    "reddit",
    "roblox",
    "salesforce",
    "slack",
    "spotify",
    "strava",
    "trello",
    "tumblr",
    "twitch",
    "twitter",
    "twitter2",
    "wikimedia",
    "yahoo",
    "yandex",
    "zoom",
];

/// The preset of this name.
///
/// ```
/// assert!(authlib_core::providers::named("github").is_some());
/// assert!(authlib_core::providers::named("my-company").is_none());
/// ```
#[must_use]
pub fn named(name: &str) -> Option<ClientConfig> {
    let row = rows::ROWS.iter().find(|row| row.name == name);
    row.map(preset::Preset::client).or_else(|| presets::named(name))
}

impl From<&str> for ClientConfig {
    /// The preset of this name, or else a client that has only its name.
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
    fn names_are_those_of_all_rows() {
        let rows = rows::ROWS.iter().map(|row| row.name);
        let mut all: Vec<_> = rows.chain(presets::NAMES.iter().copied()).collect();
        all.sort_unstable();
        assert_eq!(all, NAMES);
    }

    #[test]
    fn every_preset_needs_only_id_and_secret() {
        for name in NAMES {
            let preset = named(name).unwrap();
            assert_eq!(preset.name, *name);
            let mut preset = preset.client_id("id").client_secret("s");
            if *name == "microsoft" {
                let problems = preset.clone().resolve().unwrap_err();
                assert!(problems[0].to_string().contains("`allowed_tenants` is missing"));
                preset = preset.any_tenant();
            }
            assert!(preset.resolve().is_ok(), "{name}");
        }
        assert!(named("my-company").is_none());
    }

    #[test]
    fn catalogue_has_every_preset_once() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        let (all, count) = (names.clone(), names.len());
        names.dedup();
        assert_eq!(names.len(), count);
        for name in NAMES {
            assert!(all.contains(name), "{name}");
        }
        assert!(all.len() >= 45, "{}", all.len());
    }
}
