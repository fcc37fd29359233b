//! Dynamic client registration (RFC 7591) and its management (RFC 7592): [`Registration`].

use std::sync::{Arc, OnceLock};

use url::Url;

use crate::config::{ClientConfig, metadata_url};
use crate::endpoint::Endpoint;
use crate::endpoint_url::{HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::http_exchange::HttpExchange;
use crate::message::{self, Request, Response, with_source};
use crate::oauth2::issuers::Issuers;
use crate::oauth2::metadata::parse_metadata_response;
use crate::oauth2::registration::{
    delete_request, parse_delete_response, parse_management_response, parse_registration_response,
    read_request, registration_request, update_request,
};
use crate::oauth2::{ClientInformation, ClientMetadata};
use crate::secret::Secret;
use crate::transport::{self, HttpClient, Tls};

/// Registers clients at a provider (RFC 7591), and reads, changes and deletes their registrations
/// (RFC 7592).
///
/// ```no_run
/// use authlib_core::oauth2::ClientMetadata;
/// use authlib_core::{OAuth, Registration};
///
/// # async fn run() -> authlib_core::Result<()> {
/// let registration = Registration::at_issuer("https://login.example.com")?;
/// let metadata = ClientMetadata::new()
///     .client_name("Reports")
///     .redirect_uris(["https://app.example.com/authorize"]);
/// let client = registration.register(&metadata).await?;
/// // Store `client`: its id, its secret, and the token that its management needs.
/// let oauth = OAuth::builder().register(registration.config("reports", &client)).build()?;
/// # let _ = oauth;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registration {
    location: Location,
    exchange: OnceLock<HttpExchange>,
    initial_access_token: Option<Secret>,
}

#[derive(Clone, Debug)]
enum Location {
    Endpoint(Url),
    Metadata { url: Url, issuer: String },
}

impl Registration {
    /// Registers at the provider with this issuer, whose metadata name the endpoint (RFC 8414 §2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the issuer is not an https URL without a query.
    pub fn at_issuer(issuer: &str) -> Result<Self> {
        let url = checked_url(issuer, "issuer")?;
        if url.query().is_some() {
            let check = "issuer has a query, which is not allowed (RFC 8414 §2)";
            return Err(Error::new(ErrorKind::Config, check));
        }
        let url = checked_url(&metadata_url(url.as_str()), "issuer")?;
        Ok(Self::new(Location::Metadata { url, issuer: issuer.to_owned() }))
    }

    /// Registers at this registration endpoint.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it is not an https URL.
    pub fn at_endpoint(registration_endpoint: &str) -> Result<Self> {
        let url = checked_url(registration_endpoint, Endpoint::Registration.name())?;
        Ok(Self::new(Location::Endpoint(url)))
    }

    /// Sends the requests by this exchange.
    pub(crate) fn exchange(mut self, exchange: HttpExchange) -> Self {
        self.exchange = OnceLock::from(exchange);
        self
    }

    fn new(location: Location) -> Self {
        Self { location, exchange: OnceLock::new(), initial_access_token: None }
    }

    /// Sends requests with another HTTP client than the built-in one.
    #[must_use]
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.exchange = OnceLock::from(HttpExchange::new(Arc::new(http), None, None));
        self
    }

    /// Sets the initial access token, for providers that require one (RFC 7591 §3).
    #[must_use]
    pub fn initial_access_token(mut self, token: impl Into<Secret>) -> Self {
        self.initial_access_token = Some(token.into());
        self
    }

    /// Registers a client. The provider may change the requested metadata: the result is in
    /// [`metadata`](ClientInformation::metadata).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if the provider has no registration endpoint,
    /// [`ErrorKind::InvalidResponse`] if it reports an error or the response is malformed,
    /// [`ErrorKind::Transport`] if there is no response, [`ErrorKind::Config`] without an HTTP client.
    pub async fn register(&self, metadata: &ClientMetadata) -> Result<ClientInformation> {
        let endpoint = self.endpoint().await?;
        let token = self.initial_access_token.as_ref();
        let request = registration_request(&endpoint, metadata, token)?;
        let response = self.send(Endpoint::Registration.request_name(), request).await?;
        with_source(parse_registration_response(&response, &endpoint), &response)
    }

    /// The current registration (RFC 7592 §2.1). Store the result: the provider may have changed the
    /// client secret and the registration access token.
    ///
    /// That token is sent to [`registration_client_uri`](ClientInformation::registration_client_uri) only,
    /// which the provider issued together with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the provider issued no registration access token, and those of
    /// [`register`](Self::register).
    pub async fn read(&self, client: &ClientInformation) -> Result<ClientInformation> {
        let request = read_request(client)?;
        parse_management_response(&self.send("the client read request", request).await?, client)
    }

    /// Replaces the metadata of the registration with those of `client` (RFC 7592 §2.2).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub async fn update(&self, client: &ClientInformation) -> Result<ClientInformation> {
        let request = update_request(client)?;
        parse_management_response(&self.send("the client update request", request).await?, client)
    }

    /// Deletes the registration (RFC 7592 §2.3).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub async fn delete(&self, client: &ClientInformation) -> Result<()> {
        let request = delete_request(client)?;
        parse_delete_response(&self.send("the client delete request", request).await?)
    }

    /// The settings of a registered client, under a name that the application chooses.
    #[must_use]
    pub fn config(&self, name: &str, client: &ClientInformation) -> ClientConfig {
        let config = ClientConfig::of_registration(name, client);
        match &self.location {
            Location::Metadata { issuer, .. } => config.issuer(issuer),
            Location::Endpoint(_) => config,
        }
    }

    async fn endpoint(&self) -> Result<Url> {
        let (url, issuer) = match &self.location {
            Location::Endpoint(url) => return Ok(url.clone()),
            Location::Metadata { url, issuer } => (url, issuer),
        };
        let response = self.send("the metadata request", message::json_get(url)).await?;
        let metadata =
            parse_metadata_response(&response, &Issuers::of(issuer), HttpHosts::LOOPBACK);
        let metadata = with_source(metadata, &response)?;
        metadata.endpoints.get(Endpoint::Registration).cloned().ok_or_else(|| {
            let check = format!("the metadata at {url} has no `registration_endpoint`");
            Error::new(ErrorKind::Unsupported, check)
                .with_hint("register the client by hand, or use `Registration::at_endpoint`")
        })
    }

    async fn send(&self, what: &str, request: Request) -> Result<Response> {
        let exchange = match self.exchange.get() {
            Some(exchange) => exchange,
            None => {
                let default =
                    HttpExchange::new(transport::default_client(&Tls::default())?, None, None);
                self.exchange.get_or_init(|| default)
            }
        };
        exchange.fetch(what, request).await
    }
}

fn checked_url(text: &str, name: &str) -> Result<Url> {
    // The text itself may hold a password, and is not repeated.
    endpoint_url(text, HttpHosts::LOOPBACK)
        .map_err(|cause| Error::new(ErrorKind::Config, format!("{name} is not allowed: {cause}")))
}

debug_fields!(Registration { location });
