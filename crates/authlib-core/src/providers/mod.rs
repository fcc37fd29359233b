//! Presets of providers: a [`ClientConfig`] that lacks only the id and the secret.
//!
//! The values are from the providers' public documentation, and are tested against recorded responses,
//! not against the live services.

mod presets;
mod tenants;

pub use self::presets::{
    NAMES, discogs, discord, flickr, github, gitlab, google, linkedin, microsoft, named, spotify,
    trello, tumblr, twitter,
};
pub use self::tenants::{auth0, keycloak, okta};

use crate::config::ClientConfig;

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
