//! Discord, by OAuth 2.0.

use crate::config::ClientConfig;

/// Discord. `sub` is the account's `id`; the e-mail address is verified when `verified` is true.
#[must_use]
pub fn discord() -> ClientConfig {
    ClientConfig::new("discord")
        .label("Discord")
        .authorization_endpoint("https://discord.com/oauth2/authorize")
        .token_endpoint("https://discord.com/api/oauth2/token")
        .userinfo_endpoint("https://discord.com/api/users/@me")
        .api_base_url("https://discord.com/api/")
        .scope("identify email")
        .subject_claim("id")
}
