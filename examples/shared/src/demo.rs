//! A provider of one's own, for an app that has none configured.

use authlib_core::{ClientConfig, OAuth};
use authlib_provider::{Provider, Server};

/// Starts the embedded provider on a free loopback port and registers it as `demo`.
///
/// # Errors
///
/// When there is no free port, and what is wrong with the registry.
pub async fn demo(base_url: &str) -> Result<(Server, OAuth), Box<dyn std::error::Error>> {
    let server = Server::start(|issuer| Provider::new(issuer)).await?;
    println!("No client is configured, so the demo provider runs at {}", server.issuer());
    let demo = ClientConfig::new("demo")
        .label("the demo provider")
        .client_id("demo")
        .client_secret("demo-secret")
        .issuer(server.issuer())
        .scope("openid profile email")
        .api_base_url(format!("{}/api/", server.issuer()));
    let oauth = OAuth::builder().base_url(base_url).register(demo).build()?;
    Ok((server, oauth))
}
