//! What was granted: codes, access tokens and refresh tokens.

use std::collections::HashMap;
use std::time::SystemTime;

use serde_json::Value;

use crate::device::Device;

/// What was allowed to a client, as a rule by a login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    /// All tokens of one login; revoked together.
    pub(crate) family: u64,
    pub(crate) client: String,
    pub(crate) sub: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) auth_time: u64,
    /// Whom the tokens are for, where the request named somebody (RFC 8693 §2.1, RFC 8707 §2).
    pub(crate) audience: Vec<String>,
    /// Who acts for the subject (RFC 8693 §4.1).
    pub(crate) actor: Option<Value>,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: Option<String>,
    pub(crate) expires_at: SystemTime,
    pub(crate) used: bool,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) grant: Grant,
    pub(crate) expires_at: SystemTime,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) grant: Grant,
    pub(crate) used: bool,
}

/// Everything that was granted.
#[derive(Debug, Default)]
pub(crate) struct Granted {
    families: u64,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) access: HashMap<String, Access>,
    pub(crate) refresh: HashMap<String, Refresh>,
    /// Devices that wait for their users, by device code.
    pub(crate) devices: HashMap<String, Device>,
}

/// The most codes, and the most tokens of a kind. Beyond, the older logins go, so that a demo that was left
/// running goes on.
const MAX: usize = 10_000;

/// How many of the newest logins stay then.
const KEPT: u64 = 2_500;

impl Granted {
    /// A family that nobody is of yet.
    pub(crate) fn new_family(&mut self) -> u64 {
        self.families += 1;
        if self.is_full() {
            let oldest = self.families.saturating_sub(KEPT);
            self.codes.retain(|_, code| code.grant.family > oldest);
            self.access.retain(|_, access| access.grant.family > oldest);
            self.refresh.retain(|_, refresh| refresh.grant.family > oldest);
            self.devices.retain(|_, device| device.grant.family > oldest);
        }
        if self.is_full() {
            // A few logins that were renewed thousands of times.
            *self = Self { families: self.families, ..Self::default() };
        }
        self.families
    }

    fn is_full(&self) -> bool {
        let lengths = [self.codes.len(), self.access.len(), self.refresh.len(), self.devices.len()];
        lengths.into_iter().any(|length| length >= MAX)
    }

    /// The login that a token was given for. A refresh token that was used is no token any more.
    pub(crate) fn grant(&self, token: &str) -> Option<&Grant> {
        let access = self.access.get(token).map(|access| &access.grant);
        let refresh = self.refresh.get(token).filter(|refresh| !refresh.used);
        access.or_else(|| refresh.map(|refresh| &refresh.grant))
    }

    /// Revokes all that a client has: it is gone (RFC 7592 §2.3).
    pub(crate) fn revoke_all_of(&mut self, client: &str) {
        self.codes.retain(|_, code| code.grant.client != client);
        self.access.retain(|_, access| access.grant.client != client);
        self.refresh.retain(|_, refresh| refresh.grant.client != client);
        self.devices.retain(|_, device| device.grant.client != client);
    }

    /// Revokes all tokens of a login: a code or a refresh token was used twice (RFC 6749 §4.1.2,
    /// RFC 9700 §4.14.2), or the client asks for it (RFC 7009 §2.1).
    pub(crate) fn revoke(&mut self, family: u64) {
        self.access.retain(|_, access| access.grant.family != family);
        self.refresh.retain(|_, refresh| refresh.grant.family != family);
    }
}
