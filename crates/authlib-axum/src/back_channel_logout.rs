//! [`BackChannelLogout`]: logout requests of the provider.

use std::marker::PhantomData;

use authlib_core::adapter::{self, ClientSelector, FromRoute, LoginError, wrapper};
use axum::extract::{FromRequest, Request};
use axum::response::Response;

use crate::callback::read;
use crate::error::{Error, Result, response};
use crate::request::{client, context, rejection};

/// A verified logout request that the provider sent to the application (OpenID Connect Back-Channel Logout 1.0). Register
/// the URL of its route at the provider as `backchannel_logout_uri`. Dereferences to
/// [`BackChannelLogout`](adapter::BackChannelLogout), which has the other methods.
///
/// ```
/// use authlib_axum::BackChannelLogout;
/// use axum::response::Response;
///
/// async fn backchannel_logout(request: BackChannelLogout) -> Response {
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
    pub async fn end_logins(&self) -> Response {
        response(self.0.end_logins().await)
    }
}

wrapper!(BackChannelLogout[C] => adapter::BackChannelLogout);

impl<S: Send + Sync, C: ClientSelector> FromRequest<S> for BackChannelLogout<C> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let logout = async {
            let (client, _) = client::<C>(&mut parts).await?;
            let body = read(body).await?;
            adapter::BackChannelLogout::read(client, &context(&parts), &body).await
        };
        let logout: Result<_, LoginError> = logout.await;
        match logout {
            Ok(inner) => Ok(Self(inner, PhantomData)),
            Err(error) => Err(rejection(error, &parts)),
        }
    }
}
