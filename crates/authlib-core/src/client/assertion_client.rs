//! [`AssertionClient`]: a client that gets its tokens with JWT assertions (RFC 7523 §2.1).

use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::builder::ClientBuilder;
use super::oauth2_client::OAuth2Client;
use super::service_account::ServiceAccount;
use crate::clock::Clock;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::oauth2::JwtBearer;
use crate::secret::Secret;
use crate::transport::{HttpClient, MakeClient, default_client};

/// A client that gets its tokens with JWT assertions that it signs itself, as Google's service accounts do
/// (RFC 7523 §2.1).
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

/// Builds an [`AssertionClient`], or its blocking counterpart.
#[must_use = "a builder does nothing until it builds"]
pub struct AssertionClientBuilder<C = AssertionClient> {
    client: ClientBuilder<C>,
    assertion: JwtBearer,
}

impl AssertionClient {
    /// Assertions of `issuer`, signed with its private key (PEM, or the JSON text of a private JWK), for
    /// the token endpoint.
    pub fn builder(
        token_endpoint: impl Into<String>,
        issuer: impl Into<String>,
        key: impl Into<Secret>,
    ) -> AssertionClientBuilder {
        let default_http = default_client;
        AssertionClientBuilder::new(token_endpoint, issuer, key, default_http, Self::wrap)
    }

    /// Reads the JSON file of a Google service account.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the file can't be read, or is the file of
    /// something else; the error holds none of its content.
    pub fn from_service_account_file(path: impl AsRef<Path>) -> Result<AssertionClientBuilder> {
        ServiceAccount::read(path.as_ref()).map(Self::service_account)
    }

    /// As [`from_service_account_file`](Self::from_service_account_file), from the JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when it is the text of something else.
    pub fn from_service_account_json(json: &Secret) -> Result<AssertionClientBuilder> {
        ServiceAccount::parse(json).map(Self::service_account)
    }

    fn service_account(account: ServiceAccount) -> AssertionClientBuilder {
        Self::builder(account.token_uri, account.client_email, account.private_key)
            .set_key_id(account.private_key_id)
    }

    fn wrap(client: OAuth2Client) -> Self {
        Self { client }
    }
}

/// An [`AssertionClient`] has all methods of an [`OAuth2Client`].
impl Deref for AssertionClient {
    type Target = OAuth2Client;

    fn deref(&self) -> &OAuth2Client {
        &self.client
    }
}

/// Setters that call those of [`JwtBearer`].
macro_rules! assertion_setters {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $Arg:ty),*);)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $($arg: $Arg),*) -> Self {
            self.assertion = self.assertion.$name($($arg),*);
            self
        })*
    };
}

impl<C> AssertionClientBuilder<C> {
    pub(super) fn new(
        token_endpoint: impl Into<String>,
        issuer: impl Into<String>,
        key: impl Into<Secret>,
        default_http: MakeClient,
        wrap: fn(OAuth2Client) -> C,
    ) -> Self {
        let config = ClientConfig::new("assertion").token_endpoint(token_endpoint);
        Self {
            client: ClientBuilder::new(config, default_http, wrap),
            assertion: JwtBearer::new(issuer, key),
        }
    }

    pub(super) fn set_key_id(mut self, kid: Option<String>) -> Self {
        if let Some(kid) = kid {
            self.assertion = self.assertion.key_id(kid);
        }
        self
    }

    assertion_setters! {
        /// The user that the token is for (`sub`): with a Google service account, a user of the domain
        /// that delegated its authority.
        subject(subject: impl Into<String>);
        /// The audience of the assertion (`aud`); the token endpoint by default.
        audience(audience: impl Into<String>);
        /// Another claim of the assertion. `jti`, `iat` and `exp` cannot be set.
        claim(name: &str, value: impl Into<Value>);
        /// Another member of the assertion's JOSE header, such as `x5t`; `typ` is `JWT` by default. `alg`, `b64`,
        /// `crit` and `kid` cannot be set.
        header(name: &str, value: impl Into<Value>);
        /// The algorithm, such as `ES256`; by default the key's usual one.
        alg(alg: impl Into<String>);
        /// The `kid` under which the provider knows the key.
        key_id(kid: impl Into<String>);
        /// The lifetime of each assertion; an hour by default.
        lifetime(lifetime: Duration);
    }

    /// The scope, in the form (RFC 7521 §4.1) and in the assertion, where Google reads it.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let scope = scope.into();
        self.assertion = self.assertion.claim("scope", scope.clone());
        self.configure(|config| config.scope(scope))
    }

    /// The `client_id`, for providers that require one beside the assertion (RFC 7521 §4.1).
    pub fn client_id(self, client_id: impl Into<String>) -> Self {
        self.configure(|config| config.client_id(client_id))
    }

    /// The URL that relative URLs of API requests are resolved against.
    pub fn api_base_url(self, url: impl Into<String>) -> Self {
        self.configure(|config| config.api_base_url(url))
    }

    /// Adds an origin that the token may be sent to.
    pub fn api_origin(self, origin: impl Into<String>) -> Self {
        self.configure(|config| config.api_origin(origin))
    }

    /// Changes any other setting of the client: hooks, timeouts, token placement.
    pub fn configure(mut self, change: impl FnOnce(ClientConfig) -> ClientConfig) -> Self {
        self.client = self.client.configure(change);
        self
    }

    /// Sends requests with another HTTP client than the built-in one.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.client = self.client.http_client(http);
        self
    }

    /// Uses another clock than the system's, for tests. An `Arc` of a clock is a clock too.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.client = self.client.clock(clock);
        self
    }

    /// Checks the configuration and builds the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every error of the configuration, one a line.
    pub fn build(self) -> Result<C> {
        let assertion = self.assertion;
        self.client.configure(|config| config.refresh_with(assertion)).build()
    }
}

debug_fields!(AssertionClientBuilder<C> { client, assertion });
