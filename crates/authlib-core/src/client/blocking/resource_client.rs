//! The blocking [`ResourceClient`].

use http::Method;

use super::request::ApiRequest;
use super::wait_for::wait_for;
use crate::api::verbs;
use crate::client;
use crate::error::Result;
use crate::oauth2::Token;

/// A [`ResourceClient`](client::resource_client::ResourceClient) whose calls return when they are done, made by
/// [`OAuth2Client::for_resource`](super::OAuth2Client::for_resource).
#[derive(Clone, Debug)]
pub struct ResourceClient {
    inner: client::resource_client::ResourceClient,
}

impl ResourceClient {
    pub(super) fn wrap(inner: client::resource_client::ResourceClient) -> Self {
        Self { inner }
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.inner.resource()
    }

    wait_for! {
        client::resource_client::ResourceClient;
        active_token() -> Token;
    }

    verbs!(ApiRequest);

    /// A request to `url`, which is resolved against the resource, with its token. It is not sent to another origin.
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.inner.request(method, url).with_mode()
    }
}
