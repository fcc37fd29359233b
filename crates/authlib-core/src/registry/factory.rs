//! [`ClientFactory`]: from a configuration to a registered client, with the same checks at the start and later.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::client::RegisteredClient;
use super::ports::Ports;
use crate::config::{ClientConfig, ClientSettings, ConfigProblem, similar_preset};
use crate::tokens::TokenManager;
use crate::transport::{HttpClient, MakeClient, Tls};

/// What the checks of a configuration depend on.
#[derive(Clone, Copy)]
pub(super) struct Checks {
    pub(super) make_http: MakeClient,
    /// Whether the application has set an HTTP client.
    pub(super) has_own_http: bool,
    pub(super) has_base_url: bool,
}

/// A configuration that has passed the checks.
pub(super) struct CheckedClient {
    pub(super) settings: ClientSettings,
    own_http: Option<Arc<dyn HttpClient>>,
}

/// Makes registered clients.
pub(super) struct ClientFactory {
    pub(super) checks: Checks,
    pub(super) http: Arc<dyn HttpClient>,
    pub(super) ports: Arc<Ports>,
    made: Mutex<Vec<Weak<TokenManager>>>,
}

impl CheckedClient {
    /// Whether a client with these settings trusts the same CA certificates.
    pub(super) fn trusts_same_authorities(&self, settings: &ClientSettings) -> bool {
        let authorities =
            |settings: &ClientSettings| settings.tls.connections.ca_certificates.clone();
        authorities(&self.settings) == authorities(settings)
    }
}

impl Checks {
    pub(super) fn check(
        self,
        config: ClientConfig,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<CheckedClient> {
        let name = config.name.clone();
        match config.resolve() {
            Ok(settings) => {
                if !self.has_base_url {
                    check_without_base_url(&settings, problems);
                }
                let own_http = self.own_http_client(&settings, problems);
                Some(CheckedClient { settings, own_http })
            }
            Err(found) => {
                problems.extend(found);
                problems.extend(misspelt_preset(&name));
                None
            }
        }
    }

    /// The HTTP client of a client whose TLS connections have settings. Its connections are used by no other client.
    fn own_http_client(
        self,
        settings: &ClientSettings,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Arc<dyn HttpClient>> {
        let tls = &settings.tls.connections;
        let mut problem = |key: &str, problem: String| {
            problems.push(ConfigProblem::new(&settings.name, key, problem));
        };
        let given = [
            ("ca_certificate", tls.ca_certificates.is_some()),
            ("tls_client_certificate", tls.certificate.is_some()),
        ];
        let given: Vec<_> = given.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if self.has_own_http {
            for key in given {
                problem(key, "is not used by the application's own HTTP client".to_owned());
            }
            return None;
        }
        if settings.tls.is_mutual && tls.certificate.is_none() {
            problem("tls_client_certificate", "is missing: it is for mutual TLS".to_owned());
            return None;
        }
        let make = self.make_http;
        let last = given.last()?;
        make(tls)
            .map_err(|cause| {
                let trusting = Tls { certificate: None, ..tls.clone() };
                let key = if make(&trusting).is_err() { "ca_certificate" } else { last };
                problem(key, format!("is not valid: {cause}"));
            })
            .ok()
    }
}

impl ClientFactory {
    pub(super) fn new(checks: Checks, http: Arc<dyn HttpClient>, ports: Arc<Ports>) -> Self {
        Self { checks, http, ports, made: Mutex::default() }
    }

    pub(super) fn make(&self, checked: CheckedClient) -> RegisteredClient {
        let http = checked.own_http.unwrap_or_else(|| self.http.clone());
        let client = RegisteredClient::new(checked.settings, http, self.ports.clone());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() == made.capacity() {
            made.retain(|manager| manager.strong_count() > 0);
        }
        made.push(Arc::downgrade(client.tokens()));
        client
    }

    /// The token managers of all clients that were made and are in use, those that were removed from a cache
    /// during a refresh included.
    pub(super) fn token_managers(&self) -> Vec<Arc<TokenManager>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().filter_map(Weak::upgrade).collect()
    }
}

/// The problem of a client that was meant to be a preset.
fn misspelt_preset(name: &str) -> Option<ConfigProblem> {
    let preset = similar_preset(name, crate::providers::NAMES)?;
    Some(ConfigProblem::new(name, "", format!("is not a preset; did you mean `{preset}`?")))
}

/// Redirect URIs that are paths need a base URL.
fn check_without_base_url(settings: &ClientSettings, problems: &mut Vec<ConfigProblem>) {
    for (key, uri) in [
        ("redirect_uri", &settings.redirect_uri),
        ("post_logout_redirect_uri", &settings.post_logout_redirect_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| uri.starts_with('/')) {
            let problem = "is a path, and no base URL is set; call `base_url` on the builder, or set an absolute URL";
            problems.push(ConfigProblem::new(&settings.name, key, problem));
        }
    }
}
