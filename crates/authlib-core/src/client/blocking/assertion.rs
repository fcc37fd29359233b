//! The blocking [`AssertionClient`].

use http::Method;

use super::{ApiRequest, OAuth2Client};
use crate::client;
use crate::error::Result;
use crate::oauth2::Token;

/// An [`AssertionClient`](client::AssertionClient) whose calls return when they are done. It comes from
/// [`build_blocking`](client::AssertionClientBuilder::build_blocking).
///
/// ```no_run
/// use authlib_core::AssertionClient;
///
/// # fn run() -> authlib_core::Result<()> {
/// let drive = AssertionClient::from_service_account_file("service-account.json")?
///     .scope("https://www.googleapis.com/auth/drive.readonly")
///     .api_base_url("https://www.googleapis.com/drive/v3/")
///     .build_blocking()?;
/// let files: serde_json::Value = drive.get("files").send()?.json()?;
/// # let _ = files;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AssertionClient {
    client: OAuth2Client,
}

impl AssertionClient {
    pub(in crate::client) fn of(inner: &client::AssertionClient) -> Self {
        Self { client: OAuth2Client::of(inner.oauth2_client().clone()) }
    }

    /// The client with its token, for all that it can do beside requests.
    #[must_use]
    pub fn oauth2_client(&self) -> &OAuth2Client {
        &self.client
    }

    /// As [`active_token`](client::AssertionClient::active_token).
    ///
    /// # Errors
    ///
    /// Those of the async one.
    pub fn active_token(&self) -> Result<Token> {
        self.client.active_token()
    }

    /// A GET of `url`; see [`request`](Self::request).
    pub fn get(&self, url: &str) -> ApiRequest {
        self.client.get(url)
    }

    /// A POST to `url`; see [`request`](Self::request).
    pub fn post(&self, url: &str) -> ApiRequest {
        self.client.post(url)
    }

    /// A request to `url` with the token; see [`RegisteredClient::request`](crate::RegisteredClient::request).
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.client.request(method, url)
    }
}
