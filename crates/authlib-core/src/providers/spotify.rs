//! Spotify, by OAuth 2.0.

use crate::config::ClientConfig;

/// Spotify. `sub` is the account's `id`; its e-mail addresses are never verified.
#[must_use]
pub fn spotify() -> ClientConfig {
    ClientConfig::new("spotify")
        .label("Spotify")
        .authorization_endpoint("https://accounts.spotify.com/authorize")
        .token_endpoint("https://accounts.spotify.com/api/token")
        .userinfo_endpoint("https://api.spotify.com/v1/me")
        .api_base_url("https://api.spotify.com/v1/")
        .scope("user-read-email")
        .token_endpoint_auth_method("client_secret_basic")
        .subject_claim("id")
}
