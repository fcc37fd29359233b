//! LinkedIn, by OpenID Connect.

use crate::config::ClientConfig;

/// LinkedIn. Its ID tokens don't repeat the nonce, and its web applications can't use PKCE: the code is
/// protected by `state` and the client secret alone.
#[must_use]
pub fn linkedin() -> ClientConfig {
    let mut config = ClientConfig::new("linkedin")
        .label("LinkedIn")
        .issuer("https://www.linkedin.com/oauth")
        .authorization_endpoint("https://www.linkedin.com/oauth/v2/authorization")
        .token_endpoint("https://www.linkedin.com/oauth/v2/accessToken")
        .jwks_uri("https://www.linkedin.com/oauth/openid/jwks")
        .userinfo_endpoint("https://api.linkedin.com/v2/userinfo")
        .api_base_url("https://api.linkedin.com/v2/")
        .scope("openid profile email")
        .token_endpoint_auth_method("client_secret_post")
        .dangerous_skip_nonce()
        .dangerous_skip_pkce();
    // How its ID tokens named it before they had a path.
    config.accepted_issuers = vec!["https://www.linkedin.com".to_owned()];
    config
}
