//! The provider's keys (RFC 7517): fetched on first use, and again if a token needs a key that the
//! cached set does not have, within the limits of [`RefetchLimit`](super::refetch_limit::RefetchLimit).

use std::sync::Arc;

use url::Url;

use super::documents::ProviderDocuments;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::http_exchange::HttpExchange;
use crate::jose::{JwkSet, jws};
use crate::message::{self, BodyLimit};

/// The maximum size of a JWK set in bytes.
const MAX_JWKS: usize = 512 * 1024;

impl ProviderDocuments {
    /// Runs `verify` with the keys for ID tokens, and once more with newly fetched ones if `is_curable`
    /// says that these could make a difference: the provider may have rotated its keys
    /// (OpenID Connect Core §10.1.1).
    pub(super) async fn verify_with_keys<T, E>(
        &self,
        token: &str,
        is_curable: impl Fn(&E) -> bool,
        verify: impl Fn(&JwkSet) -> Result<T, E>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        match &self.configured_keys {
            Some(keys) => Ok(verify(keys)?),
            None => self.verify_with_provider_keys(token, is_curable, verify).await,
        }
    }

    /// As [`verify_with_keys`](Self::verify_with_keys), but never with the client secret, which signs
    /// ID tokens only.
    pub(crate) async fn verify_with_provider_keys<T, E>(
        &self,
        token: &str,
        is_curable: impl Fn(&E) -> bool,
        verify: impl Fn(&JwkSet) -> Result<T, E>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        if let Some(keys) = &self.settings.jwks {
            return Ok(verify(keys)?);
        }
        let keys = self.cached_keys().await?;
        let error = match verify(&keys) {
            Ok(verified) => return Ok(verified),
            Err(error) if !is_curable(&error) => return Err(error.into()),
            Err(error) => error,
        };
        let now = self.clock.now();
        let kid = jws::peek_kid(token).unwrap_or_default();
        let newer = match self.refetches.permit(&kid, keys.has_kid(&kid), now) {
            Some(refetch) => {
                let newer = self.fetched_keys(true).await?;
                if !Arc::ptr_eq(&keys, &newer) {
                    refetch.found_new_keys();
                }
                newer
            }
            None => self.jwks.settled(now).await?,
        };
        if Arc::ptr_eq(&keys, &newer) {
            // The newer keys that could prove the token right were not to be had: no final verdict.
            return Err(self.jwks.failure().unwrap_or_else(|| Error::from(error).retryable()));
        }
        Ok(verify(&newer)?)
    }

    /// The provider's keys, fetched if they are not cached.
    pub(crate) async fn provider_keys(&self) -> Result<JwkSet> {
        self.cached_keys().await.map(|keys| (*keys).clone())
    }

    /// Fetches the keys if they are not cached: before a one-time value is used whose response must be
    /// verified with them.
    pub(crate) async fn prefetch_keys(&self) -> Result<()> {
        if self.configured_keys.is_none() {
            self.cached_keys().await?;
        }
        Ok(())
    }

    async fn cached_keys(&self) -> Result<Arc<JwkSet>> {
        match self.jwks.usable(self.clock.now()) {
            Some(keys) => Ok(keys),
            None => self.fetched_keys(false).await,
        }
    }

    /// The keys, fetched unless they are fresh; if `is_forced`, although they may be fresh.
    async fn fetched_keys(&self, is_forced: bool) -> Result<Arc<JwkSet>> {
        let url = self.endpoint(Endpoint::Jwks).await?;
        let fetch = || fetch_jwks(self.exchange.clone(), url);
        self.jwks.get(self.clock.now(), is_forced, fetch).await
    }
}

async fn fetch_jwks(exchange: HttpExchange, url: Url) -> Result<JwkSet> {
    let mut request = message::json_get(&url);
    request.extensions_mut().insert(BodyLimit(MAX_JWKS));
    let response = exchange.fetch(Endpoint::Jwks.request_name(), request).await?;
    // It may come from the provider's metadata.
    let url = clipped(url.as_str());
    let refused = |check: String| {
        Error::new(ErrorKind::InvalidResponse, check).with_hint("check the setting `jwks_uri`")
    };
    if response.status() != http::StatusCode::OK {
        let status = response.status().as_u16();
        return Err(refused(format!("GET {url} returned status {status} instead of the keys")));
    }
    let keys = JwkSet::parse(response.body()).map_err(|cause| {
        refused(format!("{url} did not return a JWK set (RFC 7517 §5): {cause}"))
    })?;
    for key in keys.skipped() {
        tracing::debug!(%url, reason = %key, "key skipped");
    }
    if keys.is_empty() {
        let check = format!("the JWK set at {url} has no usable key (RFC 7517 §5)");
        return Err(refused(format!("{check}: {}", keys.why_unusable())));
    }
    Ok(keys)
}
