//! Client authentication that no RFC registers: [`ClientAuth`].

use std::fmt;

use http::HeaderMap;
use url::Url;

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::params::Params;
use crate::secret::Secret;
use crate::transport::BoxFuture;

/// Who the client is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientIdentity<'a> {
    /// The endpoint that the request goes to.
    pub endpoint: Endpoint,
    /// The client's id.
    pub client_id: &'a str,
    /// The client's secret, if it has one.
    pub client_secret: Option<&'a Secret>,
    /// The provider's issuer, where it is known.
    pub issuer: Option<&'a str>,
}

/// A request to such an endpoint before it is sent: a POST of a form.
#[non_exhaustive]
pub struct EndpointRequest {
    /// The endpoint's URL. Path and query may be changed, but not the origin: a request that leads
    /// elsewhere is not sent.
    pub url: Url,
    /// The headers, beside those of every form.
    pub headers: HeaderMap,
    /// The form.
    pub form: Params,
}

/// Proves who the client is, in a way of its own. It is registered with
/// [`ClientConfig::client_auth`](crate::ClientConfig::client_auth), or for one endpoint with
/// [`ClientConfig::client_auth_at`](crate::ClientConfig::client_auth_at).
///
/// ```
/// use authlib_core::hooks::{ClientAuth, ClientIdentity, EndpointRequest};
/// use authlib_core::transport::BoxFuture;
/// use authlib_core::{ClientConfig, Result};
///
/// /// A server that wants its key in a header.
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
    /// Adds the proof to `request`. It is asked anew for each request, so that nothing that is good
    /// once is sent twice.
    ///
    /// # Errors
    ///
    /// Why the client can't prove itself; the request is then not sent.
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
