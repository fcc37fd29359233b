//! [`OAuthCallback`]: the browser's return from the provider.

use std::marker::PhantomData;

use authlib_core::ErrorKind;
use authlib_core::adapter::{
    ClientSelector, FORM_TIMEOUT, FormBody, FromRoute, LoginCallback, wrapper,
};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::request::{client, context, rejection};
use crate::session::AxumSession;

/// The browser's return from the provider, by GET or by `form_post`: finishes the login. Dereferences to
/// [`LoginCallback`], which has the methods.
///
/// It reads the request's body, so it must be the handler's last argument. Register the route for `get` and,
/// if the provider may use `form_post`, for `post`.
///
/// ```
/// use authlib_axum::{OAuthCallback, Result, clients::Google, redirect};
/// use axum::response::Response;
///
/// async fn authorize(callback: OAuthCallback<Google>) -> Result<Response> {
///     let user = callback.log_in().await?;
///     println!("{:?} logged in", user.identity());
///     Ok(redirect(&user.next))
/// }
/// ```
///
/// # Errors
///
/// Those of [`OAuthClient`](crate::OAuthClient); 400 and 413 if the callback is malformed or too large.
pub struct OAuthCallback<C = FromRoute>(LoginCallback<AxumSession>, PhantomData<fn() -> C>);

wrapper!(OAuthCallback[C] => LoginCallback<AxumSession>);

impl<S: Send + Sync, C: ClientSelector> FromRequest<S> for OAuthCallback<C> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let callback = async {
            let (client, session) = client::<C>(&mut parts).await?;
            let body = read(body).await?;
            LoginCallback::read(client, session, &context(&parts), &body).await
        };
        match callback.await {
            Ok(inner) => Ok(Self(inner, PhantomData)),
            Err(error) => Err(rejection(error, &parts)),
        }
    }
}

/// Reads the form of a request. It must arrive in time.
pub(crate) async fn read(body: Body) -> authlib_core::Result<Vec<u8>> {
    timeout(FORM_TIMEOUT, read_all(body)).await.unwrap_or_else(|_| Err(FormBody::timed_out()))
}

async fn read_all(mut body: Body) -> authlib_core::Result<Vec<u8>> {
    let mut form = FormBody::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|cause| authlib_core::Error::new(ErrorKind::InvalidCallback, cause))?;
        if frame.data_ref().is_some_and(|data| !form.push(data)) {
            break;
        }
    }
    form.finish()
}
