//! [`ReplacedClients`]: the clients that a reload has replaced, for logins that were started with them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::client::RegisteredClient;
use crate::authorization::is_expired_at;
use crate::numeric_date::unix_seconds;

/// The most replaced configurations of one client that are kept. Each has another
/// [fingerprint](RegisteredClient::fingerprint).
pub(super) const MAX_PER_CLIENT: usize = 4;

/// The replaced clients, each for as long as a login can be pending
/// ([`PENDING_TTL`](crate::authorization::PENDING_TTL)), the newest last. The list is empty unless there was a reload just before.
#[derive(Default)]
pub(super) struct ReplacedClients(Mutex<Vec<Replaced>>);

struct Replaced {
    client: RegisteredClient,
    /// Seconds since the Unix epoch.
    at: u64,
}

impl ReplacedClients {
    pub(super) fn add(&self, client: RegisteredClient, now: SystemTime) {
        let mut list = self.young(now);
        let is_own = |old: &Replaced| old.client.name() == client.name();
        list.retain(|old| !is_own(old) || old.client.fingerprint() != client.fingerprint());
        if list.iter().filter(|old| is_own(old)).count() >= MAX_PER_CLIENT
            && let Some(oldest) = list.iter().position(is_own)
        {
            list.remove(oldest);
        }
        list.push(Replaced { client, at: unix_seconds(now) });
    }

    /// The replaced client of this name with these settings.
    pub(super) fn find(
        &self,
        name: &str,
        fingerprint: u64,
        now: SystemTime,
    ) -> Option<RegisteredClient> {
        let list = self.young(now);
        let mut clients = list.iter().map(|old| &old.client);
        clients.find(|client| client.name() == name && client.fingerprint() == fingerprint).cloned()
    }

    /// All replaced clients of this name, the newest first.
    pub(super) fn all(&self, name: &str, now: SystemTime) -> Vec<RegisteredClient> {
        let list = self.young(now);
        let clients = list.iter().rev().map(|old| &old.client);
        clients.filter(|client| client.name() == name).cloned().collect()
    }

    /// Forgets a client that is no longer registered.
    pub(super) fn remove(&self, name: &str) {
        self.lock().retain(|old| old.client.name() != name);
    }

    /// Drops all. A client holds what the clients share, which has this list: both would stay forever.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// The list without what is too old.
    fn young(&self, now: SystemTime) -> MutexGuard<'_, Vec<Replaced>> {
        let mut list = self.lock();
        list.retain(|old| !is_expired_at(old.at, now));
        list
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Replaced>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
