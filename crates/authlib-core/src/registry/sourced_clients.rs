//! [`SourcedClients`]: the clients of a [`ClientSource`], validated and cached.

use std::sync::Arc;

use super::client::RegisteredClient;
use super::factory::ClientFactory;
use super::lookup_cache::LookupCache;
use super::source::{ClientCache, ClientSource, MAX_NAME, domain_of, host_of};
use crate::config::{ClientConfig, ConfigProblem, ConfigProblems};
use crate::error::{Error, ErrorKind, Result, clipped};

pub(super) struct SourcedClients {
    source: Arc<dyn ClientSource>,
    factory: Arc<ClientFactory>,
    clients: LookupCache<RegisteredClient>,
    names_by_domain: LookupCache<String>,
    names_by_host: LookupCache<String>,
}

impl SourcedClients {
    pub(super) fn new(
        source: Arc<dyn ClientSource>,
        limits: ClientCache,
        factory: Arc<ClientFactory>,
    ) -> Self {
        Self {
            source,
            factory,
            clients: LookupCache::new(limits),
            names_by_domain: LookupCache::new(limits),
            names_by_host: LookupCache::new(limits),
        }
    }

    /// The client of this name, which is not registered.
    pub(super) async fn find(&self, name: &str) -> Result<RegisteredClient> {
        let unknown = || {
            let check = format!(
                "no client is registered as {:?}, and the client source has none",
                clipped(name)
            );
            Error::new(ErrorKind::UnknownClient, check)
        };
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(unknown());
        }
        let (source, factory) = (self.source.clone(), self.factory.clone());
        let found = self.clients.get(name, self.factory.ports.clock.now(), |name| async move {
            let config = source.find_client(&name).await;
            let config = config.map_err(|cause| failed(cause).with_client(&name))?;
            let Some(config) = config else { return Ok(None) };
            checked(&factory, &name, config).map(Some)
        });
        found.await?.ok_or_else(unknown)
    }

    pub(super) async fn name_of_email(&self, email: &str) -> Result<Option<String>> {
        let Some(domain) = domain_of(email) else { return Ok(None) };
        let (source, now) = (self.source.clone(), self.factory.ports.clock.now());
        let name = self.names_by_domain.get(&domain, now, |domain| async move {
            source.client_of_domain(&domain).await.map_err(failed)
        });
        name.await
    }

    pub(super) async fn name_of_host(&self, host: &str) -> Result<Option<String>> {
        let Some(host) = host_of(host) else { return Ok(None) };
        let (source, now) = (self.source.clone(), self.factory.ports.clock.now());
        let name = self.names_by_host.get(&host, now, |host| async move {
            source.client_of_host(&host).await.map_err(failed)
        });
        name.await
    }

    pub(super) fn forget(&self, name: &str) {
        let now = self.factory.ports.clock.now();
        self.clients.forget(name);
        self.names_by_domain.forget_value(|found| found == name, now);
        self.names_by_host.forget_value(|found| found == name, now);
    }
}

/// The client, checked as at the start.
fn checked(factory: &ClientFactory, name: &str, config: ClientConfig) -> Result<RegisteredClient> {
    let mut problems = Vec::new();
    if config.name != name {
        let problem = format!("was requested, and the source returned {:?}", clipped(&config.name));
        problems.push(ConfigProblem::new(name, "", problem));
    }
    let checked = factory.checks.check(config, &mut problems);
    match checked {
        Some(checked) if problems.is_empty() => Ok(factory.make(checked)),
        _ => Err(Error::new(ErrorKind::Config, ConfigProblems(problems))),
    }
}

/// The error of a source, whose own kind would be another status.
fn failed(cause: Error) -> Error {
    Error::new(ErrorKind::Store, cause).with_another_hint("the client source failed")
}
