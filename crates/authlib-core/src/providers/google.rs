//! Google, by OpenID Connect.

use crate::config::ClientConfig;

/// Google. A refresh token comes only with `access_type=offline`, and again only with
/// `prompt=consent`; both are `authorize_params`. To admit the accounts of one domain, check the `hd`
/// claim: the parameter of that name is a hint to the chooser only.
#[must_use]
pub fn google() -> ClientConfig {
    let mut config = ClientConfig::new("google")
        .label("Google")
        .issuer("https://accounts.google.com")
        .api_base_url("https://www.googleapis.com/")
        .scope("openid email profile")
        .token_endpoint_auth_method("client_secret_post");
    // Google's ID tokens may name it without the scheme.
    config.accepted_issuers = vec!["accounts.google.com".to_owned()];
    config
}
