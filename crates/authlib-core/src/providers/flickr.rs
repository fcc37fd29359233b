//! Flickr, by OAuth 1.0a.

use crate::config::ClientConfig;

/// Flickr. `sub` is the account's `user_nsid`, which the token answer says together with `username` and
/// `fullname`. Ask the API with `format=json` and `nojsoncallback=1`, or it answers with a script.
#[must_use]
pub fn flickr() -> ClientConfig {
    ClientConfig::new("flickr")
        .label("Flickr")
        .request_token_url("https://www.flickr.com/services/oauth/request_token")
        .authorization_endpoint("https://www.flickr.com/services/oauth/authorize")
        .token_endpoint("https://www.flickr.com/services/oauth/access_token")
        .api_base_url("https://api.flickr.com/services/")
        .authorize_param("perms", "read")
        .subject_claim("user_nsid")
}
