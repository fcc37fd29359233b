//! LinkedIn, by OAuth 2.0 with its OpenID Connect user info.

use crate::config::ClientConfig;

/// LinkedIn. Its ID tokens don't repeat the nonce, so OpenID Connect is not asked for and the user info
/// says who the user is. Its web applications can't use PKCE: the code is protected by `state` and the
/// client secret alone.
#[must_use]
pub fn linkedin() -> ClientConfig {
    ClientConfig::new("linkedin")
        .label("LinkedIn")
        .authorization_endpoint("https://www.linkedin.com/oauth/v2/authorization")
        .token_endpoint("https://www.linkedin.com/oauth/v2/accessToken")
        .userinfo_endpoint("https://api.linkedin.com/v2/userinfo")
        .api_base_url("https://api.linkedin.com/v2/")
        .scope("profile email")
        .token_endpoint_auth_method("client_secret_post")
        .dangerous_skip_pkce()
}
