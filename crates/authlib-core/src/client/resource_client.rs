//! [`ResourceClient`]: API requests with a token for one resource.

use http::Method;

use crate::api::{ApiRequest, verbs};
use crate::error::Result;
use crate::oauth2::Token;
use crate::registry::RegisteredClient;
use crate::store::TokenOwner;

/// A client with a token for one resource (RFC 8707), made by
/// [`OAuth2Client::for_resource`](crate::OAuth2Client::for_resource).
///
/// The token is requested with the refresh token of the owner's token, or, if the client fetches its own tokens
/// ([`Refresh::ClientCredentials`](crate::config::Refresh), [`Refresh::Assertion`](crate::config::Refresh)), with that grant. It is
/// stored beside the owner's token, and requested again when it expires or the API rejects it. It is sent to the origin of the
/// resource only.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct ResourceClient {
    app: RegisteredClient,
    owner: TokenOwner,
    resource: String,
}

impl ResourceClient {
    pub(super) fn new(app: &RegisteredClient, owner: &TokenOwner, resource: String) -> Self {
        Self { app: app.clone(), owner: owner.clone(), resource }
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The token for the resource, requested if there is none or it has expired.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the owner has no token, or none with a refresh token;
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if `refresh_with` of the client is `off` or a function;
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the provider refuses the resource
    /// (`invalid_target`); those of a [refresh](crate::RegisteredClient::active_token).
    pub async fn active_token(&self) -> Result<Token> {
        let token = self.app.tokens().active_resource_token(&self.owner, &self.resource).await;
        self.app.endpoints().named(token)
    }

    verbs!(ApiRequest);

    /// A request to `url`, which is resolved against the resource, with its token. It is not sent to another origin.
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        let tokens = self.app.tokens().clone();
        ApiRequest::for_resource(tokens, self.owner.clone(), method, url, &self.resource)
    }
}

debug_fields!(ResourceClient { app, resource });
