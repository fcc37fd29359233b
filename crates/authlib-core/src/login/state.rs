//! [`SessionState`]: what a browser's session holds of us. Bounded, expiring, bound to its purpose.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::authorization::{PendingLogin, PendingLogout, is_expired_at};
use crate::secret::{Secret, same};
use crate::store::TokenOwner;

/// The most logins, and the most logouts, that may be pending in one browser; one more, and the oldest
/// is dropped.
pub(crate) const MAX_PENDING: usize = 8;

/// The most clients with which one browser is logged in at once.
const MAX_LOGINS: usize = 16;

/// The one value in the session: pending logins and logouts, and who is logged in.
///
/// Logins and logouts stand in lists of their own, so that the state of one is never taken for the
/// other's.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SessionState {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pending: Vec<Pending>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) logouts: Vec<PendingLogout>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) logins: Vec<Login>,
}

/// A pending login: the record itself, or the marker of one that is in a
/// [`PendingLoginStore`](crate::store::PendingLoginStore).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Pending {
    Here(Box<PendingLogin>),
    Stored(Marker),
}

/// That a login was started in this browser.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marker {
    pub(crate) client: String,
    #[serde(with = "crate::secret::exposed")]
    pub(crate) state: Secret,
    pub(crate) started_at: u64,
}

/// That this browser's user is logged in with a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Login {
    /// The name under which the client is registered.
    pub client: String,
    /// Whose token it is: [`TokenOwner::user`], made for this login and this browser.
    pub user: String,
    /// The verified `iss` of the ID token, or the provider's issuer if there was no ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who it is at the provider, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The `sid` of the ID token: the session at the provider, which a logout token names (OpenID Connect
    /// Back-Channel Logout 1.0 §2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Milliseconds since the Unix epoch: two in one second have an order.
    #[serde(default)]
    pub(crate) logged_in_at: u64,
}

impl Login {
    /// The owner of the login's token.
    #[must_use]
    pub fn owner(&self) -> TokenOwner {
        TokenOwner::new(&self.client, &self.user)
    }
}

impl Pending {
    pub(crate) fn state(&self) -> &Secret {
        match self {
            Self::Here(pending) => pending.state(),
            Self::Stored(marker) => &marker.state,
        }
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn started_at(&self) -> u64 {
        match self {
            Self::Here(pending) => pending.started_at,
            Self::Stored(marker) => marker.started_at,
        }
    }

    fn is_expired(&self, now: SystemTime) -> bool {
        match self {
            Self::Here(pending) => pending.is_expired(now),
            Self::Stored(marker) => is_expired_at(marker.started_at, now),
        }
    }

    pub(crate) fn client(&self) -> &str {
        match self {
            Self::Here(pending) => pending.client(),
            Self::Stored(marker) => &marker.client,
        }
    }
}

impl SessionState {
    /// Who is logged in, the newest last.
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

    /// Takes the pending login of `state` out, expired or not, whichever client it is of.
    pub(crate) fn take_pending(&mut self, state: &str) -> Option<Pending> {
        let place =
            self.pending.iter().position(|pending| same(pending.state().expose(), state))?;
        Some(self.pending.remove(place))
    }

    /// Hands out and forgets the newest pending login with a client.
    pub(crate) fn take_newest(&mut self, client: &str) -> Option<Pending> {
        let place = self.pending.iter().rposition(|pending| pending.client() == client)?;
        Some(self.pending.remove(place))
    }

    pub(crate) fn has_pending(&self, state: &str) -> bool {
        self.pending.iter().any(|pending| same(pending.state().expose(), state))
    }

    pub(crate) fn add_logout(&mut self, pending: PendingLogout, now: SystemTime) {
        self.logouts.retain(|old| !old.is_expired(now));
        self.logouts.push(pending);
        keep_newest(&mut self.logouts, MAX_PENDING);
    }

    pub(crate) fn take_logout(&mut self, state: &str) -> Option<PendingLogout> {
        let place = self.logouts.iter().position(|pending| same(pending.state.expose(), state))?;
        Some(self.logouts.remove(place))
    }

    /// Records a login, in the place of an older one with the same client, which is returned.
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
        let surplus = self.logins.len().saturating_sub(MAX_LOGINS);
        replaced.extend(self.logins.drain(..surplus));
        replaced
    }

    /// Takes all logins out, the newest last.
    pub(crate) fn remove_logins(&mut self) -> Vec<Login> {
        std::mem::take(&mut self.logins)
    }
}

fn keep_newest<T>(list: &mut Vec<T>, most: usize) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}
