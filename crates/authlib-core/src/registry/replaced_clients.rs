//! [`ReplacedClients`]: the clients that a reload has replaced, for logins that were started with them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::client::RegisteredClient;
use crate::authorization::is_expired_at;
use crate::numeric_date::unix_seconds;

/// The most replaced configurations of one client that are kept. Each has another
/// [fingerprint](RegisteredClient::fingerprint).
pub(super) const MAX_PER_CLIENT: usize = 4;

/// The replaced clients by name, each for as long as a login can be pending
/// ([`PENDING_TTL`](crate::authorization::PENDING_TTL)), the newest last. The map is empty unless there was a reload just before.
#[derive(Default)]
pub(super) struct ReplacedClients(Mutex<HashMap<String, Vec<Replaced>>>);

struct Replaced {
    client: RegisteredClient,
    /// Seconds since the Unix epoch.
    at: u64,
}

impl ReplacedClients {
    pub(super) fn add(&self, client: RegisteredClient, now: SystemTime) {
        let mut clients = self.lock();
        let own = clients.entry(client.name().to_owned()).or_default();
        own.retain(|old| old.is_young(now) && old.client.fingerprint() != client.fingerprint());
        if own.len() >= MAX_PER_CLIENT {
            own.remove(0);
        }
        own.push(Replaced { client, at: unix_seconds(now) });
    }

    /// The replaced client of this name with these settings.
    pub(super) fn find(
        &self,
        name: &str,
        fingerprint: u64,
        now: SystemTime,
    ) -> Option<RegisteredClient> {
        self.all(name, now).into_iter().find(|client| client.fingerprint() == fingerprint)
    }

    /// All replaced clients of this name, the newest first.
    pub(super) fn all(&self, name: &str, now: SystemTime) -> Vec<RegisteredClient> {
        let clients = self.lock();
        let own = clients.get(name).into_iter().flatten().rev();
        own.filter(|old| old.is_young(now)).map(|old| old.client.clone()).collect()
    }

    /// Forgets a client that is no longer registered.
    pub(super) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Forgets those with which no login can be pending any more.
    pub(super) fn remove_old(&self, now: SystemTime) {
        self.lock().retain(|_, own| {
            own.retain(|old| old.is_young(now));
            !own.is_empty()
        });
    }

    /// Drops all. A client holds what the clients share, which has this map: both would stay forever.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Replaced>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replaced {
    fn is_young(&self, now: SystemTime) -> bool {
        !is_expired_at(self.at, now)
    }
}
