//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

mod endpoint;
mod metadata;

pub(crate) use endpoint::{handle, is_at};

use serde_json::{Map, Value};

use crate::client::TestClient;

/// Who may register.
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

/// A client that registered itself.
pub(crate) struct Registered {
    pub(crate) client: TestClient,
    /// What it registered, as it is told back.
    metadata: Map<String, Value>,
    /// The token that manages the registration.
    access_token: String,
    issued_at: u64,
}
