//! Dynamic client registration (RFC 7591) and its management (RFC 7592): [`Registration`].

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::config::ClientConfig;
use crate::endpoint::Endpoint;
use crate::endpoint_url::endpoint_url;
use crate::error::{Error, ErrorKind, Result};
use crate::http_exchange::Driver;
use crate::oauth2::metadata::{metadata_request, parse_metadata_response};
use crate::oauth2::registration::{
    delete_request, parse_delete_response, parse_management_response, parse_registration_response,
    read_request, registration_request, update_request,
};
use crate::oauth2::{ClientInformation, ClientMetadata};
use crate::secret::Secret;
use crate::transport::HttpClient;

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
/// // Keep `client`: its id, its secret, and the token that its management needs.
/// let oauth = OAuth::builder().register(registration.config("reports", &client)).build()?;
/// # let _ = oauth;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registration {
    driver: Driver,
    place: Place,
    initial_access_token: Option<Secret>,
}

#[derive(Clone, Debug)]
enum Place {
    Endpoint(Url),
    Issuer(Url, String),
}

impl Registration {
    /// Registrations at the provider with this issuer, whose metadata say where (RFC 8414 §2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the issuer is no URL to trust, or there is no built-in HTTP client.
    #[cfg(feature = "reqwest")]
    pub fn at_issuer(issuer: &str) -> Result<Self> {
        Self::at_issuer_over(issuer, built_in()?)
    }

    /// As `at_issuer`, over another HTTP client than the built-in one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the issuer is no URL to trust.
    pub fn at_issuer_over(issuer: &str, http: impl HttpClient + 'static) -> Result<Self> {
        let url = checked(issuer, "the issuer")?;
        if url.query().is_some() {
            return Err(Error::new(ErrorKind::Config, "the issuer has a query (RFC 8414 §2)"));
        }
        let url =
            format!("{}/.well-known/openid-configuration", url.as_str().trim_end_matches('/'));
        let url = checked(&url, "the issuer")?;
        Ok(Self::new(Place::Issuer(url, issuer.to_owned()), http))
    }

    /// Registrations at this registration endpoint.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no URL to trust, or there is no built-in HTTP client.
    #[cfg(feature = "reqwest")]
    pub fn at_endpoint(registration_endpoint: &str) -> Result<Self> {
        Self::at_endpoint_over(registration_endpoint, built_in()?)
    }

    /// As `at_endpoint`, over another HTTP client than the built-in one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no URL to trust.
    pub fn at_endpoint_over(
        registration_endpoint: &str,
        http: impl HttpClient + 'static,
    ) -> Result<Self> {
        let url = checked(registration_endpoint, "the registration endpoint")?;
        Ok(Self::new(Place::Endpoint(url), http))
    }

    fn new(place: Place, http: impl HttpClient + 'static) -> Self {
        let driver = Driver::new(Arc::new(http), None, None);
        Self { driver, place, initial_access_token: None }
    }

    /// The token without which the provider registers nobody (RFC 7591 §3).
    #[must_use]
    pub fn initial_access_token(mut self, token: impl Into<Secret>) -> Self {
        self.initial_access_token = Some(token.into());
        self
    }

    /// Registers a client. What the provider made of the metadata is in
    /// [`metadata`](ClientInformation::metadata), and may differ from what was asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when the provider registers no clients,
    /// [`ErrorKind::InvalidResponse`] when it refuses or answers something else,
    /// [`ErrorKind::Transport`] when there is no answer.
    pub async fn register(&self, metadata: &ClientMetadata) -> Result<ClientInformation> {
        let endpoint = self.endpoint().await?;
        let token = self.initial_access_token.as_ref();
        let request = registration_request(&endpoint, metadata, token)?;
        parse_registration_response(
            &self.driver.send("the client registration", request).await?,
            &endpoint,
        )
    }

    /// The registration as it is now (RFC 7592 §2.1). Keep what comes back: the provider may have
    /// changed the secret and the token of the registration.
    ///
    /// The token goes to [`registration_client_uri`](ClientInformation::registration_client_uri), which the
    /// provider named together with it, and to nowhere else.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the provider gave no way to manage it, and those of
    /// [`register`](Self::register).
    pub async fn read(&self, client: &ClientInformation) -> Result<ClientInformation> {
        let request = read_request(client)?;
        parse_management_response(
            &self.driver.send("the client read request", request).await?,
            client,
        )
    }

    /// Replaces the registration's metadata by those of `client` (RFC 7592 §2.2).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub async fn update(&self, client: &ClientInformation) -> Result<ClientInformation> {
        let request = update_request(client)?;
        parse_management_response(
            &self.driver.send("the client update request", request).await?,
            client,
        )
    }

    /// Deletes the registration (RFC 7592 §2.3).
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub async fn delete(&self, client: &ClientInformation) -> Result<()> {
        let request = delete_request(client)?;
        parse_delete_response(&self.driver.send("the client delete request", request).await?)
    }

    /// The settings of a registered client, under a name of the application's.
    #[must_use]
    pub fn config(&self, name: &str, client: &ClientInformation) -> ClientConfig {
        let mut config = ClientConfig::new(name).client_id(&client.client_id);
        config.client_secret.clone_from(&client.client_secret);
        config.token_endpoint_auth_method.clone_from(&client.metadata.token_endpoint_auth_method);
        config.scope.clone_from(&client.metadata.scope);
        config.redirect_uri = client.metadata.redirect_uris.first().cloned();
        if let Place::Issuer(_, issuer) = &self.place {
            config.issuer = Some(issuer.clone());
        }
        config
    }

    async fn endpoint(&self) -> Result<Url> {
        let (url, issuer) = match &self.place {
            Place::Endpoint(url) => return Ok(url.clone()),
            Place::Issuer(url, issuer) => (url, issuer),
        };
        let response = self.driver.send("the request for metadata", metadata_request(url)).await?;
        parse_metadata_response(&response, issuer)?
            .endpoints
            .get(Endpoint::Registration)
            .cloned()
            .ok_or_else(|| {
                let check = "the provider's metadata name no `registration_endpoint`";
                Error::new(ErrorKind::Unsupported, check)
                    .with_hint("register the client by hand, or use `Registration::at_endpoint`")
            })
    }
}

fn checked(text: &str, what: &str) -> Result<Url> {
    endpoint_url(text)
        .map_err(|cause| Error::new(ErrorKind::Config, format!("{what} is refused: {cause}")))
}

#[cfg(feature = "reqwest")]
fn built_in() -> Result<crate::transport::ReqwestClient> {
    crate::transport::ReqwestClient::new()
        .map_err(|cause| Error::new(ErrorKind::Config, format!("no HTTP client: {cause}")))
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("place", &self.place).finish_non_exhaustive()
    }
}
