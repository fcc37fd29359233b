//! [`LoginClient`]: a registered client in this browser's session.

use std::fmt;
use std::time::Duration;

use super::response::{empty, framed_page, jwk_set, request_object};
use super::step_up::required;
use super::{RequestContext, Response, see_other};
use crate::authorization::{AuthorizeOptions, Purpose};
use crate::client::oauth2_client::OAuth2Client;
use crate::error::Result;
use crate::login::{
    CurrentUser, Login, Session, authorize_redirect, client_user, current_login,
    front_channel_logout,
};
use crate::params::Params;
use crate::registry::RegisteredClient;
use crate::store::TokenOwner;

/// A registered client in this browser's session: starts logins, and calls the provider's API for the user
/// who is logged in.
#[derive(Clone)]
pub struct LoginClient<S> {
    client: RegisteredClient,
    session: S,
    request: RequestContext,
}

impl<S: Session> LoginClient<S> {
    /// A client for one request.
    pub fn new(client: RegisteredClient, session: S, request: RequestContext) -> Self {
        Self { client, session, request }
    }

    /// Starts a login: the redirect to the provider. The argument is a redirect URI, or
    /// [`AuthorizeOptions`]. A `max_age` in the query of the request is passed on, unless the options or the client's
    /// settings have a shorter one, and so is what an API requires ([`AuthorizeOptions::step_up`]), if this application
    /// made the link.
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_redirect`](crate::login::authorize_redirect), and
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if another site sent a request to
    /// [connect](AuthorizeOptions::connect) an account.
    pub async fn authorize_redirect(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        start_login(&self.client, &self.session, &self.request, options.into()).await
    }

    /// Disconnects the account of a user of the application: revokes the token and deletes it. Returns whether
    /// there was one. See [`RegisteredClient::disconnect`].
    ///
    /// Call it for a POST.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if another site sent the request, and those of
    /// the token store.
    pub async fn disconnect(&self, user: impl AsRef<str>) -> Result<bool> {
        self.check_site("request to disconnect an account")?;
        self.client.disconnect(user.as_ref()).await
    }

    fn check_site(&self, what: &str) -> Result<()> {
        self.request.check_site(self.client.base_url(), what)
    }

    /// Responds to a front-channel logout request (OpenID Connect Front-Channel Logout 1.0 §3), which the
    /// provider loads in a frame of its logout page: ends the logins of the session that `iss` and `sid` name.
    ///
    /// # Errors
    ///
    /// Those of [`login::front_channel_logout`](crate::login::front_channel_logout).
    pub async fn front_channel_logout(&self) -> Result<Response> {
        front_channel_logout(&self.client, &self.session, self.request.query()).await?;
        Ok(framed_page(&self.client).await)
    }

    /// The response with the client's [public keys](RegisteredClient::public_jwks), for the `jwks_uri` that the client
    /// has at the provider.
    #[must_use]
    pub fn public_jwks(&self) -> Response {
        jwk_set(&self.client.public_jwks())
    }

    /// The response to a provider that fetches a request object (RFC 9101 §5.2.3): the one whose id is the last part
    /// of the request's path, or 404. The route's path is that of the setting
    /// [`request_uri`](crate::ClientConfig::request_uri), and behind it the id.
    ///
    /// # Errors
    ///
    /// Those of the registry's [`PendingLoginStore`](crate::store::PendingLoginStore).
    pub async fn request_object(&self) -> Result<Response> {
        let id = self.request.last_segment();
        let found = self.client.find_request_object(id).await?;
        Ok(found.map_or_else(|| empty(http::StatusCode::NOT_FOUND), request_object))
    }

    /// The registered client.
    #[must_use]
    pub fn client(&self) -> &RegisteredClient {
        &self.client
    }

    /// This browser's login with the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the user is not logged in with it.
    pub async fn login(&self) -> Result<Login> {
        current_login(&self.client, &self.session).await
    }

    /// The user who is logged in with the client; `None` if nobody is.
    ///
    /// # Errors
    ///
    /// Those of the session and the token store.
    pub async fn current_user(&self) -> Result<Option<CurrentUser>> {
        client_user(&self.client, &self.session).await
    }

    /// The client bound to the user who is logged in with it. Its methods call the provider's API with
    /// the user's token, which is refreshed if it has expired:
    /// `github.user().await?.get("user/repos").send().await?`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the user is not logged in with it, and
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the login keeps no token
    /// ([`keep_token`](crate::ClientConfig::keep_token)).
    pub async fn user(&self) -> Result<OAuth2Client> {
        let login = self.login().await?;
        login.ensure_token_kept()?;
        Ok(OAuth2Client::for_owner(&self.client, login.owner()))
    }

    /// The client bound to a user of the application, whose token is in the registry's
    /// [`TokenStore`](crate::store::TokenStore) under the client's name and this id.
    /// [`FnTokenStore`](crate::store::FnTokenStore) makes a store of two functions, Authlib's `fetch_token` and
    /// `update_token`.
    pub fn for_user(&self, user: impl Into<String>) -> OAuth2Client {
        OAuth2Client::for_owner(&self.client, TokenOwner::new(self.client.name(), user))
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }
}

/// Starts a login with `client`: the redirect to the provider.
pub(super) async fn start_login(
    client: &RegisteredClient,
    session: &impl Session,
    request: &RequestContext,
    mut options: AuthorizeOptions,
) -> Result<Response> {
    if let Some(host) = &request.host {
        client.compare_host(host);
    }
    let configured = options.max_age.or_else(|| client.settings().max_age);
    options.max_age = configured.into_iter().chain(requested_max_age(request)).min();
    options.step_up = options.step_up.or_else(|| required(client, request));
    if matches!(options.purpose, Purpose::Connect { .. }) {
        // Otherwise the account at the provider could be an attacker's.
        request.check_site(client.base_url(), "request to connect an account")?;
    }
    let restart = request.repeatable();
    let url = authorize_redirect(client, session, options, restart.as_deref()).await?;
    Ok(see_other(url.as_str()))
}

/// The `max_age` in seconds with which a [`RequireLogin`](crate::login::RequireLogin) sends browsers to the
/// login. Another site can set it too, so it must only make the login stricter.
fn requested_max_age(request: &RequestContext) -> Option<Duration> {
    let query = Params::parse(request.query().unwrap_or_default());
    let seconds = query.all("max_age").next()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl<S> fmt::Debug for LoginClient<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoginClient").field(&self.client.name()).finish()
    }
}
