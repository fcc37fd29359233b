//! X, which was Twitter, by OAuth 1.0a.

use crate::config::ClientConfig;

/// X (Twitter) by OAuth 1.0a. `sub` is the account's `user_id`, which the token answer says together with
/// the `screen_name`. A refusal comes back as `denied`. Read more of the user from
/// `account/verify_credentials.json`.
#[must_use]
pub fn twitter() -> ClientConfig {
    ClientConfig::new("twitter")
        .label("X")
        .request_token_url("https://api.x.com/oauth/request_token")
        .authorization_endpoint("https://api.x.com/oauth/authenticate")
        .token_endpoint("https://api.x.com/oauth/access_token")
        .api_base_url("https://api.x.com/1.1/")
        .subject_claim("user_id")
}
