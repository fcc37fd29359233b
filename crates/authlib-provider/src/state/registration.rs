//! Clients that registered dynamically (RFC 7591).

use serde_json::{Map, Value};

use super::TestClient;

/// Who may register a client.
#[derive(Clone)]
pub(crate) enum Registration {
    ByToken(String),
    Closed,
    Open,
}

impl Registration {
    pub(crate) fn is_offered(&self) -> bool {
        !matches!(self, Self::Closed)
    }
}

/// A dynamically registered client.
pub(crate) struct Registered {
    pub(crate) client: TestClient,
    /// The registered metadata.
    pub(crate) metadata: Map<String, Value>,
    /// The registration access token (RFC 7592 §3).
    pub(crate) access_token: String,
    pub(crate) issued_at: u64,
}
