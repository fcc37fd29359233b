//! [`SessionState`]: pending logins, pending logouts and logins of one browser session, all bounded.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::authorization::{PendingLogin, PendingLogout, is_expired_at};
use crate::secret::{Secret, constant_time_eq};
use crate::store::TokenOwner;

/// The most logins, and the most logouts, that may be pending in one session; one more, and the oldest is
/// dropped.
/// The longest `next` that is kept behind a login, in bytes.
const MAX_USED_NEXT: usize = 256;
const MAX_PENDING: usize = 8;

/// The most clients with which one session is logged in at once.
const MAX_LOGINS: usize = 16;

/// The value that this library stores in the browser's session: pending logins, pending logouts, and the
/// logins that are in effect.
///
/// Pending logins and pending logouts are separate lists, so the `state` of one is never accepted for
/// the other.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SessionState {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pending: Vec<Pending>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) logouts: Vec<PendingLogout>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) logins: Vec<Login>,
    /// Whether the logins differ from those that were loaded.
    #[serde(skip)]
    pub(crate) logins_changed: bool,
}

/// A pending login: the record itself, or a reference to one that is in a
/// [`PendingLoginStore`](crate::store::PendingLoginStore).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Pending {
    Inline(Box<PendingLogin>),
    Stored(PendingRef),
}

/// A reference to a stored pending login. The store's record alone does not finish a login.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingRef {
    pub(crate) client: String,
    #[serde(with = "crate::secret::exposed")]
    pub(crate) state: Secret,
    pub(crate) started_at: u64,
}

/// The callback of a login, by which the browser's repetition of it is recognised.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedCallback {
    /// The hash of its `state`.
    state: String,
    pub(crate) next: String,
}

impl UsedCallback {
    /// A long `next` is replaced with `home`: it stays in a cookie for as long as the login.
    pub(crate) fn new(state: &str, next: &str, home: &str) -> Self {
        let next = if next.len() <= MAX_USED_NEXT { next } else { home };
        Self { state: Self::hash(state), next: next.to_owned() }
    }

    /// Whether `state` is the one of this callback.
    pub(crate) fn is(&self, state: &str) -> bool {
        constant_time_eq(&self.state, &Self::hash(state))
    }

    fn hash(state: &str) -> String {
        URL_SAFE_NO_PAD.encode(crate::crypto::sha256(state.as_bytes()))
    }
}

/// One login of a browser session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Default))]
#[non_exhaustive]
pub struct Login {
    /// The name under which the client is registered.
    pub client: String,
    /// The id under which the token is stored, [`TokenOwner::user`]: a random one, or the application's id of the
    /// user after [`log_in_as`](crate::adapter::LoginCallback::log_in_as). Without a token
    /// ([`keep_token`](crate::ClientConfig::keep_token)), the random id of the login.
    pub user: String,
    /// The verified `iss` of the ID token, or the provider's issuer if there was no ID token. Another spelling
    /// of the issuer is replaced with the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The verified subject at the provider, if the provider identified the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The verified `sid` of the ID token (OpenID Connect Back-Channel Logout 1.0 §2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Where the token is.
    #[serde(default, skip_serializing_if = "TokenPlace::is_login_row")]
    pub(crate) place: TokenPlace,
    /// What is kept instead of the token, if it is [`TokenPlace::Nowhere`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Box<Kept>>,
    /// The random id of the login, unless `user` is it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The callback that this login comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback: Option<UsedCallback>,
    /// The requirements of APIs for which this login was started ([`AuthorizeOptions::step_up`](crate::AuthorizeOptions::step_up)),
    /// as digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) step_ups: Vec<String>,
    /// Milliseconds since the Unix epoch, so that two logins in one second are ordered.
    #[serde(default)]
    pub(crate) logged_in_at: u64,
    /// When the session was last used, in milliseconds: only recorded if there is an idle timeout.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) used_at: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Where the token of a login is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenPlace {
    /// In a row of the login's own.
    #[default]
    LoginRow,
    /// In the row of a user of the application, which all logins of the user share.
    UserRow,
    /// It was not kept (`keep_token`).
    Nowhere,
}

impl TokenPlace {
    fn is_login_row(&self) -> bool {
        *self == Self::LoginRow
    }
}

// Shows neither the subject nor the key of the token.
debug_fields!(Login { client, issuer });

impl Login {
    /// The key of the login's token in the token store.
    #[must_use]
    pub fn owner(&self) -> TokenOwner {
        TokenOwner::new(&self.client, &self.user)
    }

    /// When the user logged in here.
    #[must_use]
    pub fn logged_in_at(&self) -> SystemTime {
        let since_epoch = Duration::from_millis(self.logged_in_at);
        SystemTime::UNIX_EPOCH.checked_add(since_epoch).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl Pending {
    pub(crate) fn state(&self) -> &Secret {
        match self {
            Self::Inline(pending) => pending.state(),
            Self::Stored(stored) => &stored.state,
        }
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn started_at(&self) -> u64 {
        match self {
            Self::Inline(pending) => pending.started_at,
            Self::Stored(stored) => stored.started_at,
        }
    }

    fn is_expired(&self, now: SystemTime) -> bool {
        match self {
            Self::Inline(pending) => pending.is_expired(now),
            Self::Stored(stored) => is_expired_at(stored.started_at, now),
        }
    }

    pub(crate) fn client(&self) -> &str {
        match self {
            Self::Inline(pending) => pending.client(),
            Self::Stored(stored) => &stored.client,
        }
    }
}

impl SessionState {
    /// The logins, the newest last.
    #[must_use]
    pub fn logins(&self) -> &[Login] {
        &self.logins
    }

    /// The login with `client`.
    #[must_use]
    pub fn login(&self, client: &str) -> Option<&Login> {
        self.logins.iter().find(|login| login.client == client)
    }

    pub(crate) fn add_pending(&mut self, pending: Pending, now: SystemTime) {
        self.pending.retain(|old| !old.is_expired(now));
        self.pending.push(pending);
        keep_newest(&mut self.pending, MAX_PENDING);
    }

    /// Removes and returns the pending login of `state`, expired or not, whichever client it is of.
    pub(crate) fn take_pending(&mut self, state: &str) -> Option<Pending> {
        let place = self
            .pending
            .iter()
            .position(|pending| constant_time_eq(pending.state().expose(), state))?;
        Some(self.pending.remove(place))
    }

    pub(crate) fn has_pending(&self, state: &str) -> bool {
        self.pending.iter().any(|pending| constant_time_eq(pending.state().expose(), state))
    }

    pub(crate) fn add_logout(&mut self, pending: PendingLogout, now: SystemTime) {
        self.logouts.retain(|old| !old.is_expired(now));
        self.logouts.push(pending);
        keep_newest(&mut self.logouts, MAX_PENDING);
    }

    pub(crate) fn take_logout(&mut self, state: &str) -> Option<PendingLogout> {
        let place = self
            .logouts
            .iter()
            .position(|pending| constant_time_eq(pending.state.expose(), state))?;
        Some(self.logouts.remove(place))
    }

    /// Adds a login, and returns the ones that it replaces: those with the same client, and the oldest beyond
    /// [`MAX_LOGINS`].
    pub(crate) fn add_login(&mut self, login: Login) -> Vec<Login> {
        let mut replaced: Vec<_> = Vec::new();
        self.logins.retain(|old| {
            let stays = old.client != login.client;
            if !stays {
                replaced.push(old.clone());
            }
            stays
        });
        self.logins.push(login);
        self.logins_changed = true;
        let surplus = self.logins.len().saturating_sub(MAX_LOGINS);
        replaced.extend(self.logins.drain(..surplus));
        replaced
    }

    /// Removes and returns all logins, the newest last.
    pub(crate) fn remove_logins(&mut self) -> Vec<Login> {
        self.logins_changed |= !self.logins.is_empty();
        std::mem::take(&mut self.logins)
    }
}

fn keep_newest<T>(list: &mut Vec<T>, most: usize) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id opens the token's row, and subjects are personal data.
    #[test]
    fn debug_output_of_a_login_shows_no_id() {
        let text = r#"{"client":"op","user":"row-id","issuer":"https://op.example","sub":"alice","sid":"s1"}"#;
        let login: Login = serde_json::from_str(text).unwrap();
        let state = SessionState { logins: vec![login.clone()], ..SessionState::default() };
        let shown = format!("{login:?} {:?} {state:?}", login.owner());
        assert!(shown.contains("op.example"), "{shown}");
        for secret in ["row-id", "alice", "s1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
