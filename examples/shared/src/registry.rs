//! The registry of an example app: the configured clients, or else the demo provider.

use authlib_core::OAuth;
use authlib_provider::Server;

use crate::{Settings, demo};

/// Builds the registry from the environment and the configuration file. If no client is configured, starts
/// the demo provider, which runs until the [`Server`] is dropped.
///
/// # Errors
///
/// All configuration errors at once, and those of [`demo`].
pub async fn registry(
    settings: &Settings,
) -> Result<(OAuth, Option<Server>), Box<dyn std::error::Error>> {
    let mut builder = OAuth::builder().base_url(&settings.base_url).load_env();
    if let Some(file) = &settings.config_file {
        builder = builder.load_file(file);
    }
    let oauth = builder.build()?;
    if oauth.clients().next().is_some() {
        return Ok((oauth, None));
    }
    let (server, oauth) = demo(&settings.base_url).await?;
    Ok((oauth, Some(server)))
}
