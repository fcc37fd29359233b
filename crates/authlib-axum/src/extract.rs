//! The extractors: [`OAuthClient`], [`OAuthCallback`] and [`CurrentUser`].

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use authlib_core::login::{self, CallbackParams, FormBody, Incoming, LoggedIn, Login};
use authlib_core::{
    ApiRequest, AuthorizeOptions, Error as CoreError, ErrorKind, LogoutOptions, OAuth, RemoteApp,
    Token, UserInfo,
};
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use http_body_util::BodyExt as _;

use crate::response::{Error, Result, response};
use crate::session::AxumSession;

/// A type that stands for a registered client, so that a handler names its client in its signature.
///
/// ```
/// use authlib_axum::ClientName;
///
/// struct Google;
/// impl ClientName for Google {
///     const NAME: &'static str = "google";
/// }
/// ```
pub trait ClientName {
    /// The name under which the client is registered.
    const NAME: &'static str;
}

/// Stands for the client that the route's `{client}` parameter names.
#[derive(Clone, Copy, Debug)]
pub struct Routed;

/// How an extractor finds its client: by a [`ClientName`], or [`Routed`].
pub trait FindClient: Send + Sync + 'static {
    /// The client's name.
    fn name(parts: &mut Parts) -> impl Future<Output = authlib_core::Result<String>> + Send;
}

impl<C: ClientName + Send + Sync + 'static> FindClient for C {
    async fn name(_: &mut Parts) -> authlib_core::Result<String> {
        Ok(C::NAME.to_owned())
    }
}

impl FindClient for Routed {
    async fn name(parts: &mut Parts) -> authlib_core::Result<String> {
        let params = Path::<HashMap<String, String>>::from_request_parts(parts, &()).await.ok();
        let name = params.and_then(|Path(mut params)| params.remove("client"));
        name.ok_or_else(|| {
            let hint = "add one to its path, or name the client by type: `OAuthClient<Google>`";
            login::misconfigured("the route has no `{client}` parameter", hint)
        })
    }
}

/// What both extractors hold of a request.
#[derive(Clone)]
struct Held {
    app: RemoteApp,
    session: AxumSession,
    accept: Option<HeaderValue>,
}

impl Held {
    async fn of<C: FindClient>(parts: &mut Parts, oauth: &OAuth) -> Result<Self> {
        let accept = parts.headers.get(ACCEPT).cloned();
        let name = C::name(parts).await;
        let found = name.and_then(|name| Ok((oauth.client(&name)?, AxumSession::of(parts)?)));
        let (app, session) = found.map_err(|error| Error::new(error, accept.as_ref()))?;
        Ok(Self { app, session, accept })
    }

    fn answer<T>(&self, result: authlib_core::Result<T>) -> Result<T> {
        result.map_err(|error| Error::new(error, self.accept.as_ref()))
    }
}

/// A registered client in this browser's session: starts logins, and calls the provider's API for who
/// is logged in.
///
/// `OAuthClient<Google>` is the client of a [`ClientName`], plain `OAuthClient` the one that the
/// route's `{client}` parameter names. The router's state must be, or contain by [`FromRef`], an
/// [`OAuth`]; the routes must be under a session layer.
///
/// # Rejections
///
/// 404 when no client is registered under the name, 500 when the session layer is missing.
#[derive(Clone)]
pub struct OAuthClient<C = Routed> {
    held: Held,
    client: PhantomData<fn() -> C>,
}

impl<C> OAuthClient<C> {
    /// The answer that sends the browser to the provider. The argument is a redirect URI, or
    /// [`AuthorizeOptions`].
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_redirect`].
    pub async fn authorize_redirect(
        &self,
        options: impl Into<AuthorizeOptions>,
    ) -> Result<Response> {
        let Held { app, session, .. } = &self.held;
        let answer = login::authorize_redirect(app, session, options.into()).await;
        self.held.answer(answer).map(response)
    }

    /// The registered client itself.
    #[must_use]
    pub fn app(&self) -> &RemoteApp {
        &self.held.app
    }

    /// This browser's login with the client.
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with it.
    pub async fn login(&self) -> Result<Login> {
        let Held { app, session, .. } = &self.held;
        self.held.answer(login::current_login(app, session).await)
    }

    /// The token of who is logged in, refreshed if it has expired.
    ///
    /// # Errors
    ///
    /// Those of [`RemoteApp::active_token`].
    pub async fn token(&self) -> Result<Token> {
        let owner = self.login().await?.owner();
        self.held.answer(self.held.app.active_token(&owner).await)
    }

    /// The provider's user info for who is logged in.
    ///
    /// # Errors
    ///
    /// Those of [`RemoteApp::userinfo`].
    pub async fn userinfo(&self) -> Result<UserInfo> {
        let owner = self.login().await?.owner();
        self.held.answer(self.held.app.userinfo(&owner).await)
    }

    /// A GET of the provider's API with the token of who is logged in.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request).
    pub async fn get(&self, url: &str) -> Result<ApiRequest> {
        self.request(Method::GET, url).await
    }

    /// A POST to the provider's API with the token of who is logged in.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request).
    pub async fn post(&self, url: &str) -> Result<ApiRequest> {
        self.request(Method::POST, url).await
    }

    /// A request to the provider's API with the token of who is logged in; see
    /// [`RemoteApp::request`].
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with this client.
    pub async fn request(&self, method: Method, url: &str) -> Result<ApiRequest> {
        let owner = self.login().await?.owner();
        Ok(self.held.app.request(method, url, &owner))
    }

    /// The error as a response that suits this request: HTML or JSON.
    #[must_use]
    pub fn error(&self, error: CoreError) -> Error {
        Error::new(error, self.held.accept.as_ref())
    }
}

impl<S, C> FromRequestParts<S> for OAuthClient<C>
where
    S: Send + Sync,
    C: FindClient,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let held = Held::of::<C>(parts, &OAuth::from_ref(state)).await?;
        Ok(Self { held, client: PhantomData })
    }
}

/// The browser on its way back from the provider, by GET or by `form_post`: finishes the login.
///
/// # Rejections
///
/// Those of [`OAuthClient`]; 400 and 413 when the callback is malformed or too large. A `form_post` that
/// arrived without its session is answered by a page that posts it once more, from this site, and a
/// prefetch by nothing: the handler is not called for either.
#[derive(Clone)]
pub struct OAuthCallback<C = Routed> {
    held: Held,
    params: CallbackParams,
    client: PhantomData<fn() -> C>,
}

impl<C> OAuthCallback<C> {
    /// Finishes the login and returns its token; who the user is, is in [`Token::userinfo`].
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_access_token`].
    pub async fn authorize_access_token(&self) -> Result<Token> {
        self.log_in().await.map(|login| login.token)
    }

    /// Finishes the login and returns all of it: the token, where the browser goes next, and the
    /// application's own data.
    ///
    /// # Errors
    ///
    /// Those of [`login::authorize_access_token`].
    pub async fn log_in(&self) -> Result<LoggedIn> {
        let Held { app, session, .. } = &self.held;
        self.held.answer(login::authorize_access_token(app, session, &self.params).await)
    }

    /// The registered client itself.
    #[must_use]
    pub fn app(&self) -> &RemoteApp {
        &self.held.app
    }
}

impl<S, C> FromRequest<S> for OAuthCallback<C>
where
    S: Send + Sync,
    C: FindClient,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let held = Held::of::<C>(&mut parts, &OAuth::from_ref(state)).await?;
        let body = held.answer(form(body).await)?;
        let incoming = Incoming::new(&parts.method, parts.uri.query(), &parts.headers, &body);
        let received = login::receive(&held.app, &held.session, &incoming).await;
        let params = held.answer(received)?.callback().map_err(Error)?;
        Ok(Self { held, params, client: PhantomData })
    }
}

async fn form(mut body: Body) -> authlib_core::Result<Vec<u8>> {
    let mut form = FormBody::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| CoreError::new(ErrorKind::InvalidCallback, cause))?;
        if frame.data_ref().is_some_and(|data| !form.push(data)) {
            break;
        }
    }
    form.finish()
}

/// The session of a browser, for logging out.
///
/// # Rejections
///
/// 500 when the session layer is missing.
#[derive(Clone)]
pub struct OAuthSession {
    oauth: OAuth,
    session: AxumSession,
    parts: Parts,
}

impl OAuthSession {
    fn answer<T>(&self, result: authlib_core::Result<T>) -> Result<T> {
        result.map_err(|error| Error::new(error, self.parts.headers.get(ACCEPT)))
    }

    /// Who is logged in; nothing when nobody is.
    ///
    /// # Errors
    ///
    /// 500 when the session or the token store fails.
    pub async fn user(&self) -> Result<Option<login::CurrentUser>> {
        self.answer(login::find_user(&self.oauth, &self.session).await)
    }

    /// Logs out here, and at the provider where it offers that; else goes to `fallback`, a path of this
    /// site.
    ///
    /// # Errors
    ///
    /// Those of [`login::logout_redirect`].
    pub async fn logout_redirect(
        &self,
        options: LogoutOptions,
        fallback: &str,
    ) -> Result<Response> {
        let Self { oauth, session, parts } = self;
        let answer =
            login::logout_redirect(oauth, session, &parts.headers, options, fallback).await;
        self.answer(answer).map(response)
    }

    /// Checks that the browser comes back from a logout that it began here.
    ///
    /// # Errors
    ///
    /// Those of [`login::validate_logout_response`].
    pub async fn validate_logout_response(&self) -> Result<()> {
        let Self { oauth, session, parts } = self;
        let (method, query) = (&parts.method, parts.uri.query());
        let checked = login::validate_logout_response(oauth, session, method, query).await;
        self.answer(checked).map(|_| ())
    }
}

impl<S> FromRequestParts<S> for OAuthSession
where
    S: Send + Sync,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let session =
            AxumSession::of(parts).map_err(|error| Error::new(error, parts.headers.get(ACCEPT)))?;
        Ok(Self { oauth: OAuth::from_ref(state), session, parts: parts.clone() })
    }
}

/// Who is logged in in this browser.
///
/// # Rejections
///
/// 401 when nobody is; `Option<CurrentUser>` is empty instead. 500 when the session layer is missing.
#[derive(Clone, Debug)]
pub struct CurrentUser(pub login::CurrentUser);

impl<S> FromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let session = OAuthSession::from_request_parts(parts, state).await?;
        let user = login::current_user(&session.oauth, &session.session).await;
        session.answer(user).map(Self)
    }
}

impl<S> axum::extract::OptionalFromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>> {
        let session = OAuthSession::from_request_parts(parts, state).await?;
        session.user().await.map(|user| user.map(Self))
    }
}

impl<C> fmt::Debug for OAuthClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OAuthClient").field(&self.held.app.name()).finish()
    }
}

impl<C> fmt::Debug for OAuthCallback<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OAuthCallback").field(&self.held.app.name()).finish()
    }
}

impl fmt::Debug for OAuthSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSession").finish_non_exhaustive()
    }
}
