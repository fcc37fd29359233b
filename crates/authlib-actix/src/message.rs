//! Between actix-web's requests and responses, which are of `http` 0.2, and this library's.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use authlib_core::adapter::{RequestContext, Response};

use crate::request::find_registry;

/// The head of a request.
pub(crate) fn context(request: &HttpRequest) -> RequestContext {
    // Never fails: both crates parse methods alike.
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
    RequestContext::new(method, request.path(), request.uri().query(), |name| {
        request.headers().get(name)?.to_str().ok()
    })
    .of_app(find_registry(request).as_ref())
}

pub(crate) fn response(response: Response) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        // A header of `http` 1 is valid in `http` 0.2.
        if let (Ok(name), Ok(mut copy)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            copy.set_sensitive(value.is_sensitive());
            response.headers_mut().append(name, copy);
        }
    }
    response.set_body(actix_web::body::BoxBody::new(body))
}
