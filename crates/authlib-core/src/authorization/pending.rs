//! [`PendingLogin`] and [`PendingLogout`]: what was sent with the browser, and must come back once.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::ResponseMode;
use crate::numeric_date::from_unix_seconds;
use crate::oauth2::ResponseType;
use crate::secret::{Secret, exposed, exposed_option};

/// The maximum time between the start of a login and its callback.
pub const PENDING_TTL: Duration = Duration::from_secs(600);

/// A login that was started: what its callback and its tokens must match.
///
/// Only [`create_authorization_url`](crate::RegisteredClient::create_authorization_url) makes one, and it
/// is used up by value. Keep it in the browser's session, which must not be readable by others.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLogin {
    pub(crate) client: String,
    #[serde(default)]
    pub(crate) purpose: Purpose,
    /// The [fingerprint](crate::RegisteredClient::fingerprint) of the client's settings when the login was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<u64>,
    /// The provider's issuer when the login was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(with = "exposed")]
    pub(crate) state: Secret,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<Secret>,
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) code_verifier: Option<Secret>,
    /// The private key that the token will be bound to (RFC 9449), if it is not the client's.
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) dpop_key: Option<Secret>,
    /// The secret of OAuth 1.0a's temporary credentials, whose token is the `state`.
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub(crate) token_secret: Option<Secret>,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<u64>,
    /// Whether the token was requested by the implicit grant: then there is no code to redeem.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) implicit: bool,
    /// What the authorization response must contain.
    #[serde(default, skip_serializing_if = "ResponseType::is_code")]
    pub(crate) response_type: ResponseType,
    /// How it must be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response_mode: Option<ResponseMode>,
    /// The authentication context classes of which the ID token must have one; without any, it must have some class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<Vec<String>>,
    /// The requirements of APIs that this login and the ones just before it were started for, as digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) step_ups: Vec<String>,
    /// Whether the provider must not ask the user anything (`prompt=none`, OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_silent: bool,
    /// Seconds since the Unix epoch.
    pub(crate) started_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
    /// The path of the login request, by which the user can try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restart: Option<String>,
}

/// What a pending record was made for. It never completes a flow of another purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// To connect an account at the provider to a user of the application.
    Connect {
        /// The application's id of the user.
        user: String,
    },
    /// To log the user in.
    #[default]
    LogIn,
    /// To log the user out at the provider.
    LogOut,
}

impl PendingLogin {
    /// The `state` that the callback must have.
    #[must_use]
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The name of the client that the login was started with.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// What the login was started for.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Whether it was started more than [`PENDING_TTL`] ago.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        is_expired_at(self.started_at, now)
    }
}

/// A logout that was sent to the provider: what its response must match.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLogout {
    pub(crate) client: String,
    #[serde(with = "exposed")]
    pub(crate) state: Secret,
    /// Seconds since the Unix epoch.
    pub(crate) started_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
}

impl PendingLogout {
    /// The name of the client at whose provider the user logs out.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Whether it was started more than [`PENDING_TTL`] ago.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        is_expired_at(self.started_at, now)
    }
}

/// Whether a record of `started_at` is too old, or from a future that no clock difference explains.
pub(crate) fn is_expired_at(started_at: u64, now: SystemTime) -> bool {
    let started_at = from_unix_seconds(started_at);
    match now.duration_since(started_at) {
        Ok(age) => age > PENDING_TTL,
        Err(ahead) => ahead.duration() > PENDING_TTL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_without_purpose_is_a_login() {
        let record = |purpose: &str| {
            let json = format!(
                r#"{{"client":"op","state":"s",{purpose}"redirect_uri":"/","scope":"","started_at":0}}"#
            );
            serde_json::from_str::<PendingLogin>(&json).unwrap().purpose
        };
        assert_eq!(record(""), Purpose::LogIn);
        let connect = Purpose::Connect { user: "7".into() };
        assert_eq!(record(r#""purpose":{"connect":{"user":"7"}},"#), connect);
    }
}
