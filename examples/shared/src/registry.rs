//! The registry of an example app: the configured clients, or else the demo provider.

use authlib_core::OAuth;
use authlib_provider::Server;

use crate::{Settings, Storage, demo};

/// Builds the registry from the environment and the configuration file. If no client is configured, starts
/// the demo provider, which runs until the [`Server`] is dropped.
///
/// # Errors
///
/// All configuration errors at once, and those of [`Storage::open`] and [`demo`].
pub async fn registry(
    settings: &Settings,
) -> Result<(OAuth, Option<Server>), Box<dyn std::error::Error>> {
    let storage = Storage::open(settings).await?;
    let mut builder =
        storage.give(OAuth::builder()).base_url(&settings.base_url).load_env().discover_clients();
    if let Some(file) = &settings.config_file {
        builder = builder.load_file(file);
    }
    let oauth = builder.build_registered().await?;
    if oauth.clients().next().is_some() {
        return Ok((oauth, None));
    }
    let (server, oauth) = demo(&settings.base_url, &storage).await?;
    Ok((oauth, Some(server)))
}
