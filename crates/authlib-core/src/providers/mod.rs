//! Presets of providers: a [`ClientConfig`] that lacks only the id and the secret.
//!
//! The values are from the providers' public documentation, and are tested against recorded responses,
//! not against the live services.

mod catalogue;
mod oauth1_rows;
mod oauth2_rows;
mod openid_rows;
mod preset;
mod presets;
mod request_hooks;
mod tenants;

pub use self::catalogue::{ProviderInfo, catalogue};
pub use self::presets::{
    discogs, discord, flickr, github, gitlab, google, linkedin, microsoft, spotify, trello, tumblr,
    twitter,
};
pub use self::tenants::{
    adfs, apple, auth0, authentik, cognito, descope, entra, frontegg, fusionauth,
    github_enterprise, hydra, keycloak, kinde, logto, mastodon, okta, onelogin, pingone, zitadel,
};

use self::oauth1_rows::OAUTH1;
use self::oauth2_rows::OAUTH2;
use self::openid_rows::OPENID;
use self::preset::Preset;
use crate::config::ClientConfig;

/// The names of the presets that need only an id and a secret.
pub const NAMES: &[&str] = &names();

/// All rows.
fn rows() -> impl Iterator<Item = &'static Preset> {
    [OPENID, OAUTH2, OAUTH1].into_iter().flatten()
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn names() -> [&'static str; OPENID.len() + OAUTH2.len() + OAUTH1.len()] {
    let mut names = [""; OPENID.len() + OAUTH2.len() + OAUTH1.len()];
    let (files, mut file, mut count) = ([OPENID, OAUTH2, OAUTH1], 0, 0);
    while file < files.len() {
        let mut row = 0;
        while row < files[file].len() {
            names[count] = files[file][row].name;
            (row, count) = (row + 1, count + 1);
        }
        file += 1;
    }
    names
}

/// The preset of this name.
///
/// ```
/// assert!(authlib_core::providers::named("github").is_some());
/// assert!(authlib_core::providers::named("my-company").is_none());
/// ```
#[must_use]
pub fn named(name: &str) -> Option<ClientConfig> {
    rows().find(|row| row.name == name).map(Preset::client)
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
    fn rows_are_in_alphabetical_order() {
        for rows in [OPENID, OAUTH2, OAUTH1] {
            assert!(rows.is_sorted_by_key(|row| row.name));
        }
        assert!(rows().map(|row| row.name).eq(NAMES.iter().copied()));
    }

    #[test]
    fn every_function_has_a_row() {
        for name in presets::FUNCTIONS {
            assert!(named(name).is_some(), "{name}");
        }
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
        let mut names: Vec<_> = catalogue().iter().map(|row| row.name).collect();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(NAMES.iter().all(|name| names.contains(name)));
        assert!(count >= 45, "{count}");
    }
}
