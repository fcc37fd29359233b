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
    /// Whether the provider issues no token without a client secret.
    pub(crate) needs_secret: bool,
}

debug_fields!(Extensions { hooks });
