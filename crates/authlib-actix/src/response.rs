//! Between the core's requests and answers, which are of `http` 1, and actix-web's.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use authlib_core::login::{Answer, Failure, local_path, see_other};
use http::request::Parts;

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

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    fn error_response(&self) -> HttpResponse {
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
pub fn redirect(path: &str) -> HttpResponse {
    response(see_other(local_path(path)))
}

pub(crate) fn response(answer: Answer) -> HttpResponse {
    let (parts, body) = answer.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        // Whatever is a header to `http` 1 is one to `http` 0.2.
        if let (Ok(name), Ok(mut copy)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            copy.set_sensitive(value.is_sensitive());
            response.headers_mut().append(name, copy);
        }
    }
    response.set_body(actix_web::body::BoxBody::new(body))
}

/// The head of a request.
pub(crate) fn parts(request: &HttpRequest) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    // Neither fails: both were parsed by the same rules.
    parts.method = core_method(request.method()).unwrap_or_default();
    parts.uri = request.uri().to_string().parse().unwrap_or_default();
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
            parts.headers.append(name, value);
        }
    }
    parts
}

pub(crate) fn core_method(method: &actix_web::http::Method) -> authlib_core::Result<http::Method> {
    http::Method::from_bytes(method.as_str().as_bytes())
        .map_err(|cause| authlib_core::Error::new(authlib_core::ErrorKind::Config, cause))
}

/// The request's `Accept` header.
pub(crate) fn accept(request: &HttpRequest) -> Option<&str> {
    request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok())
}
