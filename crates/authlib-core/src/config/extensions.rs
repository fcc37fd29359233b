//! What only code can configure: hooks, custom client authentication and custom signatures.

use std::sync::Arc;

use crate::hooks::{ClientAuth, Endpoint, Hooks, OAuth1Signature};
use crate::secret_source::{ClientSecretSource, SecretCache};
use crate::signer::{SharedClock, Signer};

#[derive(Clone, Default)]
pub(crate) struct Extensions {
    pub(crate) hooks: Hooks,
    pub(super) auth: Option<Arc<dyn ClientAuth>>,
    pub(super) auth_at: Vec<(Endpoint, Arc<dyn ClientAuth>)>,
    /// The client's keys, instead of `private_key`.
    pub(super) signer: Option<Arc<dyn Signer>>,
    /// Where the client secret comes from.
    pub(super) secret_source: Option<Arc<dyn ClientSecretSource>>,
    /// The same with the secret that it returned last, once the settings are checked.
    pub(crate) secrets: Option<Arc<SecretCache>>,
    /// The clock by which keys are rotated.
    pub(crate) clock: SharedClock,
    /// The client's DPoP keys, instead of `dpop_key`.
    pub(super) dpop_signer: Option<Arc<dyn Signer>>,
    pub(crate) oauth1_signature: Option<Arc<dyn OAuth1Signature>>,
    /// An OAuth 1.0a client even without a `request_token_url`.
    pub(crate) oauth1: bool,
    /// A client of a program, with which users do not log in.
    pub(crate) standalone: bool,
    /// The provider's name of the parameter `client_id`.
    pub(crate) client_id_param: Option<&'static str>,
    /// Whether the provider issues no token without a client secret.
    pub(crate) needs_secret: bool,
}

/// Code is equal if it is the same value.
impl PartialEq for Extensions {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            hooks,
            auth,
            auth_at,
            signer,
            secret_source,
            secrets,
            // The registry sets it, the same for all clients.
            clock: _,
            dpop_signer,
            oauth1_signature,
            oauth1,
            standalone,
            client_id_param,
            needs_secret,
        } = self;
        *hooks == other.hooks
            && is_same(auth.as_ref(), other.auth.as_ref())
            && auth_at.len() == other.auth_at.len()
            && { auth_at.iter().zip(&other.auth_at) }
                .all(|((at, auth), (other_at, other))| at == other_at && Arc::ptr_eq(auth, other))
            && is_same(signer.as_ref(), other.signer.as_ref())
            && is_same(secret_source.as_ref(), other.secret_source.as_ref())
            && is_same(secrets.as_ref(), other.secrets.as_ref())
            && is_same(dpop_signer.as_ref(), other.dpop_signer.as_ref())
            && is_same(oauth1_signature.as_ref(), other.oauth1_signature.as_ref())
            && *oauth1 == other.oauth1
            && *standalone == other.standalone
            && *client_id_param == other.client_id_param
            && *needs_secret == other.needs_secret
    }
}

fn is_same<T: ?Sized>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

debug_fields!(Extensions { hooks });
