//! [`OAuthCallback`]: the browser's return from the provider.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use authlib_core::ErrorKind;
use authlib_core::adapter::{
    ClientSelector, FORM_TIMEOUT, FormBody, FromRoute, LoginCallback, wrapper,
};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::message::context;
use crate::request::{client, rejection};
use crate::session::ActixSession;

/// The browser's return from the provider, by GET or by `form_post`: finishes the login. Dereferences to
/// [`LoginCallback`], which has the methods.
///
/// Register the route for GET and, if the provider may use `form_post`, for POST.
///
/// ```
/// use actix_web::HttpResponse;
/// use authlib_actix::{OAuthCallback, Result, clients::Google, redirect};
///
/// async fn authorize(callback: OAuthCallback<Google>) -> Result<HttpResponse> {
///     let user = callback.log_in().await?;
///     println!("{:?} logged in", user.identity());
///     Ok(redirect(&user.next))
/// }
/// ```
///
/// # Errors
///
/// Those of [`OAuthClient`](crate::OAuthClient); 400 and 413 if the callback is malformed or too large.
pub struct OAuthCallback<C = FromRoute>(LoginCallback<ActixSession>, PhantomData<fn() -> C>);

wrapper!(OAuthCallback[C] => LoginCallback<ActixSession>);

impl<C: ClientSelector> FromRequest for OAuthCallback<C> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let callback = async {
                let (client, session) = client::<C>(&request).await?;
                let body = read(payload).await?;
                LoginCallback::read(client, session, &context(&request), &body).await
            };
            let inner = callback.await.map_err(|error| rejection(error, &request))?;
            Ok(Self(inner, PhantomData))
        })
    }
}

/// Reads the form of a request. It must arrive in time.
pub(crate) async fn read(payload: Payload) -> authlib_core::Result<Vec<u8>> {
    timeout(FORM_TIMEOUT, read_all(payload)).await.unwrap_or_else(|_| Err(FormBody::timed_out()))
}

async fn read_all(mut payload: Payload) -> authlib_core::Result<Vec<u8>> {
    let mut form = FormBody::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|cause| authlib_core::Error::new(ErrorKind::InvalidCallback, cause))?;
        if !form.push(&chunk) {
            break;
        }
    }
    form.finish()
}
