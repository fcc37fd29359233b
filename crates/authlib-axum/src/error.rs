//! [`Error`]: the error of a handler, and its response.

use authlib_core::adapter::{LoginError, RequestContext, wrapper};
use axum::body::Body;
use axum::response::{IntoResponse, Response};

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`authlib_core::Error`] as a response: any error of this library becomes one by `?`.
///
/// The response has the status of the error's kind and a short message for the user. The layer of
/// [`session_layer`](crate::session_layer) renders it as the request accepts: HTML, or JSON
/// `{"error", "error_description"}` for `application/json`.
///
/// In handlers with errors of your own, five lines make `?` work with all of them. Yours are logged and
/// rendered as status 500:
///
/// ```
/// use authlib_axum::{CurrentUser, Error};
/// use axum::response::{IntoResponse, Response};
///
/// struct AppError(Error);
/// impl IntoResponse for AppError { fn into_response(self) -> Response { self.0.into_response() } }
/// impl<E: std::error::Error + Send + Sync + 'static> From<E> for AppError {
///     fn from(error: E) -> Self { Self(Error::from_any(error)) }
/// }
///
/// async fn handler(user: CurrentUser) -> Result<String, AppError> {
///     let claims = user.userinfo()?;
///     Ok(std::fs::read_to_string(format!("notes/{}", claims.sub().len()))?)
/// }
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
    pub(crate) fn respond(&self, request: &RequestContext) -> Response {
        response(self.0.response(Some(request)))
    }
}

impl From<authlib_core::Error> for Error {
    fn from(error: authlib_core::Error) -> Self {
        Self(error.into())
    }
}

wrapper!(Error[] => authlib_core::Error);

impl IntoResponse for Error {
    /// A page. The session layer replaces it with JSON if the request asks for that.
    fn into_response(self) -> Response {
        self.0.log();
        let mut page = response(self.0.response(None));
        page.extensions_mut().insert(self);
        page
    }
}

pub(crate) fn response(response: authlib_core::adapter::Response) -> Response {
    response.map(Body::from)
}
