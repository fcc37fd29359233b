//! The extractors: [`OAuthClient`], [`OAuthCallback`] and [`CurrentUser`].

use std::collections::HashMap;
use std::marker::PhantomData;

use authlib_core::login::{
    self, CallbackParams, ClientName, Failure, FormBody, Incoming, Received, Visit,
};
use authlib_core::{ApiRequest, Error as CoreError, ErrorKind, OAuth};
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use http_body_util::BodyExt as _;

use crate::response::{Error, Result, response};
use crate::session::AxumSession;

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

/// The client and the session of a request.
async fn visit<C: FindClient>(parts: &mut Parts, oauth: &OAuth) -> Result<Visit<AxumSession>> {
    let name = C::name(parts).await;
    let found = name.and_then(|name| Ok((oauth.client(&name)?, AxumSession::of(parts)?)));
    let accept = login::accept(&parts.headers);
    match found {
        Ok((app, session)) => Ok(Visit::new(app, session, accept)),
        Err(error) => Err(Error(Failure::new(error, accept))),
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
    visit: Visit<AxumSession>,
    client: PhantomData<fn() -> C>,
}

impl<C> OAuthClient<C> {
    /// A request to the provider's API with the token of who is logged in; see
    /// [`RemoteApp::request`](authlib_core::RemoteApp::request).
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with this client.
    pub async fn request(&self, method: Method, url: &str) -> Result<ApiRequest> {
        let owner = self.login().await?.owner();
        Ok(self.visit.app.request(method, url, &owner))
    }
}

authlib_core::login_methods!(Response, response, Error);

impl<S, C> FromRequestParts<S> for OAuthClient<C>
where
    S: Send + Sync,
    C: FindClient,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let visit = visit::<C>(parts, &OAuth::from_ref(state)).await?;
        Ok(Self { visit, client: PhantomData })
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
    visit: Visit<AxumSession>,
    params: CallbackParams,
    client: PhantomData<fn() -> C>,
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
        let visit = visit::<C>(&mut parts, &OAuth::from_ref(state)).await?;
        let body = visit.answer(form(body).await).map_err(Error)?;
        let incoming = Incoming::new(&parts.method, parts.uri.query(), &parts.headers, &body);
        let received = login::receive(&visit.app, &visit.session, &incoming).await;
        let params = visit.answer(received).and_then(Received::callback).map_err(Error)?;
        Ok(Self { visit, params, client: PhantomData })
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

impl<S> FromRequestParts<S> for OAuthSession
where
    S: Send + Sync,
    OAuth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let session = AxumSession::of(parts)
            .map_err(|error| Error(Failure::new(error, login::accept(&parts.headers))))?;
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
