//! GitHub, by OAuth 2.0.

use crate::config::ClientConfig;

/// GitHub, which does not speak OpenID Connect to web applications: who the user is comes from its API,
/// and `sub` is the account's number, never the login name, which can change hands. E-mail addresses
/// are at `user/emails`; believe the entry that is `primary` and `verified` only. A device may log in too,
/// where the application's settings at GitHub allow it.
#[must_use]
pub fn github() -> ClientConfig {
    let mut config = ClientConfig::new("github")
        .label("GitHub")
        .authorization_endpoint("https://github.com/login/oauth/authorize")
        .token_endpoint("https://github.com/login/oauth/access_token")
        .device_authorization_endpoint("https://github.com/login/device/code")
        .userinfo_endpoint("https://api.github.com/user")
        .api_base_url("https://api.github.com/")
        .scope("read:user user:email")
        .subject_claim("id");
    // What GitHub puts into callbacks as `iss`.
    config.accepted_issuers = vec!["https://github.com/login/oauth".to_owned()];
    config
}
