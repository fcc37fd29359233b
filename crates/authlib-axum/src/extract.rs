//! The extractors: [`OAuthClient`], [`OAuthCallback`] and [`CurrentUser`].

use std::collections::HashMap;
use std::marker::PhantomData;

use authlib_core::login::{self, ClientName, Failure, FormBody, Incoming, Received, Visit};
use authlib_core::{ApiRequest, Error as CoreError, ErrorKind, OAuth};
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use http_body_util::BodyExt as _;

use crate::response::response;
use crate::session::AxumSession;

authlib_core::login_extractors!(Response, response, AxumSession);

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

impl<C> OAuthClient<C> {
    /// A request to the provider's API with the token of who is logged in; see
    /// [`RegisteredClient::request`](authlib_core::RegisteredClient::request).
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with this client.
    pub async fn request(&self, method: Method, url: &str) -> Result<ApiRequest> {
        let owner = self.login().await?.owner();
        Ok(self.visit.app.request(method, url, &owner))
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
        let visit = visit::<C>(parts, &OAuth::from_ref(state)).await?;
        Ok(Self { visit, client: PhantomData })
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
        let visit = visit::<C>(&mut parts, &OAuth::from_ref(state)).await?;
        let body = visit.answer(form(body).await).map_err(Error)?;
        let incoming = Incoming::new(&parts.method, parts.uri.query(), &parts.headers, &body);
        let received = login::receive(&visit.app, &visit.session, &incoming).await;
        let params = visit.answer(received).and_then(Received::callback).map_err(Error)?;
        Ok(Self { visit, params: Ok(params), client: PhantomData })
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
