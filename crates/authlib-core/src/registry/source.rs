//! [`ClientSource`]: clients that are not known when the registry is built.

use std::time::Duration;

use url::Host;

use crate::config::ClientConfig;
use crate::error::Result;
use crate::transport::BoxFuture;

/// Where the registry finds clients that were not registered when it was built, for example one for each customer:
/// a table of a database, or a service.
///
/// Registered clients come first; the source is asked for other names only. What it returns is validated as strictly as
/// at the start, and cached as [`ClientCache`] says. Concurrent requests for one name share one call.
///
/// **Names come from URLs, and anybody can send any name.** They have at most 128 bytes; use them as
/// values of a query and never as a part of SQL or of a path.
///
/// An error of the source is reported with status 503, whatever its kind, and affects only the requests that need the
/// client. It is not cached.
///
/// ```
/// use authlib_core::transport::BoxFuture;
/// use authlib_core::{ClientConfig, ClientSource, OAuth, Result};
///
/// struct Customers;
///
/// impl ClientSource for Customers {
///     fn find_client<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ClientConfig>>> {
///         Box::pin(async move {
///             // SELECT issuer, client_id, client_secret FROM customers WHERE name = $1
///             let found = (name == "acme").then_some(("https://login.acme.example", "id", "secret"));
///             Ok(found.map(|(issuer, id, secret)| {
///                 ClientConfig::new(name).issuer(issuer).client_id(id).client_secret(secret)
///             }))
///         })
///     }
/// }
///
/// # async fn use_it() -> Result<()> {
/// let oauth = OAuth::builder().client_source(Customers).build()?;
/// assert_eq!(oauth.find_client("acme").await?.client_id(), "id");
/// # Ok(())
/// # }
/// ```
pub trait ClientSource: Send + Sync {
    /// The configuration of the client of this name; `None` if there is none. Its name must be `name`: it is a part of
    /// the keys of stored tokens, so two names never mean one client.
    ///
    /// # Errors
    ///
    /// An error means that nobody knows whether there is such a client.
    fn find_client<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ClientConfig>>>;

    /// The name of the client whose users have e-mail addresses of this domain, in lower case and in ASCII
    /// (`xn--bcher-kva.example`). By default there is none.
    ///
    /// # Errors
    ///
    /// As [`find_client`](Self::find_client).
    fn client_of_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let _ = domain;
        Box::pin(async { Ok(None) })
    }

    /// The name of the client whose users open the application at this host, in lower case and without a port. By
    /// default there is none.
    ///
    /// # Errors
    ///
    /// As [`find_client`](Self::find_client).
    fn client_of_host<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        let _ = host;
        Box::pin(async { Ok(None) })
    }
}

/// The longest name that a source is asked for, in bytes.
pub(super) const MAX_NAME: usize = 128;

/// How long, and how many, answers of a [`ClientSource`] are cached. The metadata and keys of a provider are cached with
/// its client.
///
/// ```
/// use std::time::Duration;
/// use authlib_core::ClientCache;
///
/// let cache = ClientCache { lifetime: Duration::from_secs(60), ..ClientCache::default() };
/// assert_eq!((cache.capacity, cache.unknown_lifetime), (10_000, Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is made by struct update from its default")]
pub struct ClientCache {
    /// The most clients in the cache: 10,000 by default. Beyond it, the one that was read first is removed.
    pub capacity: usize,
    /// How long a client is used before the source is asked again: 5 minutes by default. A change is seen after this
    /// time, or at once after [`OAuth::forget_client`](crate::OAuth::forget_client) in the same process.
    pub lifetime: Duration,
    /// How long a name is unknown, or a client's configuration invalid, before the source is asked again: 10
    /// seconds by default. At most a tenth as many of these answers as clients are cached, and at least 1000.
    pub unknown_lifetime: Duration,
}

impl Default for ClientCache {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            lifetime: Duration::from_secs(300),
            unknown_lifetime: Duration::from_secs(10),
        }
    }
}

/// The domain of an e-mail address, or a domain alone, as a source is asked for it.
pub(super) fn domain_of(email: &str) -> Option<String> {
    let email = email.trim();
    host_name(email.rsplit_once('@').map_or(email, |(_, domain)| domain))
}

/// The host of a `Host` header, as a source is asked for it.
pub(super) fn host_of(authority: &str) -> Option<String> {
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    host_name(host)
}

/// A DNS name in lower case and in ASCII. Addresses have no users.
fn host_name(text: &str) -> Option<String> {
    if text.len() > 4 * MAX_HOST {
        return None;
    }
    match Host::parse(text.strip_suffix('.').unwrap_or(text)).ok()? {
        Host::Domain(name) if (1..=MAX_HOST).contains(&name.len()) => Some(name),
        _ => None,
    }
}

/// The longest DNS name (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_is_that_behind_the_last_at_sign_in_ascii() {
        for (email, domain) in [
            ("alice@Acme.Example", Some("acme.example")),
            (" alice@acme.example. ", Some("acme.example")),
            ("\"a@b\"@acme.example", Some("acme.example")),
            ("alice@bücher.example", Some("xn--bcher-kva.example")),
            ("acme.example", Some("acme.example")),
            ("alice@", None),
            ("", None),
            ("alice@[127.0.0.1]", None),
            ("alice@127.0.0.1", None),
            ("alice@acme example", None),
            ("alice@acme/example", None),
        ] {
            assert_eq!(domain_of(email).as_deref(), domain, "{email}");
        }
        assert_eq!(domain_of(&format!("a@{}.example", "a".repeat(1000))), None);
    }

    #[test]
    fn host_has_no_port() {
        for (authority, host) in [
            ("Acme.App.Example:8443", Some("acme.app.example")),
            ("acme.app.example", Some("acme.app.example")),
            ("acme.app.example:x", None),
            ("127.0.0.1:80", None),
            ("[::1]:80", None),
        ] {
            assert_eq!(host_of(authority).as_deref(), host, "{authority}");
        }
    }
}
