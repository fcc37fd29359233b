//! Discogs, by OAuth 1.0a.

use crate::config::ClientConfig;

/// Discogs. It wants a `User-Agent` that names the application: set
/// [`user_agent`](ClientConfig::user_agent) to yours. Nothing in the login says who it is: its user info
/// is `oauth/identity`, whose `username` is `sub`.
#[must_use]
pub fn discogs() -> ClientConfig {
    ClientConfig::new("discogs")
        .label("Discogs")
        .request_token_url("https://api.discogs.com/oauth/request_token")
        .authorization_endpoint("https://discogs.com/oauth/authorize")
        .token_endpoint("https://api.discogs.com/oauth/access_token")
        .userinfo_endpoint("https://api.discogs.com/oauth/identity")
        .api_base_url("https://api.discogs.com/")
        .subject_claim("username")
}
