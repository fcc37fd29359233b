//! [`OAuthClient`]: starts logins, and calls the provider's API.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use authlib_core::AuthorizeOptions;
use authlib_core::adapter::{ClientSelector, FromRoute, LoginClient, wrapper};
use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::message::{context, response};
use crate::request::{client, rejection};
use crate::session::ActixSession;

/// A registered client in this browser's session: starts logins, and calls the provider's API for the
/// user who is logged in.
///
/// `OAuthClient<Google>` is the client that the type [names](crate::ClientName); `OAuthClient` alone is the one
/// that the route's `{client}` parameter names. Dereferences to [`LoginClient`], which has the other methods.
///
/// ```
/// use actix_web::HttpResponse;
/// use authlib_actix::{OAuthClient, Result, clients::GitHub};
///
/// async fn login(github: OAuthClient<GitHub>) -> Result<HttpResponse> {
///     github.authorize_redirect("/authorize").await
/// }
///
/// async fn repositories(github: OAuthClient<GitHub>) -> Result<String> {
///     let response = github.user().await?.get("user/repos").send().await?;
///     Ok(response.text()?.to_owned())
/// }
/// ```
///
/// # Errors
///
/// 404 if no client is registered under the name, 500 if the session middleware is missing.
#[derive(Clone)]
pub struct OAuthClient<C = FromRoute>(LoginClient<ActixSession>, PhantomData<fn() -> C>);

impl<C> OAuthClient<C> {
    /// Starts a login: the redirect to the provider. The argument is a redirect URI, or
    /// [`AuthorizeOptions`].
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_redirect`](authlib_core::login::authorize_redirect).
    pub async fn authorize_redirect(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<HttpResponse> {
        Ok(response(self.0.authorize_redirect(options).await?))
    }

    /// Responds to a front-channel logout request, which the provider loads in a frame of its logout page.
    ///
    /// # Errors
    ///
    /// Those of [`login::front_channel_logout`](authlib_core::login::front_channel_logout).
    pub async fn front_channel_logout(&self) -> Result<HttpResponse> {
        Ok(response(self.0.front_channel_logout().await?))
    }

    /// The response with the client's public keys, for the `jwks_uri` that the client has at the provider: see
    /// [`RegisteredClient::public_jwks`](authlib_core::RegisteredClient::public_jwks).
    #[must_use]
    pub fn public_jwks(&self) -> HttpResponse {
        response(self.0.public_jwks())
    }

    /// Responds to a provider that fetches a request object: see [`LoginClient::request_object`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginClient::request_object`].
    pub async fn request_object(&self) -> Result<HttpResponse> {
        Ok(response(self.0.request_object().await?))
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
    ) -> Result<HttpResponse> {
        Ok(response(self.0.initiate_login(options, form).await?))
    }

    /// Sends this request on to the provider's API with the user's token: see [`LoginClient::forward`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginClient::forward`].
    pub async fn forward(&self, prefix: &str, body: impl Into<Vec<u8>>) -> Result<HttpResponse> {
        Ok(response(self.0.forward(prefix, body).await?))
    }
}

wrapper!(OAuthClient[C] => LoginClient<ActixSession>);

impl<C: ClientSelector> FromRequest for OAuthClient<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let found = client::<C>(&request).await;
            let (client, session) = found.map_err(|error| rejection(error, &request))?;
            let inner = LoginClient::new(client, session, context(&request));
            Ok(Self(inner, PhantomData))
        })
    }
}
