//! The provider's metadata as a registered client sees them: registered endpoints first, then the
//! cached document.

use std::sync::Arc;

use url::Url;

use crate::app::RegisteredClient;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::metadata::{ServerMetadata, metadata_request, parse_metadata_response};

impl RegisteredClient {
    /// The document, fetched when it is needed first; nothing where the client is registered without.
    pub(crate) async fn metadata(&self) -> Result<Option<Arc<ServerMetadata>>> {
        let settings = &self.inner.settings;
        let (Some(url), Some(issuer)) = (&settings.metadata_url, &settings.issuer) else {
            return Ok(None);
        };
        let fetch = || {
            let (app, url, issuer) = (self.clone(), url.clone(), issuer.clone());
            async move { app.fetch_metadata(&url, &issuer).await }
        };
        let metadata = self.inner.metadata.get(self.now(), fetch).await;
        metadata.map(Some).map_err(|error| error.with_client(self.name()))
    }

    async fn fetch_metadata(&self, url: &Url, issuer: &str) -> Result<ServerMetadata> {
        let request = metadata_request(url);
        let response = self.inner.driver.send("the request for metadata", request).await?;
        let document = parse_metadata_response(&response, issuer)?;
        // One that lacks what a login needs is not kept: the next login asks again.
        let registered = &self.inner.settings.endpoints;
        let (login, token) =
            (registered.get(Endpoint::Authorization), registered.get(Endpoint::Token));
        let keys = registered.get(Endpoint::Jwks);
        if self.inner.settings.is_interactive() {
            let found = document.endpoints.get(Endpoint::Authorization);
            self.endpoint("authorization_endpoint", login, found)?;
        }
        self.endpoint("token_endpoint", token, document.endpoints.get(Endpoint::Token))?;
        if self.needs_keys() {
            self.endpoint("jwks_uri", keys, document.endpoints.get(Endpoint::Jwks))?;
        }
        Ok(document)
    }

    pub(crate) fn token_endpoint(&self, metadata: Option<&ServerMetadata>) -> Result<Url> {
        let document = metadata.and_then(|known| known.endpoints.get(Endpoint::Token));
        self.endpoint(
            "token_endpoint",
            self.inner.settings.endpoints.get(Endpoint::Token),
            document,
        )
    }

    /// An endpoint: the registered one, else the document's.
    pub(crate) fn endpoint(
        &self,
        name: &'static str,
        registered: Option<&Url>,
        document: Option<&Url>,
    ) -> Result<Url> {
        registered.or(document).cloned().ok_or_else(|| {
            // A document that lacks what it must have is malformed (RFC 8414 §2, OpenID Connect
            // Discovery §3); all else it may lack.
            let needed = matches!(name, "authorization_endpoint" | "jwks_uri" | "token_endpoint");
            let must = needed && self.inner.settings.metadata_url.is_some();
            let check = match self.inner.settings.metadata_url {
                Some(_) => {
                    format!("the provider's metadata name no `{name}`, and none is registered")
                }
                None => format!("the client is registered without `{name}`"),
            };
            Error::new(
                if must { ErrorKind::InvalidResponse } else { ErrorKind::Unsupported },
                check,
            )
            .with_hint(format!("set `{name}`"))
            .with_client(self.name())
        })
    }
}
