//! [`OAuthSession`] for logging out and for logins by e-mail address, and [`CurrentUser`] as an extractor.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use authlib_core::adapter::{
    AnyClient, ClientSelector, LoginSession, require_selected_user, wrapper,
};
use authlib_core::{AuthorizeOptions, LogoutOptions, OAuth, login};
use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::message::{context, response};
use crate::request::{registry, rejection};
use crate::session::ActixSession;

/// The logins of this browser's session. Dereferences to [`LoginSession`], which has the other methods.
///
/// ```
/// use actix_web::HttpResponse;
/// use authlib_actix::{LogoutOptions, OAuthSession, Result};
///
/// async fn logout(session: OAuthSession) -> Result<HttpResponse> {
///     let options = LogoutOptions::new().post_logout_redirect_uri("/logged-out");
///     session.logout_redirect(options, "/logged-out").await
/// }
/// ```
///
/// # Errors
///
/// 500 if the session middleware is missing.
#[derive(Clone)]
pub struct OAuthSession(LoginSession<ActixSession>);

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
    ) -> Result<HttpResponse> {
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
    ) -> Result<HttpResponse> {
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
    ) -> Result<HttpResponse> {
        Ok(response(self.0.authorize_redirect_by_host(options).await?))
    }
}

wrapper!(OAuthSession[] => LoginSession<ActixSession>);

impl FromRequest for OAuthSession {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let found = session(&request).map_err(|error| rejection(error, &request));
            let (oauth, session) = found?;
            Ok(Self(LoginSession::new(oauth, session, context(&request))))
        })
    }
}

/// The user who is logged in. Dereferences to [`login::CurrentUser`].
///
/// `CurrentUser` is the newest login with any client, `CurrentUser<Google>` the login with the client that the type
/// [names](crate::ClientName).
///
/// ```
/// use authlib_actix::CurrentUser;
///
/// async fn profile(user: CurrentUser) -> String {
///     format!("{:?}", user.identity())
/// }
/// ```
///
/// # Errors
///
/// 401 if the user is not logged in, 500 if the session middleware is missing, or the session or the token
/// store fails. `Option<CurrentUser>` is `None` after any of these errors, as always in actix-web: if a failing
/// store must not look like a logout, use [`OAuthSession`] and its
/// [`current_user`](LoginSession::current_user).
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

impl<C: ClientSelector> FromRequest for CurrentUser<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let user = async {
                let (oauth, session) = session(&request)?;
                require_selected_user::<C>(&oauth, &session).await
            };
            user.await
                .map(|user| Self(user, PhantomData))
                .map_err(|error| rejection(error, &request))
        })
    }
}

fn session(request: &HttpRequest) -> authlib_core::Result<(OAuth, ActixSession)> {
    Ok((registry(request)?, ActixSession::of(request)?))
}
