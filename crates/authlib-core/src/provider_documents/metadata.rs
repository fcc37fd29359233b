//! The provider's metadata document (RFC 8414), and the endpoints: the configured ones first, then
//! those of the document.

use std::sync::Arc;

use url::Url;

use super::documents::ProviderDocuments;
use crate::config::ClientSettings;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::http_exchange::HttpExchange;
use crate::message::{self, with_source};
use crate::oauth2::metadata::{MTLS_ALIASES, ServerMetadata, parse_metadata_response};

impl ProviderDocuments {
    /// The document, fetched on first use; `None` if the client is configured without one.
    pub(crate) async fn metadata(&self) -> Result<Option<Arc<ServerMetadata>>> {
        let settings = &self.settings;
        let Some(url) = settings.metadata_url.as_ref().filter(|_| settings.issuer.is_some()) else {
            return Ok(None);
        };
        let fetch = || {
            let (exchange, settings) = (self.exchange.clone(), settings.clone());
            let url = url.clone();
            async move { fetch_metadata(&exchange, &settings, &url).await }
        };
        self.metadata.get(self.clock.now(), false, fetch).await.map(Some)
    }

    /// The URL of an endpoint.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the document lacks an endpoint that it must have, otherwise
    /// [`ErrorKind::Unsupported`].
    pub(crate) async fn endpoint(&self, endpoint: Endpoint) -> Result<Url> {
        let metadata = self.metadata().await?;
        self.endpoint_of(metadata.as_deref(), endpoint).cloned()
    }

    /// As [`endpoint`](Self::endpoint), with the document at hand.
    pub(crate) fn endpoint_of<'a>(
        &'a self,
        metadata: Option<&'a ServerMetadata>,
        endpoint: Endpoint,
    ) -> Result<&'a Url> {
        require_endpoint(&self.settings, metadata, endpoint)
    }

    /// The URL of an endpoint of a provider without metadata.
    #[cfg(feature = "oauth1")]
    pub(crate) fn configured_endpoint(&self, endpoint: Endpoint) -> Result<Url> {
        self.endpoint_of(None, endpoint).cloned()
    }

    /// The URL of an endpoint, if the provider has it.
    pub(crate) async fn find_endpoint(&self, endpoint: Endpoint) -> Result<Option<Url>> {
        let metadata = self.metadata().await?;
        Ok(find_endpoint(&self.settings, metadata.as_deref(), endpoint).cloned())
    }
}

async fn fetch_metadata(
    exchange: &HttpExchange,
    settings: &ClientSettings,
    url: &Url,
) -> Result<ServerMetadata> {
    let response = exchange.fetch("the metadata request", message::json_get(url)).await?;
    let document = parse_metadata_response(&response, &settings.issuers, &settings.http_hosts);
    let document = with_source(document, &response)?;
    for (member, reason) in document.unusable_members() {
        // A configured endpoint replaces the member.
        if !Endpoint::IN_METADATA
            .into_iter()
            .any(|endpoint| endpoint.name() == member && settings.endpoints.get(endpoint).is_some())
        {
            tracing::warn!(client = settings.name, %url, member, reason, "metadata member ignored");
        }
    }
    // A document that lacks what a login needs is not cached: the next login fetches it again.
    if settings.is_interactive {
        require_endpoint(settings, Some(&document), Endpoint::Authorization)?;
    }
    require_endpoint(settings, Some(&document), Endpoint::Token)?;
    if settings.needs_provider_keys() {
        require_endpoint(settings, Some(&document), Endpoint::Jwks)?;
    }
    if settings.tls.is_mutual {
        check_mutual_tls(settings, &document, url)?;
    }
    Ok(document)
}

/// Checks that the aliases can be used, and that access tokens are bound to the certificate if they must be (RFC 8705
/// §3.3, §5).
fn check_mutual_tls(settings: &ClientSettings, document: &ServerMetadata, url: &Url) -> Result<()> {
    if let Some(reason) = document.unusable(MTLS_ALIASES) {
        let check = format!("`{MTLS_ALIASES}` of the metadata at {url} can't be used: {reason}");
        return Err(Error::new(ErrorKind::InvalidResponse, check)
            .with_hint("report the fault to the provider"));
    }
    if settings.tls.requires_bound_tokens && !document.tls_client_certificate_bound_access_tokens {
        let check = format!(
            "the metadata at {url} do not say that access tokens are bound to the certificate \
             (`tls_client_certificate_bound_access_tokens`, RFC 8705 §3.3)"
        );
        return Err(Error::new(ErrorKind::Unsupported, check).with_hint(
            "to accept tokens that are not bound, set `tls_client_certificate_bound_access_tokens` to false",
        ));
    }
    Ok(())
}

fn find_endpoint<'a>(
    settings: &'a ClientSettings,
    metadata: Option<&'a ServerMetadata>,
    endpoint: Endpoint,
) -> Option<&'a Url> {
    let find = |endpoint| {
        let document = || metadata.and_then(|metadata| metadata.endpoints.get(endpoint));
        let mutual = metadata.filter(|_| settings.tls.is_mutual);
        let alias = || mutual.and_then(|metadata| metadata.mtls_aliases.get(endpoint));
        settings.endpoints.get(endpoint).or_else(alias).or_else(document)
    };
    match endpoint {
        // Refreshed at the token endpoint, unless another URL is configured.
        Endpoint::Refresh => find(endpoint).or_else(|| find(Endpoint::Token)),
        _ => find(endpoint),
    }
}

fn require_endpoint<'a>(
    settings: &'a ClientSettings,
    metadata: Option<&'a ServerMetadata>,
    endpoint: Endpoint,
) -> Result<&'a Url> {
    if let Some(url) = find_endpoint(settings, metadata, endpoint) {
        return Ok(url);
    }
    let (name, setting) = (endpoint.name(), endpoint.setting());
    let Some(url) = &settings.metadata_url else {
        let check = format!("the client is configured without `{setting}`");
        return Err(Error::new(ErrorKind::Unsupported, check)
            .with_hint(format!("set `{setting}`, or `issuer` for a provider with metadata")));
    };
    // These must be in every document (RFC 8414 §2, OpenID Connect Discovery §3); all others are
    // optional features.
    use Endpoint::{Authorization, Jwks, Refresh, Token};
    let kind = match endpoint {
        Authorization | Jwks | Refresh | Token => ErrorKind::InvalidResponse,
        _ => ErrorKind::Unsupported,
    };
    let check = match metadata.and_then(|metadata| metadata.unusable(name)) {
        Some(reason) => {
            let check = format!("`{name}` of the metadata at {url} can't be used: {reason}");
            return Err(
                Error::new(ErrorKind::InvalidResponse, check).with_hint(format!("set `{setting}`"))
            );
        }
        None => format!("the metadata at {url} has no `{name}`, and none is configured"),
    };
    Err(Error::new(kind, check).with_hint(format!("set `{setting}`")))
}
