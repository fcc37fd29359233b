//! [`OAuthSession`] for logging out, and [`CurrentUser`] as an extractor.

use authlib_core::adapter::{LoginSession, wrapper};
use authlib_core::{LogoutOptions, OAuth, login};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;

use crate::error::{Error, Result, response};
use crate::request::{context, registry, rejection};
use crate::session::AxumSession;

/// The logins of this browser's session. Dereferences to [`LoginSession`], which has the other methods.
///
/// ```
/// use authlib_axum::{LogoutOptions, OAuthSession, Result};
/// use axum::response::Response;
///
/// async fn logout(session: OAuthSession) -> Result<Response> {
///     let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
///     session.logout_redirect(options, "/logged-out").await
/// }
/// ```
///
/// # Errors
///
/// 500 if the session layer is missing.
#[derive(Clone)]
pub struct OAuthSession(LoginSession<AxumSession>);

impl OAuthSession {
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
    ) -> Result<Response> {
        Ok(response(self.0.logout_redirect(options, fallback).await?))
    }
}

wrapper!(OAuthSession[] => LoginSession<AxumSession>);

impl<S: Send + Sync> FromRequestParts<S> for OAuthSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let (oauth, session) = session(parts).map_err(|error| rejection(error, parts))?;
        Ok(Self(LoginSession::new(oauth, session, context(parts))))
    }
}

/// The user who is logged in. Dereferences to [`login::CurrentUser`].
///
/// ```
/// use authlib_axum::CurrentUser;
///
/// async fn profile(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
///
/// async fn home(user: Option<CurrentUser>) -> &'static str {
///     if user.is_some() { "Welcome back" } else { "Please log in" }
/// }
/// ```
///
/// # Errors
///
/// 401 if the user is not logged in; `Option<CurrentUser>` is `None` instead. 500 if the session layer is
/// missing, or the session or the token store fails.
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

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let user = async {
            let (oauth, session) = session(parts)?;
            login::require_user(&oauth, &session).await
        };
        user.await.map(Self).map_err(|error| rejection(error, parts))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        let user = async {
            let (oauth, session) = session(parts)?;
            login::current_user(&oauth, &session).await
        };
        user.await.map(|user| user.map(Self)).map_err(|error| rejection(error, parts))
    }
}

fn session(parts: &Parts) -> authlib_core::Result<(OAuth, AxumSession)> {
    Ok((registry(parts)?, AxumSession::of(parts)?))
}
