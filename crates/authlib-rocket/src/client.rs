//! [`OAuthClient`]: starts logins, and calls the provider's API.

use std::marker::PhantomData;

use authlib_core::AuthorizeOptions;
use authlib_core::adapter::{ClientSelector, FromRoute, LoginClient, wrapper};
use rocket::request::{self, FromRequest, Request};

use crate::error::{Error, Result, outcome};
use crate::request::{OAuthResponse, client, context};
use crate::session::RocketSession;

/// A registered client in this browser's session: starts logins, and calls the provider's API for the
/// user who is logged in.
///
/// `OAuthClient<'_, Google>` is the client that the type [names](crate::ClientName); `OAuthClient<'_>` is the one
/// that the route's `<client>` parameter names, or its first `<_>`. Dereferences to [`LoginClient`], which has
/// the other methods.
///
/// ```
/// use authlib_rocket::{OAuthClient, OAuthResponse, Result, clients::GitHub};
/// use rocket::get;
///
/// #[get("/login")]
/// async fn login(github: OAuthClient<'_, GitHub>) -> Result<OAuthResponse> {
///     github.authorize_redirect("/authorize").await
/// }
///
/// #[get("/repositories")]
/// async fn repositories(github: OAuthClient<'_, GitHub>) -> Result<String> {
///     let response = github.user().await?.get("user/repos").send().await?;
///     Ok(response.text()?.to_owned())
/// }
/// # let _ = rocket::routes![login, repositories];
/// ```
///
/// # Errors
///
/// 404 if no client is registered under the name. The launch is refused if a client that a type names is not
/// registered, or no [`OAuthFairing`](crate::OAuthFairing) is attached.
#[derive(Clone)]
pub struct OAuthClient<'r, C = FromRoute>(LoginClient<RocketSession<'r>>, PhantomData<fn() -> C>);

impl<C> OAuthClient<'_, C> {
    /// Starts a login: the redirect to the provider. The argument is a redirect URI, or
    /// [`AuthorizeOptions`].
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_redirect`](authlib_core::login::authorize_redirect).
    pub async fn authorize_redirect(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<OAuthResponse> {
        Ok(self.0.authorize_redirect(options).await?.into())
    }

    /// Responds to a front-channel logout request, which the provider loads in a frame of its logout page.
    ///
    /// # Errors
    ///
    /// Those of [`login::front_channel_logout`](authlib_core::login::front_channel_logout).
    pub async fn front_channel_logout(&self) -> Result<OAuthResponse> {
        Ok(self.0.front_channel_logout().await?.into())
    }

    /// The response with the client's public keys, for the `jwks_uri` that the client has at the provider: see
    /// [`RegisteredClient::public_jwks`](authlib_core::RegisteredClient::public_jwks).
    #[must_use]
    pub fn public_jwks(&self) -> OAuthResponse {
        self.0.public_jwks().into()
    }

    /// Responds to a provider that fetches a request object: see [`LoginClient::request_object`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginClient::request_object`].
    pub async fn request_object(&self) -> Result<OAuthResponse> {
        Ok(self.0.request_object().await?.into())
    }

    /// Starts a login that a third party initiates: see [`LoginClient::initiate_login`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginClient::initiate_login`].
    pub async fn initiate_login(
        &self,
        options: impl Into<AuthorizeOptions>,
        form: &[u8],
    ) -> Result<OAuthResponse> {
        Ok(self.0.initiate_login(options, form).await?.into())
    }

    /// Sends this request on to the provider's API with the user's token: see [`LoginClient::forward`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginClient::forward`].
    pub async fn forward(&self, prefix: &str, body: impl Into<Vec<u8>>) -> Result<OAuthResponse> {
        Ok(self.0.forward(prefix, body).await?.into())
    }
}

wrapper!(OAuthClient['r, C] => LoginClient<RocketSession<'r>>);

#[rocket::async_trait]
impl<'r, C: ClientSelector> FromRequest<'r> for OAuthClient<'r, C> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let found = client::<C>(request).await.map(|(client, session)| {
            let inner = LoginClient::new(client, session, context(request));
            Self(inner, PhantomData)
        });
        outcome(request, found)
    }
}
