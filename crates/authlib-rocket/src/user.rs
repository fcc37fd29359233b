//! [`OAuthSession`] for logging out and for logins by e-mail address, and [`CurrentUser`] as a guard.

use std::marker::PhantomData;

use authlib_core::adapter::{
    AnyClient, ClientSelector, LoginSession, require_selected_user, wrapper,
};
use authlib_core::{AuthorizeOptions, LogoutOptions, login};
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::{Error, Result, outcome};
use crate::request::{OAuthResponse, context, state};
use crate::session::RocketSession;

/// The logins of this browser's session. Dereferences to [`LoginSession`], which has the other methods.
///
/// ```
/// use authlib_rocket::{LogoutOptions, OAuthResponse, OAuthSession, Result};
/// use rocket::post;
///
/// #[post("/logout")]
/// async fn logout(session: OAuthSession<'_>) -> Result<OAuthResponse> {
///     let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
///     session.logout_redirect(options, "/logged-out").await
/// }
/// # let _ = rocket::routes![logout];
/// ```
#[derive(Clone)]
pub struct OAuthSession<'r>(LoginSession<RocketSession<'r>>);

impl OAuthSession<'_> {
    /// Logs the user out of this application, and redirects to the provider's logout, or to `fallback`, a path
    /// of this site.
    ///
    /// # Errors
    ///
    /// Those of [`LoginSession::logout_redirect`].
    pub async fn logout_redirect(
        &self,
        options: LogoutOptions,
        fallback: &str,
    ) -> Result<OAuthResponse> {
        Ok(self.0.logout_redirect(options, fallback).await?.into())
    }

    /// Starts a login with the client that the domain of an e-mail address belongs to: the redirect to the provider.
    ///
    /// # Errors
    ///
    /// Those of [`LoginSession::authorize_redirect_by_email`].
    pub async fn authorize_redirect_by_email(
        &self,
        email: &str,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<OAuthResponse> {
        Ok(self.0.authorize_redirect_by_email(email, options).await?.into())
    }

    /// Starts a login with the client that the host of this request belongs to: the redirect to the provider.
    ///
    /// # Errors
    ///
    /// Those of [`LoginSession::authorize_redirect_by_host`].
    pub async fn authorize_redirect_by_host(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<OAuthResponse> {
        Ok(self.0.authorize_redirect_by_host(options).await?.into())
    }
}

wrapper!(OAuthSession['r] => LoginSession<RocketSession<'r>>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OAuthSession<'r> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let found = state(request).map(|state| {
            let session = RocketSession::of(state, request);
            Self(LoginSession::new(state.oauth.clone(), session, context(request)))
        });
        outcome(request, found)
    }
}

/// The user who is logged in. Dereferences to [`login::CurrentUser`].
///
/// `CurrentUser` is the newest login with any client, `CurrentUser<Google>` the login with the client that the type
/// [names](crate::ClientName).
///
/// ```
/// use authlib_rocket::CurrentUser;
/// use rocket::get;
///
/// #[get("/profile")]
/// fn profile(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
/// # let _ = rocket::routes![profile];
/// ```
///
/// # Errors
///
/// If the user is not logged in, the request is forwarded to the next route, with the status 401.
/// `Option<CurrentUser>` is `None` after any error, as always in Rocket: if a failing store must not look like
/// a logout, use [`OAuthSession`] and its [`current_user`](LoginSession::current_user).
pub struct CurrentUser<C = AnyClient>(login::CurrentUser, PhantomData<fn() -> C>);

wrapper!(CurrentUser[C] => login::CurrentUser);

impl<C> Clone for CurrentUser<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl From<login::CurrentUser> for CurrentUser {
    fn from(user: login::CurrentUser) -> Self {
        Self(user, PhantomData)
    }
}

impl<C> From<CurrentUser<C>> for login::CurrentUser {
    fn from(user: CurrentUser<C>) -> Self {
        user.0
    }
}

#[rocket::async_trait]
impl<'r, C: ClientSelector> FromRequest<'r> for CurrentUser<C> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let user = async {
            let state = state(request)?;
            let session = RocketSession::of(state, request);
            require_selected_user::<C>(&state.oauth, &session).await
        };
        match outcome::<_, Status>(request, user.await.map(|user| Self(user, PhantomData))) {
            Outcome::Error((Status::Unauthorized, _)) => Outcome::Forward(Status::Unauthorized),
            outcome => outcome,
        }
    }
}
