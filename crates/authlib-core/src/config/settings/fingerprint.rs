//! The fingerprint of settings: whether a login that was started with some can be finished with others.

use url::Url;

use super::ClientSettings;
use crate::crypto::sha256_of_texts;
use crate::endpoint::Endpoint;

impl ClientSettings {
    /// A hash of what a pending login is bound to at the provider: the client id, the issuer, the endpoints that take part
    /// in a login, and whether the code is bound to a key (RFC 9449 §10).
    ///
    /// What else the callback must match is in the pending login. Other settings, such as a new secret or fewer tenants, have
    /// their effect at once. Equal settings have the same fingerprint in every process. It has 53 bits, which each
    /// format for numbers keeps.
    pub(crate) fn fingerprint(&self) -> u64 {
        let endpoint = |endpoint| self.endpoints.get(endpoint).map_or("", Url::as_str);
        let hash = sha256_of_texts(&[
            &self.client_id,
            self.issuer.as_deref().unwrap_or_default(),
            self.metadata_url.as_ref().map_or("", Url::as_str),
            endpoint(Endpoint::Authorization),
            endpoint(Endpoint::RequestToken),
            endpoint(Endpoint::Token),
            if self.dpop.is_some() { "DPoP" } else { "" },
        ]);
        hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) >> 11
    }
}
