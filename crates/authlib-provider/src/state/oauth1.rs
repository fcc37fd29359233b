//! OAuth 1.0a credentials and nonces (RFC 5849 §2 and §3.3).

use std::collections::HashMap;
use std::time::SystemTime;

/// The most credentials of a kind, and the most nonces. Beyond, all credentials of that kind are dropped,
/// and new nonces are rejected.
pub(crate) const MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct OAuth1Store {
    pub(crate) temporary: HashMap<String, TemporaryCredentials>,
    pub(crate) tokens: HashMap<String, TokenCredentials>,
    /// Nonces by client, token and timestamp (RFC 5849 §3.3), to that timestamp.
    pub(crate) nonces: HashMap<(String, String, u64, String), u64>,
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub(crate) struct TemporaryCredentials {
    pub(crate) secret: String,
    pub(crate) client: String,
    /// The callback; `None` if it is `oob`.
    pub(crate) callback: Option<String>,
    pub(crate) expires_at: SystemTime,
    /// The user who approved, and the verifier.
    pub(crate) approved: Option<(String, String)>,
}

/// Token credentials.
#[derive(Clone, Debug)]
pub(crate) struct TokenCredentials {
    pub(crate) secret: String,
    pub(crate) client: String,
    pub(crate) sub: String,
}

impl OAuth1Store {
    /// The unexpired temporary credentials of a token.
    pub(crate) fn temporary(&self, token: &str, now: SystemTime) -> Option<&TemporaryCredentials> {
        self.temporary.get(token).filter(|known| known.expires_at > now)
    }
}
