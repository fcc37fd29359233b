//! Distributed claims (OpenID Connect Core §5.6.2), fetched if the settings say so.

use serde_json::{Map, Value};

use super::client::EndpointClient;
use crate::error::{Error, ErrorKind, Result};
use crate::oidc::distributed_claims::{ClaimsSource, sources};

impl EndpointClient {
    /// Adds the claims that other endpoints have. They must be at the origin of the issuer or at one of `api_origins`,
    /// and their claims be signed by the provider. A source that fails is logged, and its claims are missing.
    pub(crate) async fn add_distributed_claims(&self, claims: &mut Map<String, Value>) {
        let settings = self.settings();
        if !settings.fetch_distributed_claims {
            return;
        }
        let issuer = settings.issuer.as_deref().and_then(|issuer| url::Url::parse(issuer).ok());
        let allowed: Vec<_> =
            issuer.iter().chain(&settings.api_origins).map(url::Url::origin).collect();
        let found = sources(claims, &settings.http_hosts, |url| allowed.contains(&url.origin()));
        for source in found {
            match self.fetch_source(&source).await {
                Ok(found) => claims.extend(source.select(found)),
                Err(error) => {
                    let client = &settings.name;
                    tracing::warn!(client, error = %error.report(), "distributed claims not fetched");
                }
            }
        }
    }

    async fn fetch_source(&self, source: &ClaimsSource) -> Result<Map<String, Value>> {
        let response = self.exchange().fetch("the request for claims", source.request()?).await?;
        if response.status() != http::StatusCode::OK {
            let check = format!("the response has status {}", response.status().as_u16());
            return Err(Error::new(ErrorKind::InvalidResponse, check));
        }
        let jwt = str::from_utf8(response.body()).unwrap_or_default().trim();
        Ok(self.documents().verify_userinfo(jwt).await?.into_map())
    }
}
