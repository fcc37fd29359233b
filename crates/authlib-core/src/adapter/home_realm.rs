//! Home-realm discovery: a login whose client is found by an e-mail address or by the host.

use super::client::start_login;
use super::{LoginSession, Response};
use crate::authorization::AuthorizeOptions;
use crate::error::Result;
use crate::login::Session;
use crate::registry::RegisteredClient;

impl<S: Session> LoginSession<S> {
    /// Starts a login with the client that the domain of an e-mail address belongs to
    /// ([`OAuth::client_of_email`](crate::OAuth::client_of_email)). The provider gets the address as `login_hint` (OpenID
    /// Connect Core §3.1.2.1). The argument may also be a domain, which is no hint.
    ///
    /// Without a redirect URI in the options or the settings, the callback is `/authorize/{client}`.
    ///
    /// The response depends on the domain alone, so it tells nobody which addresses have an account.
    ///
    /// ```
    /// # use authlib_core::{adapter::{LoginSession, Response}, login::Session, AuthorizeOptions, Result};
    /// # async fn login<S: Session>(session: LoginSession<S>, email: String) -> Result<Response> {
    /// // `email` is a field of a form.
    /// session.authorize_redirect_by_email(&email, AuthorizeOptions::new()).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`OAuth::client_of_email`](crate::OAuth::client_of_email) and
    /// [`LoginClient::authorize_redirect`](super::LoginClient::authorize_redirect).
    pub async fn authorize_redirect_by_email(
        &self,
        email: &str,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        let client = self.oauth.client_of_email(email).await?;
        let mut options = options.into();
        let email = email.trim();
        if email.contains('@') {
            options = options.login_hint(email);
        }
        self.start(&client, options).await
    }

    /// Starts a login with the client that the host of this request belongs to
    /// ([`OAuth::client_of_host`](crate::OAuth::client_of_host)), for applications that have a host for each customer.
    /// The redirect URI is as in [`authorize_redirect_by_email`](Self::authorize_redirect_by_email).
    ///
    /// # Errors
    ///
    /// Those of [`OAuth::client_of_host`](crate::OAuth::client_of_host) and
    /// [`LoginClient::authorize_redirect`](super::LoginClient::authorize_redirect).
    pub async fn authorize_redirect_by_host(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        let host = self.request.host.as_deref().unwrap_or_default();
        let client = self.oauth.client_of_host(host).await?;
        self.start(&client, options.into()).await
    }

    async fn start(
        &self,
        client: &RegisteredClient,
        mut options: AuthorizeOptions,
    ) -> Result<Response> {
        if options.redirect_uri.is_none() && client.settings().redirect_uri.is_none() {
            options.redirect_uri = Some(format!("/authorize/{}", client.name()));
        }
        start_login(client, &self.session, &self.request, options).await
    }
}
