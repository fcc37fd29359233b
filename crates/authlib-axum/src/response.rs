//! From the core's answers and errors to axum's responses.

use std::fmt;

use authlib_core::login::{Answer, Failure, local_path, see_other};
use axum::body::Body;
use axum::response::{IntoResponse, Response};

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`authlib_core::Error`] on its way to the browser, or an answer that must go out instead of the
/// handler's.
///
/// As a response it has the status of its kind, and words for the user: HTML, or JSON
/// `{"error", "error_description"}` where the request accepts `application/json`.
#[derive(Clone, Debug)]
pub struct Error(pub(crate) Failure);

impl Error {
    /// The core's error; nothing where this is an answer without an error, such as the page that posts
    /// a `form_post` answer once more.
    #[must_use]
    pub fn as_core(&self) -> Option<&authlib_core::Error> {
        self.0.as_core()
    }
}

impl From<authlib_core::Error> for Error {
    /// An error whose response is HTML: there is no request at hand to say otherwise.
    fn from(error: authlib_core::Error) -> Self {
        Self(Failure::new(error, None))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        response(self.0.answer())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

/// Sends the browser to a path of this site after a login: 303, and never cached, as a callback's
/// answer must be (RFC 9700 §4.2.4).
#[must_use]
pub fn redirect(path: &str) -> Response {
    response(see_other(local_path(path)))
}

pub(crate) fn response(answer: Answer) -> Response {
    answer.map(Body::from)
}
