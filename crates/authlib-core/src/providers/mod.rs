//! Real providers, each a [`ClientConfig`] that lacks only the id and the secret.
//!
//! The values come from the providers' public documentation; none of them could be tried against the
//! live service from where this was written.

mod auth0;
mod discord;
mod github;
mod gitlab;
mod google;
mod keycloak;
mod linkedin;
mod okta;
mod spotify;

pub use self::auth0::auth0;
pub use self::discord::discord;
pub use self::github::github;
pub use self::gitlab::gitlab;
pub use self::google::google;
pub use self::keycloak::keycloak;
pub use self::linkedin::linkedin;
pub use self::okta::okta;
pub use self::spotify::spotify;

use crate::config::ClientConfig;

/// The names of the presets that need nothing but an id and a secret.
pub const NAMES: &[&str] = &["discord", "github", "gitlab", "google", "linkedin", "spotify"];

/// The preset of this name.
///
/// ```
/// assert!(authlib_core::providers::named("github").is_some());
/// assert!(authlib_core::providers::named("my-company").is_none());
/// ```
#[must_use]
pub fn named(name: &str) -> Option<ClientConfig> {
    Some(match name {
        "discord" => discord(),
        "github" => github(),
        "gitlab" => gitlab(),
        "google" => google(),
        "linkedin" => linkedin(),
        "spotify" => spotify(),
        _ => return None,
    })
}
