//! [`Error`]: the error of a handler, its response, and the catcher for errors of guards.

use std::sync::{Mutex, MutexGuard, PoisonError};

use authlib_core::adapter::{LoginError, status_page, wrapper};
use http::StatusCode;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::response::{self, Responder};
use rocket::{Catcher, Request};

use crate::request::{OAuthResponse, context};

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`authlib_core::Error`] as a response: any error of this library becomes one by `?`.
///
/// The response has the status of the error's kind and a short message for the user, as the request accepts:
/// HTML, or JSON `{"error", "error_description"}` for `application/json`.
///
/// In handlers with errors of your own, five lines make `?` work with all of them. Yours are logged and
/// rendered as status 500:
///
/// ```
/// use authlib_rocket::{CurrentUser, Error};
/// use rocket::get;
///
/// #[derive(rocket::Responder)]
/// struct AppError(Error);
/// impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
///     fn from(error: E) -> Self { Self(Error::from_any(error)) }
/// }
///
/// #[get("/notes")]
/// async fn notes(user: CurrentUser) -> Result<String, AppError> {
///     let claims = user.userinfo()?;
///     Ok(std::fs::read_to_string(format!("notes/{}", claims.sub().len()))?)
/// }
/// # let _ = rocket::routes![notes];
/// ```
#[derive(Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] LoginError);

impl Error {
    /// Any error: one of this library as it is, another one as
    /// [`ErrorKind::Internal`](authlib_core::ErrorKind::Internal).
    #[must_use]
    pub fn from_any(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
        error.downcast::<Self>().map_or_else(|other| Self(LoginError::from_any(other)), |own| *own)
    }
}

impl From<authlib_core::Error> for Error {
    fn from(error: authlib_core::Error) -> Self {
        Self(error.into())
    }
}

wrapper!(Error[] => authlib_core::Error);

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        self.0.log();
        OAuthResponse::from(self.0.response(Some(&context(request)))).respond_to(request)
    }
}

/// The last error of a guard in this request, for the catcher, which Rocket tells the status only.
pub(crate) fn last_error<'r>(request: &'r Request<'_>) -> MutexGuard<'r, Option<LoginError>> {
    let error = request.local_cache(Mutex::<Option<LoginError>>::default);
    error.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcome of a guard. Its error is kept for [`catchers`].
pub(crate) fn outcome<T, F>(
    request: &Request<'_>,
    result: Result<T, impl Into<LoginError>>,
) -> Outcome<T, (Status, Error), F> {
    match result {
        Ok(value) => Outcome::Success(value),
        Err(error) => {
            let error = error.into();
            error.log();
            *last_error(request) = Some(error.clone());
            Outcome::Error((Status::new(error.status()), Error(error)))
        }
    }
}

/// A catcher for every status: renders the errors of this crate's guards, and all others, as HTML or, if the
/// request accepts it, as JSON `{"error", "error_description"}`. Your own catchers for a status, or further
/// down the path, take precedence.
#[must_use]
pub fn catchers() -> Vec<Catcher> {
    rocket::catchers![oauth_default_catcher]
}

#[rocket::catch(default)]
fn oauth_default_catcher(status: Status, request: &Request<'_>) -> OAuthResponse {
    let error = last_error(request).take().filter(|error| error.status() == status.code);
    let status = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    OAuthResponse::from(match error {
        Some(error) => error.response(Some(&context(request))),
        None => status_page(status, Some(&context(request))),
    })
}
