//! Trello, by OAuth 1.0a.

use crate::config::ClientConfig;

/// Trello. What is asked for (`scope`, with commas) and for how long (`expiration`) stands in the
/// authorization URL; here it is to read, for good. Nothing in the login says who it is: read `members/me`,
/// whose `id` names the account.
#[must_use]
pub fn trello() -> ClientConfig {
    ClientConfig::new("trello")
        .label("Trello")
        .request_token_url("https://trello.com/1/OAuthGetRequestToken")
        .authorization_endpoint("https://trello.com/1/OAuthAuthorizeToken")
        .token_endpoint("https://trello.com/1/OAuthGetAccessToken")
        .api_base_url("https://api.trello.com/1/")
        .authorize_param("scope", "read,account")
        .authorize_param("expiration", "never")
}
