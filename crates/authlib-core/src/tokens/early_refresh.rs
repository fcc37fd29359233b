//! Refreshes for which no request waits: ahead of the expiry, and at the end of the process.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use super::TokenManager;
use crate::oauth2::Token;
use crate::store::TokenOwner;

/// A request waits for the refresh if less than this part of the client's leeway is left of the token.
const NO_WAIT_LEFT: u32 = 2;

/// The part of the leeway by which the beginnings of replicas differ.
const JITTER_PART: u32 = 4;

impl TokenManager {
    /// Whether the token is refreshed by a task, or soon will be, while requests go on using it.
    pub(super) fn refreshes_early(self: &Arc<Self>, owner: &TokenOwner, token: &Token) -> bool {
        let leeway = self.leeway(owner);
        let expires_within = |time| token.is_expired(self.now(), time);
        if expires_within(leeway / NO_WAIT_LEFT) {
            return false;
        }
        // Replicas begin at different times, so that the first is done before the others begin.
        let [part, ..] = self.jitter.hash_one(token.access_token.expose()).to_le_bytes();
        let jitter = leeway / JITTER_PART * u32::from(part) / 256;
        if !expires_within(leeway.saturating_sub(jitter)) {
            // Without a runtime, the refresh has to begin in a request.
            return self.endpoints().spawn(Box::pin(std::future::ready(())));
        }
        // An error is that of an earlier attempt, after which a pause is made.
        self.join_refresh(owner, None).is_ok_and(|(_, is_spawned)| is_spawned)
    }

    /// Waits until no refresh is in progress.
    pub(crate) async fn finish_refreshes(&self) {
        loop {
            let refreshes = self.states.in_flight(self.now());
            if refreshes.is_empty() {
                return;
            }
            for (owner, refresh) in refreshes {
                // Its error is that of the requests which wait for it.
                let _ = self.finish(&owner, refresh).await;
            }
        }
    }
}
