//! [`OAuthSession`] for logging out and for logins by e-mail address, and [`CurrentUser`] as an extractor.

use std::marker::PhantomData;

use authlib_core::adapter::{
    AnyClient, ClientSelector, LoginSession, require_selected_user, selected_user, wrapper,
};
use authlib_core::{AuthorizeOptions, LogoutOptions, OAuth, login};
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

    /// Starts a login with the client that the domain of an e-mail address belongs to: the redirect to the provider.
    ///
    /// # Errors
    ///
    /// Those of [`LoginSession::authorize_redirect_by_email`].
    pub async fn authorize_redirect_by_email(
        &self,
        email: &str,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        Ok(response(self.0.authorize_redirect_by_email(email, options).await?))
    }

    /// Starts a login with the client that the host of this request belongs to: the redirect to the provider.
    ///
    /// # Errors
    ///
    /// Those of [`LoginSession::authorize_redirect_by_host`].
    pub async fn authorize_redirect_by_host(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        Ok(response(self.0.authorize_redirect_by_host(options).await?))
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
/// `CurrentUser` is the newest login with any client, `CurrentUser<Google>` the login with the client that the type
/// [names](crate::ClientName).
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

impl<S: Send + Sync, C: ClientSelector> FromRequestParts<S> for CurrentUser<C> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let user = async {
            let (oauth, session) = session(parts)?;
            require_selected_user::<C>(&oauth, &session).await
        };
        user.await.map(|user| Self(user, PhantomData)).map_err(|error| rejection(error, parts))
    }
}

impl<S: Send + Sync, C: ClientSelector> OptionalFromRequestParts<S> for CurrentUser<C> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        let user = async {
            let (oauth, session) = session(parts)?;
            selected_user::<C>(&oauth, &session).await
        };
        let user = user.await.map(|user| user.map(|user| Self(user, PhantomData)));
        user.map_err(|error| rejection(error, parts))
    }
}

fn session(parts: &Parts) -> authlib_core::Result<(OAuth, AxumSession)> {
    Ok((registry(parts)?, AxumSession::of(parts)?))
}
