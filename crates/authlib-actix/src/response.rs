//! Between the core's requests and answers, which are of `http` 1, and actix-web's.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use authlib_core::login::Answer;
use http::request::Parts;

use crate::extract::Error;

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    fn error_response(&self) -> HttpResponse {
        response(self.0.answer())
    }
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
