//! The extractors: [`OAuthClient`], [`OAuthCallback`] and [`CurrentUser`].

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use authlib_core::login::{self, ClientName, Failure, FormBody, Incoming, Received, Visit};
use authlib_core::{ApiRequest, Error as CoreError, ErrorKind, OAuth};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;

use crate::response::{accept, core_method, parts, response};
use crate::session::ActixSession;

authlib_core::login_extractors!(HttpResponse, response, ActixSession);

/// How an extractor finds its client: by a [`ClientName`], or [`Routed`].
pub trait FindClient: 'static {
    /// The client's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the request names none.
    fn name(request: &HttpRequest) -> authlib_core::Result<String>;
}

impl<C: ClientName + 'static> FindClient for C {
    fn name(_: &HttpRequest) -> authlib_core::Result<String> {
        Ok(C::NAME.to_owned())
    }
}

impl FindClient for Routed {
    fn name(request: &HttpRequest) -> authlib_core::Result<String> {
        request.match_info().get("client").map(str::to_owned).ok_or_else(|| {
            let hint = "add one to its path, or name the client by type: `OAuthClient<Google>`";
            login::misconfigured("the route has no `{client}` parameter", hint)
        })
    }
}

fn registry(request: &HttpRequest) -> authlib_core::Result<&OAuth> {
    let oauth = request.app_data::<web::Data<OAuth>>();
    oauth.map(|oauth| oauth.as_ref()).ok_or_else(|| {
        let hint = "add `.app_data(web::Data::new(oauth.clone()))` to the app";
        login::misconfigured("the app has no registry of clients", hint)
    })
}

/// The client and the session of a request.
fn visit<C: FindClient>(request: &HttpRequest) -> Result<Visit<ActixSession>> {
    let found = || {
        let app = registry(request)?.client(&C::name(request)?)?;
        Ok(Visit::new(app, ActixSession::of(request)?, accept(request)))
    };
    found().map_err(|error| failed(error, request))
}

fn failed(error: CoreError, request: &HttpRequest) -> Error {
    Error(Failure::new(error, accept(request)))
}

impl<C> OAuthClient<C> {
    /// A request to the provider's API with the token of who is logged in; see
    /// [`RegisteredClient::request`](authlib_core::RegisteredClient::request).
    ///
    /// # Errors
    ///
    /// 401 when nobody is logged in with this client.
    pub async fn request(&self, method: Method, url: &str) -> Result<ApiRequest> {
        let method = core_method(&method).map_err(|error| self.error(error))?;
        let owner = self.login().await?.owner();
        Ok(self.visit.app.request(method, url, &owner))
    }
}

impl<C: FindClient> FromRequest for OAuthClient<C> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visit::<C>(request).map(|visit| Self { visit, client: PhantomData }))
    }
}

impl<C: FindClient> FromRequest for OAuthCallback<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (visit, parts) = (visit::<C>(request), parts(request));
        let payload = payload.take();
        Box::pin(async move {
            let visit = visit?;
            let body = visit.answer(form(payload).await).map_err(Error)?;
            let incoming = Incoming::new(&parts.method, parts.uri.query(), &parts.headers, &body);
            let received = login::receive(&visit.app, &visit.session, &incoming).await;
            let params = visit.answer(received).and_then(Received::callback).map_err(Error)?;
            Ok(Self { visit, params: Ok(params), client: PhantomData })
        })
    }
}

/// The callback's body, of which no more is kept than a form may have.
async fn form(mut payload: Payload) -> authlib_core::Result<Vec<u8>> {
    let mut form = FormBody::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|cause| CoreError::new(ErrorKind::InvalidCallback, cause))?;
        if !form.push(&piece) {
            break;
        }
    }
    form.finish()
}

impl FromRequest for OAuthSession {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = || {
            let (oauth, session) = (registry(request)?.clone(), ActixSession::of(request)?);
            Ok(Self { oauth, session, parts: parts(request) })
        };
        ready(found().map_err(|error| failed(error, request)))
    }
}

/// Who is logged in in this browser.
///
/// # Errors
///
/// 401 when nobody is, 500 when the session middleware is missing. `Option<CurrentUser>` is empty
/// instead, and actix-web makes it empty for every error: where a store that fails must not look like
/// a logout, ask [`OAuthSession::user`].
#[derive(Clone, Debug)]
pub struct CurrentUser(pub login::CurrentUser);

impl FromRequest for CurrentUser {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = OAuthSession::from_request(request, payload);
        Box::pin(async move {
            let session = session.await?;
            let user = login::current_user(&session.oauth, &session.session).await;
            session.answer(user).map(Self)
        })
    }
}
