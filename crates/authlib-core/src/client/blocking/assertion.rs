//! The blocking [`AssertionClient`].

use std::ops::Deref;
use std::path::Path;

use super::oauth2::OAuth2Client;
use super::runtime::http_client_with_runtime;
use crate::client::service_account::ServiceAccount;
use crate::client::{self, AssertionClientBuilder};
use crate::error::Result;
use crate::secret::Secret;

/// An [`AssertionClient`](client::assertion_client::AssertionClient) whose calls return when they are done.
#[derive(Clone, Debug)]
pub struct AssertionClient {
    client: OAuth2Client,
}

impl AssertionClient {
    /// As [`AssertionClient::builder`](client::assertion_client::AssertionClient::builder).
    pub fn builder(
        token_endpoint: impl Into<String>,
        issuer: impl Into<String>,
        key: impl Into<Secret>,
    ) -> AssertionClientBuilder<Self> {
        let default_http = http_client_with_runtime;
        AssertionClientBuilder::new(token_endpoint, issuer, key, default_http, Self::wrap)
    }

    /// Reads the JSON file of a Google service account.
    pub fn from_service_account_file(
        path: impl AsRef<Path>,
    ) -> Result<AssertionClientBuilder<Self>> {
        ServiceAccount::read(path.as_ref()).map(Self::service_account)
    }

    /// As [`from_service_account_file`](Self::from_service_account_file), from the JSON text.
    pub fn from_service_account_json(json: &Secret) -> Result<AssertionClientBuilder<Self>> {
        ServiceAccount::parse(json).map(Self::service_account)
    }

    fn service_account(account: ServiceAccount) -> AssertionClientBuilder<Self> {
        Self::builder(account.token_uri, account.client_email, account.private_key)
            .set_key_id(account.private_key_id)
    }

    fn wrap(client: client::oauth2_client::OAuth2Client) -> Self {
        Self { client: OAuth2Client::wrap(client) }
    }
}

/// An [`AssertionClient`] has all methods of an [`OAuth2Client`].
impl Deref for AssertionClient {
    type Target = OAuth2Client;

    fn deref(&self) -> &OAuth2Client {
        &self.client
    }
}
