//! Between the core's requests and answers, which are of `http` 1, and Rocket's.

use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use authlib_core::login::{self, Failure, status_answer};
use http::StatusCode;
use http::request::Parts;
use rocket::http::{Method, Status};
use rocket::outcome::Outcome;
use rocket::response::{self, Responder, Response};
use rocket::{Catcher, Request};

use crate::fairing::Asked;
use crate::guard::Error;

/// A response that is ready: a redirect, or a page.
#[derive(Clone, Debug)]
pub struct Answer(pub(crate) login::Answer);

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let (mut parts, body) = self.0.into_parts();
        let mut response = Response::build();
        response.status(Status::new(parts.status.as_u16()));
        // Rocket's shield says `nosniff`, and warns about whoever said it before.
        parts.headers.remove("x-content-type-options");
        for (name, value) in &parts.headers {
            if let Ok(value) = value.to_str() {
                response.raw_header_adjoin(name.as_str().to_owned(), value.to_owned());
            }
        }
        response.sized_body(body.len(), Cursor::new(body)).ok()
    }
}

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let failure = match self.as_core() {
            // Made by `?`, it does not know yet what the request accepts.
            Some(error) => Failure::new(error.clone(), accept(request)),
            None => self.0,
        };
        Answer(failure.answer()).respond_to(request)
    }
}

/// The last failure of a guard in this request, for the catcher: Rocket tells it the status only.
fn refused<'r>(request: &'r Request<'_>) -> MutexGuard<'r, Option<Failure>> {
    let refused = request.local_cache(Mutex::<Option<Failure>>::default);
    refused.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a guard ends in; its error is kept for [`catchers`].
pub(crate) fn outcome<T, F>(
    request: &Request<'_>,
    result: Result<T, Error>,
) -> Outcome<T, (Status, Error), F> {
    let error = match result {
        Ok(value) => return Outcome::Success(value),
        Err(error) => error,
    };
    let status = Status::new(error.0.answer().status().as_u16());
    *refused(request) = Some(error.0.clone());
    Outcome::Error((status, error))
}

/// A catcher for every status: tells what a guard of this crate refused, and everything else, as HTML or,
/// where the request accepts it, as JSON `{"error", "error_description"}`. Catchers of yours for a
/// status, or further down the path, come first.
#[must_use]
pub fn catchers() -> Vec<Catcher> {
    rocket::catchers![tell]
}

#[rocket::catch(default)]
fn tell(status: Status, request: &Request<'_>) -> Answer {
    let status = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = refused(request).take().map(|failure| failure.answer());
    let answer = answer.filter(|answer| answer.status() == status);
    Answer(answer.unwrap_or_else(|| status_answer(status, accept(request))))
}

/// The head of a request.
pub(crate) fn parts(request: &Request<'_>) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    // Neither fails: both were parsed by the same rules.
    parts.method = core_method(request.local_cache(|| Asked(request.method())).0);
    parts.uri = request.uri().to_string().parse().unwrap_or_default();
    for header in request.headers().iter() {
        let name = http::HeaderName::from_bytes(header.name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(&header.value)) {
            parts.headers.append(name, value);
        }
    }
    parts
}

pub(crate) fn core_method(method: Method) -> http::Method {
    http::Method::from_bytes(method.as_str().as_bytes()).unwrap_or_default()
}

/// The request's `Accept` header.
pub(crate) fn accept<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    request.headers().get_one("accept")
}
