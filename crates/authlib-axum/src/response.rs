//! From the core's answers and errors to axum's responses.

use std::fmt;

use authlib_core::login::{Answer, error_answer, local_path, see_other};
use axum::body::Body;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An [`authlib_core::Error`] on its way to the browser, or an answer that must go out instead of the
/// handler's.
///
/// As a response it has the status of its kind, and words for the user: HTML, or JSON
/// `{"error", "error_description"}` where the request accepts `application/json`.
pub struct Error(Box<Inner>);

enum Inner {
    Answer(Answer),
    Error { error: authlib_core::Error, accept: Option<HeaderValue> },
}

impl Error {
    pub(crate) fn new(error: authlib_core::Error, accept: Option<&HeaderValue>) -> Self {
        Self(Box::new(Inner::Error { error, accept: accept.cloned() }))
    }

    pub(crate) fn instead(answer: Answer) -> Self {
        Self(Box::new(Inner::Answer(answer)))
    }

    /// The core's error; nothing where this is an answer without an error, such as the page that posts
    /// a `form_post` answer once more.
    #[must_use]
    pub fn as_core(&self) -> Option<&authlib_core::Error> {
        match &*self.0 {
            Inner::Error { error, .. } => Some(error),
            Inner::Answer(_) => None,
        }
    }
}

impl From<authlib_core::Error> for Error {
    /// An error whose response is HTML: there is no request at hand to say otherwise.
    fn from(error: authlib_core::Error) -> Self {
        Self::new(error, None)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match *self.0 {
            Inner::Answer(answer) => response(answer),
            Inner::Error { error, accept } => {
                let headers: HeaderMap =
                    accept.into_iter().map(|accept| (ACCEPT, accept)).collect();
                response(error_answer(&error, &headers))
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Error { error, .. } => error.fmt(f),
            Inner::Answer(_) => f.write_str("the browser has to come again"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
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
