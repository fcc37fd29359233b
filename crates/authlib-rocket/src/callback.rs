//! [`OAuthCallback`]: the browser's return from the provider.

use std::fmt;
use std::marker::PhantomData;

use authlib_core::adapter::{ClientSelector, FORM_TIMEOUT, FormBody, FromRoute, LoginCallback};
use authlib_core::login::{CompletedLogin, ConnectedAccount, LoginResult};
use authlib_core::{ErrorKind, Params, RegisteredClient, Token};
use rocket::data::{self, ByteUnit, Data, FromData};
use rocket::request::{self, FromRequest, Request};
use rocket::tokio::io::AsyncReadExt as _;
use rocket::tokio::time::timeout;

use crate::error::{Error, Result, outcome};
use crate::request::{client, context};
use crate::session::RocketSession;

/// The browser's return from the provider: finishes the login. As a request guard it reads a GET, as a data
/// guard a `form_post`; a provider that uses `form_post` needs the second route.
///
/// ```
/// use authlib_rocket::{OAuthCallback, OAuthResponse, Result, clients::Google, redirect};
/// use rocket::{get, post};
///
/// #[get("/authorize")]
/// async fn authorize(callback: OAuthCallback<'_, Google>) -> Result<OAuthResponse> {
///     Ok(redirect(&callback.log_in().await?.next))
/// }
///
/// #[post("/authorize", data = "<callback>")]
/// async fn authorize_posted(callback: OAuthCallback<'_, Google>) -> Result<OAuthResponse> {
///     Ok(redirect(&callback.log_in().await?.next))
/// }
/// # let _ = rocket::routes![authorize, authorize_posted];
/// ```
///
/// # Errors
///
/// Those of [`OAuthClient`](crate::OAuthClient). A malformed callback is an error of the methods, so that the
/// handler can respond by `?`: a guard could set a status only.
pub struct OAuthCallback<'r, C = FromRoute> {
    client: RegisteredClient,
    callback: Result<LoginCallback<RocketSession<'r>>>,
    selector: PhantomData<fn() -> C>,
}

impl<'r, C: ClientSelector> OAuthCallback<'r, C> {
    async fn of(
        request: &'r Request<'_>,
        body: authlib_core::Result<Vec<u8>>,
    ) -> authlib_core::Result<Self> {
        let (client, session) = client::<C>(request).await?;
        let callback = match body {
            Ok(body) => {
                LoginCallback::read(client.clone(), session, &context(request), &body).await
            }
            Err(error) => Err(error.into()),
        };
        Ok(Self { client, callback: callback.map_err(Error::from), selector: PhantomData })
    }
}

impl<'r, C> OAuthCallback<'r, C> {
    fn callback(&self) -> Result<&LoginCallback<RocketSession<'r>>> {
        self.callback.as_ref().map_err(Error::clone)
    }

    /// The registered client.
    #[must_use]
    pub fn client(&self) -> &RegisteredClient {
        &self.client
    }

    /// The other parameters of the callback, which nothing verifies; see
    /// [`LoginCallback::unverified_params`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::read`].
    pub fn unverified_params(&self) -> Result<&Params> {
        Ok(self.callback()?.unverified_params())
    }

    /// Finishes the login: verifies the callback, stores the token, and logs the user in.
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::read`] and [`LoginCallback::log_in`].
    pub async fn log_in(&self) -> Result<LoginResult> {
        Ok(self.callback()?.log_in().await?)
    }

    /// As [`log_in`](Self::log_in), for the application's id of the user; see [`LoginCallback::log_in_as`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::read`] and [`LoginCallback::log_in_as`].
    pub async fn log_in_as(&self, user: impl AsRef<str>) -> Result<LoginResult> {
        Ok(self.callback()?.log_in_as(user).await?)
    }

    /// As [`log_in`](Self::log_in), and returns the token. Authlib's name.
    ///
    /// # Errors
    ///
    /// Those of [`log_in`](Self::log_in).
    pub async fn authorize_access_token(&self) -> Result<Token> {
        Ok(self.callback()?.authorize_access_token().await?)
    }

    /// Verifies the callback without logging the user in; see [`LoginCallback::complete`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::read`] and [`LoginCallback::complete`].
    pub async fn complete(&self) -> Result<CompletedLogin> {
        Ok(self.callback()?.complete().await?)
    }

    /// Logs in the user of a [completed](Self::complete) login.
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::record`].
    pub async fn record(&self, completed: CompletedLogin) -> Result<LoginResult> {
        Ok(self.callback()?.record(completed).await?)
    }

    /// Logs in the user of a [completed](Self::complete) login as a user of the application; see
    /// [`LoginCallback::record_as`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::record_as`].
    pub async fn record_as(
        &self,
        completed: CompletedLogin,
        user: impl AsRef<str>,
    ) -> Result<LoginResult> {
        Ok(self.callback()?.record_as(completed, user).await?)
    }

    /// Connects the account to the user who started it; see [`LoginCallback::connect`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::read`] and [`LoginCallback::connect`].
    pub async fn connect(&self, user: impl AsRef<str>) -> Result<ConnectedAccount> {
        Ok(self.callback()?.connect(user).await?)
    }

    /// Connects the account of a [completed](Self::complete) callback; see [`LoginCallback::record_connection`].
    ///
    /// # Errors
    ///
    /// Those of [`LoginCallback::record_connection`].
    pub async fn record_connection(
        &self,
        completed: CompletedLogin,
        user: impl AsRef<str>,
    ) -> Result<ConnectedAccount> {
        Ok(self.callback()?.record_connection(completed, user).await?)
    }
}

/// A callback by GET.
#[rocket::async_trait]
impl<'r, C: ClientSelector> FromRequest<'r> for OAuthCallback<'r, C> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Error> {
        outcome(request, Self::of(request, Ok(Vec::new())).await)
    }
}

/// A callback by `form_post`.
#[rocket::async_trait]
impl<'r, C: ClientSelector> FromData<'r> for OAuthCallback<'r, C> {
    type Error = Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let body = read(data).await;
        outcome(request, Self::of(request, body).await)
    }
}

/// Reads the body up to the limit of a form, whatever Rocket's `limits` are. It must arrive in time.
pub(crate) async fn read(data: Data<'_>) -> authlib_core::Result<Vec<u8>> {
    timeout(FORM_TIMEOUT, read_all(data)).await.unwrap_or_else(|_| Err(FormBody::timed_out()))
}

async fn read_all(data: Data<'_>) -> authlib_core::Result<Vec<u8>> {
    let mut stream = data.open(ByteUnit::max_value());
    let (mut form, mut chunk) = (FormBody::new(), vec![0; 8 * 1024]);
    loop {
        let read = stream.read(&mut chunk).await;
        let read =
            read.map_err(|cause| authlib_core::Error::new(ErrorKind::InvalidCallback, cause))?;
        if read == 0 || !form.push(chunk.get(..read).unwrap_or_default()) {
            return form.finish();
        }
    }
}

impl<C> fmt::Debug for OAuthCallback<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OAuthCallback").field(&self.client.name()).finish()
    }
}
