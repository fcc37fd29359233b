//! [`OAuth1Client`]: an OAuth 1.0a client with one token.

use http::Method;
use url::Url;

use super::builder::ClientBuilder;
use super::oauth2_client::{OAuth2Client, query_of};
use crate::api::{ApiRequest, verbs};
use crate::config::ClientConfig;
use crate::endpoints::oauth1::{from_stored_token, to_stored_token};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::oauth1::authorization::Authorization;
use crate::oauth1::{TemporaryCredentials, Token as OAuth1Token};
use crate::oauth2::Token;
use crate::params::Params;
use crate::registry::RegisteredClient;
use crate::secret::Secret;
use crate::store::TokenOwner;
use crate::transport::default_client;

/// An OAuth 1.0a client with one token, for programs without a browser's session (RFC 5849). Its requests
/// are signed; without a token, with the client's credentials alone.
///
/// ```no_run
/// use authlib_core::{ClientConfig, OAuth1Client, Params, Secret};
///
/// # async fn run() -> authlib_core::Result<()> {
/// let photos = OAuth1Client::new(
///     ClientConfig::new("photos")
///         .client_id("dpf43f3p2l4k3l03")
///         .client_secret("kd94hf93k423kf44")
///         .request_token_url("https://photos.example.net/initiate")
///         .authorization_endpoint("https://photos.example.net/authorize")
///         .token_endpoint("https://photos.example.net/token")
///         .api_base_url("https://photos.example.net/"),
/// )?;
/// let temporary = photos.fetch_request_token("oob").await?;
/// println!("Open {}", photos.create_authorization_url(&temporary, &Params::new())?);
/// let verifier = Secret::new("the number that the page shows");
/// photos.fetch_access_token(&temporary, &verifier).await?;
/// let photo = photos.get("photos").query([("file", "vacation.jpg")]).send().await?;
/// # let _ = photo;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "OAuth1Session")]
#[doc(alias = "AsyncOAuth1Client")]
pub struct OAuth1Client {
    inner: OAuth2Client,
}

impl OAuth1Client {
    /// A client with its token in memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every error of the configuration, one a line.
    pub fn new(config: impl Into<ClientConfig>) -> Result<Self> {
        Self::builder(config).build()
    }

    /// Builds a client with a token, a store or an HTTP client of your own.
    pub fn builder(config: impl Into<ClientConfig>) -> ClientBuilder<Self> {
        ClientBuilder::new(oauth1_config(config), default_client, Self::wrap)
    }

    /// A registered client with the token of one of its users.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if it is an OAuth 2.0 client.
    pub fn for_owner(app: &RegisteredClient, owner: TokenOwner) -> Result<Self> {
        app.endpoints().require_oauth1()?;
        Ok(Self::wrap(OAuth2Client::for_owner(app, owner)))
    }

    pub(super) fn wrap(inner: OAuth2Client) -> Self {
        Self { inner }
    }

    fn app(&self) -> &RegisteredClient {
        self.inner.registered_client()
    }

    /// Requests temporary credentials (RFC 5849 §2.1). `callback` is the URL that the browser comes back
    /// to, or `oob` if the user types the verifier.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the provider reports an error, does not confirm the callback, or the
    /// response is malformed; [`ErrorKind::Transport`] if there is no response.
    pub async fn fetch_request_token(&self, callback: &str) -> Result<TemporaryCredentials> {
        let endpoints = self.app().endpoints();
        let requested = endpoints.request_temporary_credentials(callback).await;
        endpoints.named(requested)
    }

    /// The URL to send the user to (RFC 5849 §2.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] without an `authorize_url`.
    pub fn create_authorization_url(
        &self,
        temporary: &TemporaryCredentials,
        params: &Params,
    ) -> Result<Url> {
        let app = self.app();
        app.endpoints()
            .named(app.front_channel().oauth1_authorization_url(&temporary.token, params))
    }

    /// The verifier of a callback, which must belong to `temporary` (RFC 5849 §2.2). `callback` is its URL,
    /// or its query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if the user refused, [`ErrorKind::AuthorizationError`] if the provider
    /// reports another error, [`ErrorKind::InvalidCallback`] if the callback belongs to another login.
    pub fn parse_authorization_response(
        &self,
        temporary: &TemporaryCredentials,
        callback: &str,
    ) -> Result<Secret> {
        let params = Params::parse(query_of(callback));
        let checked = Authorization::check(&params, &temporary.token)
            .map_err(|error| self.app().settings().with_denial(error));
        self.app().endpoints().named(checked.map(|authorization| authorization.verifier))
    }

    /// Exchanges the temporary credentials and the verifier for a token (RFC 5849 §2.3), and stores it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCallback`] if the verifier is empty, [`ErrorKind::InvalidResponse`] if the
    /// provider reports an error or the response is malformed, [`ErrorKind::Transport`] if there is no
    /// response, and what the store reports.
    pub async fn fetch_access_token(
        &self,
        temporary: &TemporaryCredentials,
        verifier: &Secret,
    ) -> Result<OAuth1Token> {
        let endpoints = self.app().endpoints();
        let fetched = async {
            let verifier = Authorization::out_of_band(verifier)?.verifier;
            let credentials = temporary.credentials();
            let token = endpoints.request_token_credentials(credentials, &verifier).await?;
            self.inner.set_token(&token).await?;
            from_stored_token(&token)
        };
        endpoints.named(fetched.await)
    }

    /// The token, if there is one.
    ///
    /// # Errors
    ///
    /// What the store reports, and [`ErrorKind::Unauthenticated`] if the stored token is not an OAuth 1.0a
    /// token.
    pub async fn token(&self) -> Result<Option<OAuth1Token>> {
        self.inner.token().await?.map(|token| from_stored_token(&token)).transpose()
    }

    /// Stores `token` instead of the present one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn set_token(&self, token: OAuth1Token) -> Result<()> {
        let subject_claim = self.app().settings().subject_claim.as_deref();
        self.inner.set_token(&to_stored_token(token, subject_claim)).await
    }

    verbs!(ApiRequest);

    /// A signed request to `url`; see [`RegisteredClient::request`] for where it may be sent. A redirect is
    /// returned, and not followed.
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.inner.request(method, url)
    }
}

/// The configuration of an OAuth 1.0a client, also of one that has no `request_token_url`.
pub(super) fn oauth1_config(config: impl Into<ClientConfig>) -> ClientConfig {
    let mut config = config.into();
    config.extensions.oauth1 = true;
    config
}

impl From<OAuth1Token> for Token {
    /// The token as stores keep it. The other members of the response become its claims, but never `sub`.
    fn from(token: OAuth1Token) -> Self {
        to_stored_token(token, None)
    }
}

debug_fields!(OAuth1Client { inner });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_to_token_keeps_the_other_members() {
        let mut token = OAuth1Token::new("t", "s");
        token.extra.push("user_id", "38895958");
        token.extra.push("sub", "unverified");
        let stored = Token::from(token);
        let claims = stored.claims.as_ref().unwrap().as_map();
        assert_eq!(claims["user_id"], "38895958");
        assert!(!claims.contains_key("sub"));
        let back = from_stored_token(&stored).unwrap();
        assert_eq!(back.extra().only("user_id").unwrap(), Some("38895958"));
        assert_eq!(back.oauth_token_secret.expose(), "s");
    }
}
