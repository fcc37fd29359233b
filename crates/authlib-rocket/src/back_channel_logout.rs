//! [`BackChannelLogout`]: logout requests of the provider.

use std::fmt;
use std::marker::PhantomData;

use authlib_core::LogoutToken;
use authlib_core::adapter::{self, ClientSelector, FromRoute, LoginError};
use rocket::Request;
use rocket::data::{self, Data, FromData};

use crate::callback::read;
use crate::error::{Error, Result, outcome};
use crate::request::{OAuthResponse, client, context};

/// A logout request that the provider sent to the application (OpenID Connect Back-Channel Logout 1.0). Register the
/// URL of its route at the provider as `backchannel_logout_uri`.
///
/// ```
/// use authlib_rocket::{BackChannelLogout, OAuthResponse, Result};
/// use rocket::post;
///
/// #[post("/backchannel-logout/<_>", data = "<request>")]
/// async fn backchannel_logout(request: BackChannelLogout) -> Result<OAuthResponse> {
///     println!("{:?} logged out", request.token()?.sub);
///     request.end_logins().await
/// }
/// # let _ = rocket::routes![backchannel_logout];
/// ```
///
/// # Errors
///
/// Those of [`OAuthClient`](crate::OAuthClient). An invalid logout token is an error of the methods, so that the
/// handler can respond by `?`: a guard could set a status only.
pub struct BackChannelLogout<C = FromRoute>(
    Result<adapter::BackChannelLogout>,
    PhantomData<fn() -> C>,
);

impl<C> BackChannelLogout<C> {
    fn verified(&self) -> Result<&adapter::BackChannelLogout> {
        self.0.as_ref().map_err(Error::clone)
    }

    /// Whose logins must end, for sessions that the application itself keeps.
    ///
    /// # Errors
    ///
    /// 400 as JSON if the logout token is not valid.
    pub fn token(&self) -> Result<&LogoutToken> {
        Ok(self.verified()?.token())
    }

    /// Ends the logins in all browsers and on all replicas, and returns the response to the provider.
    ///
    /// # Errors
    ///
    /// 400 as JSON if the logout token is not valid.
    pub async fn end_logins(&self) -> Result<OAuthResponse> {
        Ok(self.verified()?.end_logins().await.into())
    }
}

#[rocket::async_trait]
impl<'r, C: ClientSelector> FromData<'r> for BackChannelLogout<C> {
    type Error = Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let (client, body) = match (client::<C>(request).await, read(data).await) {
            (Ok((client, _)), Ok(body)) => (client, body),
            (Err(error), _) | (_, Err(error)) => return outcome(request, Err(error)),
        };
        let head = context(request);
        let logout = adapter::BackChannelLogout::read(client, &head, &body).await;
        outcome::<_, _>(
            request,
            Ok::<_, LoginError>(Self(logout.map_err(Error::from), PhantomData)),
        )
    }
}

impl<C> fmt::Debug for BackChannelLogout<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackChannelLogout").field(&self.0).finish()
    }
}
