//! The provider's keys, and the verification of ID tokens with them: fetched once, and again when a
//! token asks for a key that isn't there, but not at a stranger's pace.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use url::Url;

use crate::app::RegisteredClient;
use crate::app::provider_documents::cache::Cached;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::{Algorithm, JwkSet, jws};
use crate::message::{self, BodyLimit};
use crate::oauth2::metadata::ServerMetadata;
use crate::ttl_map::TtlMap;

/// How many forced fetches may follow each other at once; then one more each minute.
const BURST: u32 = 4;

/// How long a forced fetch takes to be earned back, and how long an unknown `kid` stays unknown.
const MINUTE: Duration = Duration::from_secs(60);

/// The most unknown `kid`s that are remembered.
const MAX_UNKNOWN: usize = 256;

/// The most bytes of a JWK set.
const MAX_JWKS: usize = 512 * 1024;

#[derive(Debug)]
pub(crate) struct Keys {
    fetched: Cached<JwkSet>,
    throttle: Mutex<Throttle>,
}

#[derive(Debug)]
struct Throttle {
    left: u32,
    earned_at: SystemTime,
    unknown: TtlMap<String, ()>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let unknown = TtlMap::new(MAX_UNKNOWN);
        let throttle = Throttle { left: BURST, earned_at: SystemTime::UNIX_EPOCH, unknown };
        Self { fetched: Cached::new(), throttle: Mutex::new(throttle) }
    }

    /// Whether a token with this `kid` may cause a fetch now. `known` says that the set has a key of
    /// that name, whose signature did not verify.
    fn may_refetch(&self, kid: &str, known: bool, now: SystemTime) -> bool {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |then: SystemTime| now.duration_since(then).unwrap_or_default();
        if !known && throttle.unknown.get(kid, now).is_some() {
            return false;
        }
        let earned = since(throttle.earned_at).as_secs() / MINUTE.as_secs();
        if earned > 0 {
            throttle.left =
                throttle.left.saturating_add(u32::try_from(earned).unwrap_or(BURST)).min(BURST);
            throttle.earned_at = now;
        }
        let Some(left) = throttle.left.checked_sub(1) else {
            return false;
        };
        throttle.left = left;
        if !known {
            throttle.unknown.insert(kid.to_owned(), (), MINUTE, now);
        }
        true
    }

    /// Forgets that a `kid` is unknown.
    fn forget(&self, kid: &str) {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.unknown.remove(kid);
    }
}

/// The question for a `kid`, from which follows that it is unknown only if new keys were really seen: a
/// fetch that failed, or whose caller went away, says nothing of it.
struct Asking<'a> {
    keys: &'a Keys,
    kid: &'a str,
    answered: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.keys.forget(self.kid);
        }
    }
}

impl RegisteredClient {
    /// The algorithms that an ID token may be signed with: the registered one; else the asymmetric ones
    /// of the metadata; else RS256 (OpenID Connect Core §3.1.3.7 steps 7 and 8).
    pub(crate) fn id_token_algorithms(
        &self,
        metadata: Option<&ServerMetadata>,
    ) -> Result<Vec<Algorithm>> {
        if let Some(algorithm) = self.inner.settings.id_token_alg {
            return Ok(vec![algorithm]);
        }
        let listed =
            metadata.and_then(|metadata| metadata.id_token_signing_alg_values_supported.as_ref());
        let Some(listed) = listed else {
            return Ok(vec![Algorithm::Rs256]);
        };
        let usable: Vec<_> = listed
            .iter()
            .filter_map(|name| Algorithm::from_name(name))
            .filter(|algorithm| !algorithm.is_symmetric())
            .collect();
        if usable.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidResponse,
                "the provider's `id_token_signing_alg_values_supported` names no public-key \
                 algorithm that this crate knows",
            )
            .with_hint("for HS256 with the client secret, set `id_token_signed_response_alg`")
            .with_client(self.name()));
        }
        Ok(usable)
    }

    /// Runs `verify` with the provider's keys, and once more with newly fetched ones where those could
    /// change the verdict: the provider may have changed its keys since they were fetched
    /// (OpenID Connect Core §10.1.1).
    pub(crate) async fn verify_with_keys<T, E>(
        &self,
        token: &str,
        metadata: Option<&ServerMetadata>,
        is_curable: impl Fn(&E) -> bool,
        verify: impl Fn(&JwkSet) -> Result<T, E>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        match self.own_keys() {
            Some(keys) => Ok(verify(&keys)?),
            None => self.verify_with_provider_keys(token, metadata, is_curable, verify).await,
        }
    }

    /// As [`verify_with_keys`](Self::verify_with_keys), but never with the client secret, which signs ID
    /// tokens only.
    pub(crate) async fn verify_with_provider_keys<T, E>(
        &self,
        token: &str,
        metadata: Option<&ServerMetadata>,
        is_curable: impl Fn(&E) -> bool,
        verify: impl Fn(&JwkSet) -> Result<T, E>,
    ) -> Result<T>
    where
        Error: From<E>,
    {
        if let Some(keys) = &self.inner.settings.jwks {
            return Ok(verify(keys)?);
        }
        let keys = self.inner.keys.fetched.get(self.now(), || self.key_fetch(metadata)).await?;
        let error = match verify(&keys) {
            Ok(claims) => return Ok(claims),
            Err(error) => error,
        };
        let kid = jws::peek_kid(token).unwrap_or_default();
        let known = keys.has_kid(&kid);
        if !is_curable(&error) {
            return Err(error.into());
        }
        let cache = &self.inner.keys.fetched;
        let newer = if self.inner.keys.may_refetch(&kid, known, self.now()) {
            let mut asking = Asking { keys: &self.inner.keys, kid: &kid, answered: false };
            let newer = cache.refetch(self.now(), || self.key_fetch(metadata)).await?;
            asking.answered = !Arc::ptr_eq(&keys, &newer);
            newer
        } else {
            cache.settled(self.now()).await?
        };
        if Arc::ptr_eq(&keys, &newer) {
            // Without newer keys nothing is known against the token where they could not be had.
            return Err(cache.failure().unwrap_or_else(|| Error::from(error).retryable()));
        }
        Ok(verify(&newer)?)
    }

    /// Whether ID tokens are to be verified with keys of the provider's.
    pub(crate) fn needs_keys(&self) -> bool {
        self.inner.settings.needs_provider_keys()
    }

    /// Makes sure that keys are at hand, before something is spent whose answer must be verified.
    pub(crate) async fn warm_keys(&self, metadata: Option<&ServerMetadata>) -> Result<()> {
        if self.own_keys().is_none() {
            self.inner.keys.fetched.get(self.now(), || self.key_fetch(metadata)).await?;
        }
        Ok(())
    }

    /// Keys that are ours to know: the registered set, or the client secret for HMAC.
    fn own_keys(&self) -> Option<JwkSet> {
        self.inner.settings.own_keys()
    }

    /// A fetch of the provider's keys, which needs nobody's borrow.
    fn key_fetch(
        &self,
        metadata: Option<&ServerMetadata>,
    ) -> impl Future<Output = Result<JwkSet>> + Send + 'static {
        let registered = self.inner.settings.endpoints.get(Endpoint::Jwks);
        let document = metadata.and_then(|metadata| metadata.endpoints.get(Endpoint::Jwks));
        let (app, url) = (self.clone(), self.endpoint("jwks_uri", registered, document));
        async move { app.fetch_keys(&url?).await }
    }

    async fn fetch_keys(&self, url: &Url) -> Result<JwkSet> {
        let mut request = message::json_get(url);
        request.extensions_mut().insert(BodyLimit(MAX_JWKS));
        let response = self.inner.driver.send("the request for keys", request).await?;
        let refused = |check: String| {
            Error::new(ErrorKind::InvalidResponse, check)
                .with_hint("check `jwks_uri`")
                .with_client(self.name())
        };
        if response.status() != http::StatusCode::OK {
            let status = response.status().as_u16();
            return Err(refused(format!("the keys were answered with status {status}")));
        }
        let keys = JwkSet::parse(response.body())
            .map_err(|cause| refused(format!("the keys are no JWK set (RFC 7517 §5): {cause}")))?;
        if keys.is_empty() {
            return Err(refused("the provider's JWK set has no usable key".to_owned()));
        }
        Ok(keys)
    }
}
