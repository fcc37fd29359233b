//! Which configuration of a client finishes a login, if a reload has replaced the one that it was started with.

use super::client::RegisteredClient;
use super::replaced_clients::MAX_PER_CLIENT;
use crate::authorization::{PENDING_TTL, PendingLogin};
use crate::error::{Error, ErrorKind, Result};
use crate::params::Params;

impl RegisteredClient {
    /// Identifies the settings that a pending login is bound to.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.front_channel().fingerprint()
    }

    /// This client with the settings that the login was started with. A record of an older version does not name them.
    pub(crate) fn started_with(&self, pending: &PendingLogin) -> Result<Self> {
        match pending.fingerprint {
            Some(fingerprint) if fingerprint != self.fingerprint() => {
                let found = self.replaced().find(self.name(), fingerprint, self.now());
                found.ok_or_else(|| other_settings().with_client(self.name()))
            }
            _ => Ok(self.clone()),
        }
    }

    /// What identifies the pending login in a callback. The response mode may be that of replaced settings.
    pub(crate) fn callback_state(&self, callback: &Params) -> Result<Option<String>> {
        let state = self.front_channel().callback_state(callback)?;
        if state.is_some() {
            return Ok(state);
        }
        let replaced = self.replaced().all(self.name(), self.now());
        let found = replaced.iter().map(|client| client.front_channel().callback_state(callback));
        Ok(found.filter_map(Result::ok).flatten().next())
    }

    /// Whether the authorization response of a login can be in the fragment of the callback's URL.
    pub(crate) fn has_fragment_response(&self) -> bool {
        let replaced = || self.replaced().all(self.name(), self.now());
        self.front_channel().has_fragment_response()
            || replaced().iter().any(|client| client.front_channel().has_fragment_response())
    }

    /// The request object that the provider fetches by this id; `None` if there is none, or it has expired.
    pub(crate) async fn find_request_object(&self, id: &str) -> Result<Option<String>> {
        let found = self.front_channel().find_request_object(id).await?;
        // A store is the same for all.
        if found.is_some() || self.pending_login_store().is_some() {
            return Ok(found);
        }
        for client in self.replaced().all(self.name(), self.now()) {
            if let Some(found) = client.front_channel().find_request_object(id).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn other_settings() -> Error {
    let check = "the login was started with other settings of the client (client id, issuer or endpoints), which this \
                 process does not have";
    let minutes = PENDING_TTL.as_secs() / 60;
    Error::new(ErrorKind::InvalidCallback, check).with_hint(format!(
        "start the login again; after a reload a process keeps {MAX_PER_CLIENT} replaced configurations of a client for \
         {minutes} minutes, and other replicas and a restarted process do not have them"
    ))
}
