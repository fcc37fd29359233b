//! Tumblr, by OAuth 1.0a.

use crate::config::ClientConfig;

/// Tumblr. Nothing in the login says who it is, and accounts have no number: read `user/info`, whose
/// `response.user.name` is the account's name, which can change.
#[must_use]
pub fn tumblr() -> ClientConfig {
    ClientConfig::new("tumblr")
        .label("Tumblr")
        .request_token_url("https://www.tumblr.com/oauth/request_token")
        .authorization_endpoint("https://www.tumblr.com/oauth/authorize")
        .token_endpoint("https://www.tumblr.com/oauth/access_token")
        .api_base_url("https://api.tumblr.com/v2/")
}
