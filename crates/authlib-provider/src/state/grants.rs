//! What was granted: authorization codes, device codes, backchannel authentication requests, access tokens and refresh tokens.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::request::Fields;

/// The most codes, and the most tokens of a kind. Beyond, the oldest logins are dropped, so that a demo that
/// is left running keeps working.
const MAX: usize = 10_000;

/// How many of the newest logins are kept then.
const KEPT: u64 = 2_500;

/// What a client was granted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    /// The same for all tokens of one login, which are revoked together.
    pub(crate) family: u64,
    pub(crate) client: String,
    pub(crate) sub: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) auth_time: u64,
    /// The authentication context class: the first one that the login requested.
    pub(crate) acr: Option<String>,
    /// The requested audiences and resources (RFC 8693 §2.1, RFC 8707 §2).
    pub(crate) audience: Vec<String>,
    /// The thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6).
    pub(crate) jkt: Option<String>,
    /// The thumbprint of the certificate that the tokens are bound to (RFC 8705 §3.1).
    pub(crate) x5t: Option<String>,
    /// The actor, who acts for the subject (RFC 8693 §4.1).
    pub(crate) actor: Option<Value>,
}

/// A pushed authorization request (RFC 9126), until it is used.
#[derive(Clone, Debug)]
pub(crate) struct PushedRequest {
    pub(crate) fields: Fields,
    pub(crate) expires_at: SystemTime,
}

#[derive(Clone, Debug)]
pub(crate) struct AuthorizationCode {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: Option<String>,
    pub(crate) expires_at: SystemTime,
    pub(crate) used: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) grant: Grant,
    pub(crate) expires_at: SystemTime,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) grant: Grant,
    pub(crate) used: bool,
}

/// A device that waits for its user (RFC 8628). The `sub` of its grant is empty until the user approves.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) awaited: Awaited,
}

/// A backchannel authentication request (OpenID Connect CIBA Core) to the user of its grant.
#[derive(Clone, Debug)]
pub(crate) struct BackchannelRequest {
    pub(crate) awaited: Awaited,
    /// The `client_notification_token` and the URL of the client that is told the decision.
    pub(crate) ping: Option<(String, String)>,
}

/// What a user is asked to approve, while the client polls.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) grant: Grant,
    pub(crate) decision: Decision,
    pub(crate) expires_at: SystemTime,
    pub(crate) interval: Duration,
    pub(crate) polled_at: Option<SystemTime>,
}

/// The user's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Approved,
    Denied,
    Pending,
}

/// All codes and tokens.
#[derive(Debug, Default)]
pub(crate) struct GrantStore {
    families: u64,
    pub(crate) codes: HashMap<String, AuthorizationCode>,
    pub(crate) access_tokens: HashMap<String, AccessToken>,
    pub(crate) refresh_tokens: HashMap<String, RefreshToken>,
    /// Pending devices by device code.
    pub(crate) devices: HashMap<String, Device>,
    /// Backchannel authentication requests by `auth_req_id`.
    pub(crate) backchannel: HashMap<String, BackchannelRequest>,
}

impl GrantStore {
    /// A new family; drops the oldest logins if the store is full.
    pub(crate) fn new_family(&mut self) -> u64 {
        self.families += 1;
        if self.is_full() {
            let oldest = self.families.saturating_sub(KEPT);
            self.retain(|grant| grant.family > oldest);
        }
        if self.is_full() {
            // A few logins were refreshed thousands of times.
            *self = Self { families: self.families, ..Self::default() };
        }
        self.families
    }

    /// The unexpired grant of an access token.
    pub(crate) fn access(&self, token: &str, now: SystemTime) -> Option<&AccessToken> {
        self.access_tokens.get(token).filter(|token| token.expires_at > now)
    }

    /// The grant of a token. A used refresh token has none.
    pub(crate) fn grant(&self, token: &str) -> Option<&Grant> {
        let access = self.access_tokens.get(token).map(|access| &access.grant);
        let refresh = self.refresh_tokens.get(token).filter(|refresh| !refresh.used);
        access.or_else(|| refresh.map(|refresh| &refresh.grant))
    }

    /// The device that waits with this user code.
    pub(crate) fn device(&mut self, user_code: &str, now: SystemTime) -> Option<&mut Device> {
        self.devices.values_mut().find(|device| device.is_waiting(user_code, now))
    }

    /// Revokes everything that a client was granted: it was deleted (RFC 7592 §2.3).
    pub(crate) fn revoke_client(&mut self, client: &str) {
        self.retain(|grant| grant.client != client);
    }

    /// Revokes all tokens of a login: a code or a refresh token was used twice (RFC 6749 §4.1.2,
    /// RFC 9700 §4.14.2), or the client revoked one of them (RFC 7009 §2.1).
    pub(crate) fn revoke(&mut self, family: u64) {
        self.access_tokens.retain(|_, access| access.grant.family != family);
        self.refresh_tokens.retain(|_, refresh| refresh.grant.family != family);
    }

    fn is_full(&self) -> bool {
        let lengths = [
            self.codes.len(),
            self.access_tokens.len(),
            self.refresh_tokens.len(),
            self.devices.len(),
            self.backchannel.len(),
        ];
        lengths.into_iter().any(|length| length >= MAX)
    }

    fn retain(&mut self, keep: impl Fn(&Grant) -> bool) {
        self.codes.retain(|_, code| keep(&code.grant));
        self.access_tokens.retain(|_, access| keep(&access.grant));
        self.refresh_tokens.retain(|_, refresh| keep(&refresh.grant));
        self.devices.retain(|_, device| keep(&device.awaited.grant));
        self.backchannel.retain(|_, request| keep(&request.awaited.grant));
    }
}

impl Awaited {
    /// A new request, which the user has not decided yet.
    pub(crate) fn new(grant: Grant, expires_at: SystemTime, interval: Duration) -> Self {
        Self { grant, decision: Decision::Pending, expires_at, interval, polled_at: None }
    }

    /// Whether the user can decide.
    pub(crate) fn is_waiting(&self, now: SystemTime) -> bool {
        self.decision == Decision::Pending && self.expires_at > now
    }
}

impl Device {
    /// Whether it waits with this code. Letter case and separators are ignored (RFC 8628 §6.1).
    fn is_waiting(&self, user_code: &str, now: SystemTime) -> bool {
        let letters = |code: &str| -> String {
            let letters = code.chars().filter(char::is_ascii_alphabetic);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        };
        self.awaited.is_waiting(now) && letters(user_code) == letters(&self.user_code)
    }
}
