//! An application on axum whose clients come from a [`ClientSource`]: each tenant has a provider of its own.

use authlib_axum::{routes, session_layer};
use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, ClientSource, OAuth, Result};
use axum::Router;
use tower_sessions::MemoryStore;

use crate::browser::Cookies;
use crate::recorded::Recorded;

/// Knows `tenant-0`, `tenant-1` and so on, as a database would.
struct Tenants;

impl ClientSource for Tenants {
    fn find_client<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ClientConfig>>> {
        let number = name.strip_prefix("tenant-").filter(|number| number.parse::<u32>().is_ok());
        let client = number.map(|number| {
            let client = ClientConfig::new(name).client_id("app").client_secret("s");
            client.issuer(format!("https://op-{number}.example"))
        });
        Box::pin(std::future::ready(Ok(client)))
    }
}

/// An application, and its registry.
pub struct Application {
    pub oauth: OAuth,
    pub router: Router,
}

impl Application {
    pub fn new() -> Self {
        let oauth = OAuth::builder()
            .base_url("https://app.example")
            .client_source(Tenants)
            .http_client(Recorded::logins(0))
            .build()
            .expect("the settings are valid");
        let layer = session_layer(MemoryStore::default(), &oauth);
        Self { router: Router::new().merge(routes()).layer(layer), oauth }
    }

    /// Starts a login of each of the first tenants.
    pub fn start_logins(&self, count: u32) {
        for number in 0..count {
            assert_eq!(self.login(&tenant(number)), 303, "the tenant is known");
        }
    }

    /// The status of `/login/NAME`.
    pub fn login(&self, name: &str) -> u16 {
        Cookies::default().get(&self.router, &format!("/login/{name}")).0
    }
}

impl Default for Application {
    fn default() -> Self {
        Self::new()
    }
}

/// The name of a tenant.
pub fn tenant(number: u32) -> String {
    format!("tenant-{number}")
}
