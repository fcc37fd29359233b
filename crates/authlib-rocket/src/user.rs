//! [`OAuthSession`] for logging out, and [`CurrentUser`] as a guard.

use authlib_core::adapter::{LoginSession, wrapper};
use authlib_core::{LogoutOptions, login};
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
#[derive(Clone)]
pub struct CurrentUser(login::CurrentUser);

wrapper!(CurrentUser[] => login::CurrentUser);

impl From<login::CurrentUser> for CurrentUser {
    fn from(user: login::CurrentUser) -> Self {
        Self(user)
    }
}

impl From<CurrentUser> for login::CurrentUser {
    fn from(user: CurrentUser) -> Self {
        user.0
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for CurrentUser {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        let user = async {
            let state = state(request)?;
            login::require_user(&state.oauth, &RocketSession::of(state, request)).await
        };
        match outcome::<_, Status>(request, user.await.map(Self)) {
            Outcome::Error((Status::Unauthorized, _)) => Outcome::Forward(Status::Unauthorized),
            outcome => outcome,
        }
    }
}
