//! [`Error`]: the error of a handler, and its response.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use authlib_core::adapter::{LoginError, RequestContext, wrapper};

use crate::message::response;

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`authlib_core::Error`] as a response: any error of this library becomes one by `?`.
///
/// The response has the status of the error's kind and a short message for the user. The middleware of
/// [`session_middleware`](crate::session_middleware) renders it as the request accepts: HTML, or JSON
/// `{"error", "error_description"}` for `application/json`.
///
/// In handlers with errors of your own, five lines make `?` work with all of them. Yours are logged and
/// rendered as status 500:
///
/// ```
/// use authlib_actix::{CurrentUser, Error};
///
/// #[derive(Debug)]
/// struct AppError(Error);
/// impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
///     fn from(error: E) -> Self { Self(Error::from_any(error)) }
/// }
/// impl From<AppError> for actix_web::Error { fn from(error: AppError) -> Self { error.0.into() } }
///
/// async fn handler(user: CurrentUser) -> Result<String, AppError> {
///     let claims = user.userinfo()?;
///     Ok(std::fs::read_to_string(format!("notes/{}", claims.sub().len()))?)
/// }
/// # let _ = actix_web::web::get().to(handler);
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

    /// The response for a request.
    pub(crate) fn respond(&self, request: Option<&RequestContext>) -> HttpResponse {
        response(self.0.response(request))
    }
}

impl From<authlib_core::Error> for Error {
    fn from(error: authlib_core::Error) -> Self {
        Self(error.into())
    }
}

wrapper!(Error[] => authlib_core::Error);

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A page. The session middleware replaces it with JSON if the request asks for that.
    fn error_response(&self) -> HttpResponse {
        self.0.log();
        self.respond(None)
    }
}
