//! Custom client authentication: [`ClientAuth`].

use std::fmt;

use http::HeaderMap;
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::params::Params;
use crate::secret::Secret;
use crate::transport::BoxFuture;

/// The client that authenticates.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientIdentity<'a> {
    /// The endpoint that the request goes to.
    pub endpoint: Endpoint,
    /// The client's id.
    pub client_id: &'a str,
    /// The client's secret, if it has one.
    pub client_secret: Option<&'a Secret>,
    /// The provider's issuer, if it is known.
    pub issuer: Option<&'a str>,
}

/// A request to an endpoint before it is sent: a POST of a form.
#[non_exhaustive]
pub struct EndpointRequest {
    /// The endpoint's URL. Only path and query may change: a request to another origin is not sent.
    pub url: Url,
    /// Additional headers.
    pub headers: HeaderMap,
    /// The form.
    pub form: Params,
}

/// Authenticates the client with a method that no RFC defines. Register it with
/// [`ClientConfig::client_auth`](crate::ClientConfig::client_auth), or for one endpoint with
/// [`ClientConfig::client_auth_for`](crate::ClientConfig::client_auth_for).
///
/// ```
/// use authlib_core::hooks::{ClientAuth, ClientIdentity, EndpointRequest};
/// use authlib_core::transport::BoxFuture;
/// use authlib_core::{ClientConfig, Result};
///
/// /// A server that expects the key in a header.
/// struct ApiKey;
///
/// impl ClientAuth for ApiKey {
///     fn authenticate<'a>(
///         &'a self,
///         client: ClientIdentity<'a>,
///         mut request: EndpointRequest,
///     ) -> BoxFuture<'a, Result<EndpointRequest>> {
///         Box::pin(async move {
///             request.form.set("client_id", client.client_id);
///             request.headers.insert("x-api-key", "k".parse().expect("a plain text"));
///             Ok(request)
///         })
///     }
/// }
///
/// let client = ClientConfig::new("odd").client_id("app").client_auth(ApiKey);
/// # let _ = client;
/// ```
pub trait ClientAuth: Send + Sync {
    /// Adds the credentials to `request`. It is called for every request, retries included, so that
    /// one-time values such as `jti` are never reused.
    ///
    /// # Errors
    ///
    /// If the client can't authenticate: the request is then not sent.
    fn authenticate<'a>(
        &'a self,
        client: ClientIdentity<'a>,
        request: EndpointRequest,
    ) -> BoxFuture<'a, Result<EndpointRequest>>;
}

impl fmt::Debug for EndpointRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointRequest")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}
