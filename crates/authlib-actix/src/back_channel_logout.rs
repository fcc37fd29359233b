//! [`BackChannelLogout`]: logout requests of the provider.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use authlib_core::adapter::{self, ClientSelector, FromRoute, LoginError, wrapper};
use futures_util::future::LocalBoxFuture;

use crate::callback::read;
use crate::error::{Error, Result};
use crate::message::{context, response};
use crate::request::{client, rejection};

/// A verified logout request that the provider sent to the application (OpenID Connect Back-Channel Logout 1.0). Register
/// the URL of its route at the provider as `backchannel_logout_uri`. Dereferences to
/// [`BackChannelLogout`](adapter::BackChannelLogout), which has the other methods.
///
/// ```
/// use actix_web::HttpResponse;
/// use authlib_actix::BackChannelLogout;
///
/// async fn backchannel_logout(request: BackChannelLogout) -> HttpResponse {
///     println!("{:?} logged out", request.token().sub);
///     request.end_logins().await
/// }
/// ```
///
/// # Errors
///
/// Those of [`OAuthClient`](crate::OAuthClient), and 400 as JSON if the logout token is not valid.
#[derive(Clone)]
pub struct BackChannelLogout<C = FromRoute>(adapter::BackChannelLogout, PhantomData<fn() -> C>);

impl<C> BackChannelLogout<C> {
    /// Ends the logins in all browsers and on all replicas, and returns the response to the provider.
    pub async fn end_logins(&self) -> HttpResponse {
        response(self.0.end_logins().await)
    }
}

wrapper!(BackChannelLogout[C] => adapter::BackChannelLogout);

impl<C: ClientSelector> FromRequest for BackChannelLogout<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let logout = async {
                let (client, _) = client::<C>(&request).await?;
                let body = read(payload).await?;
                adapter::BackChannelLogout::read(client, &context(&request), &body).await
            };
            let logout: Result<_, LoginError> = logout.await;
            let inner = logout.map_err(|error| rejection(error, &request))?;
            Ok(Self(inner, PhantomData))
        })
    }
}
