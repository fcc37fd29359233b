//! [`RegisteredClients`]: the clients of a registry at one time, found by name.

use std::collections::HashMap;

use super::client::RegisteredClient;

/// The registered clients. They never change: a reload makes another list.
pub(super) struct RegisteredClients {
    /// In the order of their registration.
    list: Vec<RegisteredClient>,
    index_by_name: HashMap<String, usize>,
}

impl RegisteredClients {
    pub(super) fn new(list: Vec<RegisteredClient>) -> Self {
        let names = list.iter().map(|client| client.name().to_owned());
        let index_by_name = names.enumerate().map(|(index, name)| (name, index)).collect();
        Self { list, index_by_name }
    }

    pub(super) fn get(&self, name: &str) -> Option<&RegisteredClient> {
        self.list.get(*self.index_by_name.get(name)?)
    }

    /// The client at this place of the list.
    pub(super) fn at(&self, index: usize) -> Option<&RegisteredClient> {
        self.list.get(index)
    }

    pub(super) fn list(&self) -> &[RegisteredClient] {
        &self.list
    }
}
