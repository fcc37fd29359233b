//! [`AssertionClient`]: a client that gets its tokens by statements that it signs itself (RFC 7523 §2.1).

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::service_account::ServiceAccount;
use super::{OAuth2Client, OAuth2ClientBuilder};
use crate::api::ApiRequest;
use crate::clock::Clock;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::{JwtBearer, Token};
use crate::secret::Secret;
use crate::transport::HttpClient;

/// A client that gets its tokens by statements that it signs itself, as Google's service accounts do
/// (RFC 7523 §2.1). There is no refresh token: each renewal is a new statement.
///
/// ```no_run
/// use authlib_core::AssertionClient;
///
/// # async fn run() -> authlib_core::Result<()> {
/// let drive = AssertionClient::from_service_account_file("service-account.json")?
///     .scope("https://www.googleapis.com/auth/drive.readonly")
///     .api_base_url("https://www.googleapis.com/drive/v3/")
///     .build()?;
/// let files: serde_json::Value = drive.get("files").send().await?.json()?;
/// # let _ = files;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "AssertionSession")]
#[doc(alias = "AsyncAssertionClient")]
pub struct AssertionClient {
    client: OAuth2Client,
}

/// Collects what an [`AssertionClient`] says, and checks it in [`build`](Self::build).
#[must_use = "a builder does nothing until it builds"]
pub struct AssertionClientBuilder {
    config: ClientConfig,
    statement: JwtBearer,
    http: Option<Arc<dyn HttpClient>>,
    clock: Option<Arc<dyn Clock>>,
}

impl AssertionClient {
    /// Statements of `issuer`, signed with its private key (PEM, or the JSON text of a private JWK), for
    /// the token endpoint.
    pub fn builder(
        token_endpoint: impl Into<String>,
        issuer: impl Into<String>,
        key: impl Into<Secret>,
    ) -> AssertionClientBuilder {
        AssertionClientBuilder {
            config: ClientConfig::new("assertion").token_endpoint(token_endpoint),
            statement: JwtBearer::new(issuer, key),
            http: None,
            clock: None,
        }
    }

    /// Reads the JSON file of a Google service account.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the file can't be read, or is the file of
    /// something else; the error holds none of its content.
    pub fn from_service_account_file(path: impl AsRef<Path>) -> Result<AssertionClientBuilder> {
        Ok(ServiceAccount::read(path.as_ref())?.builder())
    }

    /// As [`from_service_account_file`](Self::from_service_account_file), from the JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is the text of something else.
    pub fn from_service_account_json(json: &Secret) -> Result<AssertionClientBuilder> {
        Ok(ServiceAccount::parse(json)?.builder())
    }

    /// The client with its token, for all that it can do beside requests.
    #[must_use]
    pub fn oauth2_client(&self) -> &OAuth2Client {
        &self.client
    }

    /// The token, fetched or renewed by a new statement where it must be.
    ///
    /// # Errors
    ///
    /// What the token endpoint reports, as an error of kind
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) or [`Transport`](crate::ErrorKind::Transport).
    pub async fn active_token(&self) -> Result<Token> {
        self.client.active_token().await
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

impl AssertionClientBuilder {
    /// For whom the token is (`sub`): with a Google service account, a user of the domain that delegated
    /// its authority.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.statement = self.statement.subject(subject);
        self
    }

    /// Whom the statement is for (`aud`); by default the token endpoint.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.statement = self.statement.audience(audience);
        self
    }

    /// The scope, blank-separated. It stands in the form (RFC 7521 §4.1) and in the statement, where
    /// Google reads it.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        self.statement = self.statement.claim("scope", scope.clone());
        self.config = self.config.scope(scope);
        self
    }

    /// One more claim of the statement. `jti`, `iat` and `exp` can't be set.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.statement = self.statement.claim(name, value);
        self
    }

    /// The algorithm, such as `ES256`; by default the key's usual one.
    pub fn alg(mut self, alg: impl Into<String>) -> Self {
        self.statement = self.statement.alg(alg);
        self
    }

    /// The `kid` under which the provider knows the key.
    pub fn key_id(mut self, kid: impl Into<String>) -> Self {
        self.statement = self.statement.key_id(kid);
        self
    }

    /// How long each statement is good: an hour by default.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.statement = self.statement.lifetime(lifetime);
        self
    }

    /// The client's id, for servers that want one beside the statement (RFC 7521 §4.1).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.config = self.config.client_id(client_id);
        self
    }

    /// What relative URLs of API requests are taken from.
    pub fn api_base_url(mut self, url: impl Into<String>) -> Self {
        self.config = self.config.api_base_url(url);
        self
    }

    /// Adds an origin that the token may be sent to.
    pub fn api_origin(mut self, origin: impl Into<String>) -> Self {
        self.config = self.config.api_origin(origin);
        self
    }

    /// Changes what else the client is made of: hooks, timeouts, placement of the token.
    pub fn configure(mut self, change: impl FnOnce(ClientConfig) -> ClientConfig) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sends requests by another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(http));
        self
    }

    /// Tells the time by another clock than the system's.
    pub fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    pub fn build(self) -> Result<AssertionClient> {
        Ok(AssertionClient { client: self.builder().build()? })
    }

    /// As [`build`](Self::build), for a program without an async runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, one a line.
    #[cfg(feature = "blocking")]
    pub fn build_blocking(self) -> Result<super::blocking::AssertionClient> {
        let client = self.builder().build_blocking()?.asynchronous().clone();
        Ok(super::blocking::AssertionClient::of(&AssertionClient { client }))
    }

    fn builder(self) -> OAuth2ClientBuilder {
        let mut builder = OAuth2ClientBuilder::new(self.config.renew_by_assertion(self.statement));
        if let Some(http) = self.http {
            builder = builder.http_client(http);
        }
        if let Some(clock) = self.clock {
            builder = builder.shared_clock(clock);
        }
        builder
    }
}

impl fmt::Debug for AssertionClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionClientBuilder")
            .field("config", &self.config)
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}
