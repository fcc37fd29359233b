//! The demo provider, for an app without a configured client.

use std::time::Duration;

use authlib_core::{ClientConfig, OAuth};
use authlib_provider::{Provider, Server};

use crate::Storage;

/// Starts the embedded provider on a free loopback port and registers it twice: as `demo`, by OpenID
/// Connect, and as `demo1`, by OAuth 1.0a.
///
/// # Errors
///
/// If the app has a public URL, as anybody could log in there; if there is no free port; and the errors of the
/// registry.
pub async fn demo(
    base_url: &str,
    storage: &Storage,
) -> Result<(Server, OAuth), Box<dyn std::error::Error>> {
    let url: http::Uri = base_url.parse()?;
    if !url.host().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host)) {
        return Err(format!(
            "no client is configured, and the demo provider is for http://localhost only, not {base_url}: set \
             GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or AUTHLIB_CONFIG"
        )
        .into());
    }
    // A newcomer sees a refresh after a minute, not after an hour.
    let provider = |issuer| {
        Provider::demo_builder(issuer).access_token_lifetime(Duration::from_secs(120)).build()
    };
    let server = Server::start(provider).await?;
    println!("No client is configured, so the demo provider runs at {}", server.issuer());
    let demo = ClientConfig::new("demo")
        .display_name("Demo provider")
        .client_id("demo")
        .client_secret("demo-secret")
        .issuer(server.issuer())
        .scope("openid profile email")
        .api_base_url(format!("{}/api/", server.issuer()));
    let oauth1 = format!("{}/oauth1", server.issuer());
    let demo1 = ClientConfig::new("demo1")
        .display_name("Demo provider (OAuth 1.0a)")
        .client_id("demo1")
        .client_secret("demo1-secret")
        .request_token_url(format!("{oauth1}/request_token"))
        .authorization_endpoint(format!("{oauth1}/authorize"))
        .token_endpoint(format!("{oauth1}/access_token"))
        .userinfo_endpoint(format!("{oauth1}/api/me"))
        .without_userinfo_at_login()
        .api_base_url(format!("{oauth1}/api/"));
    let builder = storage.give(OAuth::builder()).base_url(base_url);
    let oauth = builder.register(demo).register(demo1).build()?;
    Ok((server, oauth))
}
