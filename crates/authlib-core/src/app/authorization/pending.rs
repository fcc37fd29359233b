//! [`PendingLogin`] and [`PendingLogout`]: what was sent, and must come back once.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::numeric_date::from_unix_seconds;
use crate::secret::{Secret, exposed, exposed_option};

/// How long a login may take, from its start to its callback.
pub const PENDING_TTL: Duration = Duration::from_secs(600);

/// A login that was started: what its callback and its tokens are held against.
///
/// It can only come from a start, and is spent by value. It belongs into the browser's session, which
/// must not be readable by others.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLogin {
    pub(crate) client: String,
    /// The provider's issuer when the login began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(with = "exposed")]
    pub(crate) state: Secret,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<Secret>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) code_verifier: Option<Secret>,
    /// The secret of OAuth 1.0a's temporary credentials, whose token is the `state`.
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) token_secret: Option<Secret>,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<u64>,
    /// Seconds since the Unix epoch.
    pub(crate) started_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
}

impl PendingLogin {
    /// The `state` that the callback must bring back.
    #[must_use]
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The client at whose provider the login was started.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Whether it was started so long ago that its callback comes too late.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        is_over(self.started_at, now)
    }
}

/// A logout that was sent to the provider: what its return is held against.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLogout {
    pub(crate) client: String,
    #[serde(with = "exposed")]
    pub(crate) state: Secret,
    /// Seconds since the Unix epoch.
    pub(crate) started_at: u64,
}

impl PendingLogout {
    /// The client at whose provider the user logs out.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Whether it was started so long ago that its return comes too late.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        is_over(self.started_at, now)
    }
}

/// Too old, or from a future in which no clock of ours was.
pub(crate) fn is_over(started_at: u64, now: SystemTime) -> bool {
    let started_at = from_unix_seconds(started_at);
    match now.duration_since(started_at) {
        Ok(age) => age > PENDING_TTL,
        Err(ahead) => ahead.duration() > PENDING_TTL,
    }
}
