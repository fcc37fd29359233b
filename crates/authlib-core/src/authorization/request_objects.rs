//! [`RequestObjects`]: authorization requests as JWTs (RFC 9101), in the request or fetched by the provider.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::front_channel::FrontChannel;
use crate::error::{Error, ErrorKind, Result};
use crate::jose::jwe::{self, Accepted};
use crate::jose::{Algorithm, ContentEncryption};
use crate::oauth2::metadata::ServerMetadata;
use crate::oauth2::request_object::{LIFETIME, RequestObject, params_beside};
use crate::params::Params;
use crate::secret::Secret;
use crate::signer::sign_jws;
use crate::store::PendingLoginStore;
use crate::ttl_map::TtlMap;

/// How many request objects wait for the provider in this process. Beyond, the oldest are dropped.
const CAPACITY: usize = 10_000;

/// The longest `request_uri`, in bytes (RFC 9101 §5.2).
const MAX_REQUEST_URI: usize = 512;

/// What the keys of request objects in a store begin with: no `state` has a blank.
const KEY: &str = "request object ";

/// The request objects that the provider fetches: in the pending login store, so that any replica has them, or
/// else in this process.
pub(super) struct RequestObjects {
    store: Option<Arc<dyn PendingLoginStore>>,
    own: Mutex<TtlMap<String, String>>,
}

impl RequestObjects {
    pub(super) fn new(store: Option<Arc<dyn PendingLoginStore>>) -> Self {
        Self { store, own: Mutex::new(TtlMap::new(CAPACITY)) }
    }

    async fn insert(&self, id: &str, jwt: String, now: SystemTime) -> Result<()> {
        if let Some(store) = &self.store {
            return store.insert(&format!("{KEY}{id}"), jwt, LIFETIME).await;
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.insert(id.to_owned(), jwt, LIFETIME, now);
        Ok(())
    }

    /// Removes a request object from the store; one in this process can be fetched until it expires.
    async fn find(&self, id: &str, now: SystemTime) -> Result<Option<String>> {
        if let Some(store) = &self.store {
            return store.take(&format!("{KEY}{id}")).await;
        }
        Ok(self.own.lock().unwrap_or_else(PoisonError::into_inner).get(id, now).cloned())
    }
}

impl fmt::Debug for RequestObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestObjects").finish_non_exhaustive()
    }
}

impl FrontChannel {
    /// Whether the parameters are sent in a request object. What the provider requires is never left out.
    pub(super) fn sends_request_object(&self, metadata: Option<&ServerMetadata>) -> Result<bool> {
        let is_set = self.settings().request_object.is_some();
        if !is_set && metadata.is_some_and(|metadata| metadata.require_signed_request_object) {
            let check = "the provider requires signed request objects (RFC 9101 §10.5)";
            return Err(
                Error::new(ErrorKind::Config, check).with_hint("set `request_object_signing_alg`")
            );
        }
        Ok(is_set)
    }

    /// The parameters as they are sent: in a request object if the settings say so. `is_pushed` is whether the
    /// client sends them to the provider itself, for which a request object by reference makes no sense.
    pub(super) async fn in_request_object(
        &self,
        params: Params,
        is_pushed: bool,
    ) -> Result<Params> {
        let settings = self.settings();
        let Some(how) = &settings.request_object else { return Ok(params) };
        let jti = self.endpoints.random_secret()?;
        let now = self.endpoints.now();
        let object = RequestObject {
            client_id: &settings.client_id,
            audience: settings.issuer.as_deref().unwrap_or_default(),
            jti: &jti,
            now,
        };
        let jwt = match how.alg {
            Some(alg) => self.signed_object(&object, &params, alg).await?,
            None => object.without_signature(&params),
        };
        let jwt = self.encrypted_object(jwt).await?;
        match &how.request_uri {
            _ if is_pushed => {
                Ok(Params::new().with("client_id", &settings.client_id).with("request", jwt))
            }
            None => Ok(params_beside(&params, "request", jwt)),
            Some(base) => {
                let id = self.endpoints.random_secret()?;
                let url = self.request_uri(base, &id)?;
                self.request_objects.insert(id.expose(), jwt, now).await?;
                Ok(params_beside(&params, "request_uri", url))
            }
        }
    }

    /// The request object encrypted to the provider, if the settings say so (RFC 9101 §6.1).
    async fn encrypted_object(&self, jwt: String) -> Result<String> {
        let Accepted { alg, enc } = self.settings().encryption.request_object;
        let Some(alg) = alg else { return Ok(jwt) };
        let keys = self.endpoints.documents().provider_keys().await?;
        let Some(key) = keys.encryption_key(alg) else {
            let check = format!("the provider's JWK set has no key for encryption with {alg}");
            return Err(Error::new(ErrorKind::InvalidResponse, check)
                .with_hint("check `request_object_encryption_alg`"));
        };
        jwe::encrypt(&jwt, alg, enc.unwrap_or(ContentEncryption::A128CbcHs256), key).map_err(|_| {
            let check = format!("the request object could not be encrypted with {alg}");
            Error::new(ErrorKind::InvalidResponse, check)
                .with_hint("the provider's key for encryption is not valid")
        })
    }

    async fn signed_object(
        &self,
        object: &RequestObject<'_>,
        params: &Params,
        alg: Algorithm,
    ) -> Result<String> {
        let settings = self.settings();
        let refused = |check: String| {
            Error::new(ErrorKind::Config, check).with_hint("check `request_object_signing_alg`")
        };
        let Some(signer) = &settings.signer else {
            return Err(refused("the client has no key that signs request objects".to_owned()));
        };
        let key = signer.key().await?;
        if !key.algorithms().contains(&alg) {
            return Err(refused(format!(
                "the client's key does not sign request objects with {alg}"
            )));
        }
        let thumbprint = settings.signing.x5t_s256.clone();
        let (header, claims) = object.unsigned(params, alg, key.kid(), thumbprint);
        sign_jws(&header, claims.as_bytes(), key.as_ref()).await
    }

    fn request_uri(&self, base: &str, id: &Secret) -> Result<String> {
        let base = self.absolute_url(base, "request_uri")?;
        let url = format!("{}/{}", base.trim_end_matches('/'), id.expose());
        if url.len() > MAX_REQUEST_URI {
            let check =
                format!("`request_uri` is longer than {MAX_REQUEST_URI} bytes (RFC 9101 §5.2)");
            return Err(Error::new(ErrorKind::Config, check));
        }
        Ok(url)
    }

    /// The request object that the provider fetches by this id; `None` if there is none, or it has expired.
    pub(crate) async fn find_request_object(&self, id: &str) -> Result<Option<String>> {
        self.request_objects.find(id, self.endpoints.now()).await
    }
}
