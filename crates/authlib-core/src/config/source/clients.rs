//! [`Clients`]: the clients of a registry, found by name.

use std::collections::HashMap;
use std::fmt;

use crate::config::ClientConfig;

/// The clients in order, each name once.
#[derive(Default)]
pub(super) struct Clients {
    list: Vec<ClientConfig>,
    places: HashMap<String, usize>,
}

impl Clients {
    /// Adds a client; false if its name is known.
    pub(super) fn add(&mut self, config: ClientConfig) -> bool {
        let is_new = !self.places.contains_key(&config.name);
        if is_new {
            self.places.insert(config.name.clone(), self.list.len());
            self.list.push(config);
        }
        is_new
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The client of this name. A new one begins as the preset of its name.
    pub(super) fn find_or_add(&mut self, name: &str) -> &mut ClientConfig {
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            self.add(ClientConfig::from(name));
            self.list.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found or made just above")]
        &mut self.list[place]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ClientConfig> {
        self.list.iter()
    }

    pub(super) fn into_list(self) -> Vec<ClientConfig> {
        self.list
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.fmt(f)
    }
}
