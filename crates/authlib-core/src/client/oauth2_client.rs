//! [`OAuth2Client`]: an OAuth 2.0 client with one token.

use http::Method;
use url::Url;

use super::resource_client::ResourceClient;
use crate::api::{ApiRequest, verbs};
use crate::authorization::{AuthorizeOptions, PendingLogin};
use crate::endpoints::{BackchannelLogin, DeviceLogin};
use crate::error::Result;
use crate::oauth2::UserInfo;
use crate::oauth2::{
    ExchangedToken, Grant, Introspection, Token, TokenExchange, TokenTypeHint, token_from_fragment,
};
use crate::oidc::backchannel_authentication::BackchannelRequest;
use crate::params::Params;
use crate::registry::RegisteredClient;
use crate::secret::Secret;
use crate::store::TokenOwner;

/// An OAuth 2.0 client with one token, for programs without a browser's session. It fetches the token by
/// any grant, stores and refreshes it, and calls the provider's API with it.
///
/// Cheap to clone; all clones share the token, and refresh it once. A method that refers to one of
/// [`RegisteredClient`] has the errors of that method, and those of the store.
///
/// ```no_run
/// use authlib_core::config::Refresh;
/// use authlib_core::{ClientConfig, OAuth2Client};
///
/// # async fn run() -> authlib_core::Result<()> {
/// let reports = OAuth2Client::new(
///     ClientConfig::new("reports")
///         .client_id("nightly-job")
///         .client_secret("s3cr3t")
///         .token_endpoint("https://login.example.com/token")
///         .api_base_url("https://api.example.com/v1/")
///         .scope("reports:read")
///         .refresh_with(Refresh::ClientCredentials),
/// )?;
/// // The token is fetched on first use, and again when it has expired.
/// let latest: serde_json::Value = reports.get("reports/latest").send().await?.json()?;
/// # let _ = latest;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "OAuth2Session")]
#[doc(alias = "AsyncOAuth2Client")]
pub struct OAuth2Client {
    app: RegisteredClient,
    owner: TokenOwner,
}

#[expect(clippy::missing_errors_doc, reason = "the errors are those of the method referred to")]
impl OAuth2Client {
    /// A registered client with the token of one of its users.
    #[must_use]
    pub fn for_owner(app: &RegisteredClient, owner: TokenOwner) -> Self {
        Self { app: app.clone(), owner }
    }

    /// The registered client that it is made of.
    #[must_use]
    pub fn registered_client(&self) -> &RegisteredClient {
        &self.app
    }

    /// The owner of the token.
    #[must_use]
    pub fn owner(&self) -> &TokenOwner {
        &self.owner
    }

    /// The stored token, which may have expired.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn token(&self) -> Result<Option<Token>> {
        self.app.tokens().find_token(&self.owner).await
    }

    /// Stores `token` instead of the present one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the owner is another client's, and
    /// what the store reports.
    pub async fn set_token(&self, token: &Token) -> Result<()> {
        self.app.tokens().save_token(&self.owner, token).await
    }

    /// The token, refreshed if it has expired; see [`RegisteredClient::active_token`].
    pub async fn active_token(&self) -> Result<Token> {
        self.app.active_token(&self.owner).await
    }

    /// Refreshes the token, although it may not have expired; see [`RegisteredClient::refresh_token`].
    pub async fn refresh_token(&self) -> Result<Token> {
        self.app.refresh_token(&self.owner).await
    }

    /// The URL to send the user to; see [`RegisteredClient::create_authorization_url`].
    pub async fn create_authorization_url(
        &self,
        options: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        self.app.create_authorization_url(options).await
    }

    /// Checks the authorization response, redeems its code and stores the token; see
    /// [`RegisteredClient::fetch_access_token`]. The response is the URL that the browser came back to, or
    /// its query; a fragment such as `#_=_` is ignored.
    pub async fn fetch_access_token(
        &self,
        pending: PendingLogin,
        authorization_response: &str,
    ) -> Result<Token> {
        let query = query_of(authorization_response);
        let token = self.app.fetch_access_token(pending, &Params::parse(query)).await?;
        self.set_token(&token).await?;
        Ok(token)
    }

    /// Requests a token by any grant and stores it; see [`RegisteredClient::fetch_token`].
    pub async fn fetch_token(&self, grant: Grant) -> Result<Token> {
        let used = grant.sent_refresh_token();
        let mut token = self.app.fetch_token(grant).await?;
        if token.refresh_token.is_none() {
            // Left out, it stays the same (RFC 6749 §6).
            token.refresh_token = used;
        }
        self.set_token(&token).await?;
        Ok(token)
    }

    /// Exchanges a token for another; see [`RegisteredClient::exchange_token`].
    pub async fn exchange_token(&self, exchange: &TokenExchange) -> Result<ExchangedToken> {
        self.app.exchange_token(exchange).await
    }

    /// Requests a code that the user types into a page on another device (RFC 8628); see
    /// [`RegisteredClient::start_device_login`]. Store its token with [`set_token`](Self::set_token).
    pub async fn start_device_login(&self, scope: Option<&str>) -> Result<DeviceLogin> {
        self.app.start_device_login(scope).await
    }

    /// Asks a user to log in on a device of their own (OpenID Connect CIBA Core); see
    /// [`RegisteredClient::start_backchannel_login`]. Store its token with [`set_token`](Self::set_token).
    pub async fn start_backchannel_login(
        &self,
        request: &BackchannelRequest,
    ) -> Result<BackchannelLogin> {
        self.app.start_backchannel_login(request).await
    }

    /// Checks a request to the application's notification endpoint; see [`RegisteredClient::receive_ping`].
    pub fn receive_ping(&self, authorization: Option<&str>, body: &[u8]) -> Result<()> {
        self.app.receive_ping(authorization, body)
    }

    /// Stores the token of an implicit grant, from the URL that the browser came back to; see
    /// [`token_from_fragment`] and why RFC 9700 §2.1.2 advises against it.
    ///
    /// # Errors
    ///
    /// Those of [`token_from_fragment`], and what the store reports.
    pub async fn token_from_fragment(
        &self,
        authorization_response: &str,
        expected_state: &Secret,
    ) -> Result<Token> {
        let now = self.app.now();
        let read = token_from_fragment(authorization_response, expected_state, now, None)
            .map_err(|error| self.app.settings().with_denial(error));
        let token = self.app.endpoints().named(read)?;
        self.set_token(&token).await?;
        Ok(token)
    }

    /// A client with a token for one resource, an absolute URL, from the same refresh token (RFC 8707 §2.2), or by the grant
    /// with which this client fetches its own tokens. If the setting
    /// [`resource`](crate::ClientConfig::resource) is used, it must name all of them.
    ///
    /// ```no_run
    /// # async fn run(user: authlib_core::OAuth2Client) -> authlib_core::Result<()> {
    /// let mail = user.for_resource("https://mail.example.com/v1/");
    /// let calendar = user.for_resource("https://calendar.example.com/");
    /// let inbox = mail.get("inbox").send().await?.error_for_status()?;
    /// let today = calendar.get("today").send().await?.error_for_status()?;
    /// # let _ = (inbox, today);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_resource(&self, resource: impl Into<String>) -> ResourceClient {
        ResourceClient::new(&self.app, &self.owner, resource.into())
    }

    verbs!(ApiRequest);

    /// A request to `url` with the token; see [`RegisteredClient::request`].
    pub fn request(&self, method: Method, url: &str) -> ApiRequest {
        self.app.request(method, url, &self.owner)
    }

    /// The user info of the token's user; see [`RegisteredClient::userinfo`].
    pub async fn userinfo(&self) -> Result<UserInfo> {
        self.app.userinfo(&self.owner).await
    }

    /// The user info for a token at hand; see [`RegisteredClient::userinfo_with`].
    pub async fn userinfo_with(&self, token: &Token) -> Result<UserInfo> {
        self.app.userinfo_with(token).await
    }

    /// Revokes the token at the provider and deletes it; see [`RegisteredClient::revoke_token`].
    pub async fn revoke_token(&self) -> Result<()> {
        self.app.revoke_token(&self.owner).await
    }

    /// The current status and metadata of a token; see [`RegisteredClient::introspect_token`].
    pub async fn introspect_token(
        &self,
        token: &Secret,
        hint: Option<TokenTypeHint>,
    ) -> Result<Introspection> {
        self.app.introspect_token(token, hint).await
    }
}

/// The query of a URL, or the text itself where it is a query alone. A fragment is not read.
pub(super) fn query_of(response: &str) -> &str {
    let text = response.split('#').next().unwrap_or_default();
    match text.split_once('?') {
        // A value may hold a question mark.
        Some((before, query)) if !before.contains('=') => query,
        _ => text,
    }
}

debug_fields!(OAuth2Client { app });

#[cfg(test)]
mod tests {
    use super::query_of;

    /// H04.
    #[test]
    fn authorization_response_is_url_or_query_without_fragment() {
        for (response, query) in [
            ("https://app.example/cb?code=a&state=b#_=_", "code=a&state=b"),
            ("/cb?code=a?b", "code=a?b"),
            ("code=a?b&state=c", "code=a?b&state=c"),
            ("#code=a", ""),
            ("", ""),
        ] {
            assert_eq!(query_of(response), query, "{response}");
        }
    }
}
