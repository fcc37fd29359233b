//! [`Failure`]: what goes to the browser where a handler can't do its work.

use std::fmt;

use super::status::{Answer, answer_to, wants_json};
use crate::error::{Error, ErrorKind};

/// An error on its way to the browser, or an answer that must go out instead of the handler's.
///
/// The framework crates wrap it in an error type of their own, which their framework can answer with.
#[derive(Clone)]
pub struct Failure(Box<Inner>);

#[derive(Clone)]
enum Inner {
    Instead(Answer),
    Error { error: Error, json: bool },
}

impl Failure {
    /// An error, to be shown as the request's `Accept` header asks: HTML, or JSON
    /// `{"error", "error_description"}`. Without the header it is HTML.
    #[must_use]
    pub fn new(error: Error, accept: Option<&str>) -> Self {
        Self(Box::new(Inner::Error { error, json: wants_json(accept) }))
    }

    /// An answer without an error, such as the page that posts a `form_post` answer once more.
    #[must_use]
    pub fn instead(answer: Answer) -> Self {
        Self(Box::new(Inner::Instead(answer)))
    }

    /// The error; nothing where this is an answer without one.
    #[must_use]
    pub fn as_core(&self) -> Option<&Error> {
        match &*self.0 {
            Inner::Error { error, .. } => Some(error),
            Inner::Instead(_) => None,
        }
    }

    /// What the browser is answered with.
    #[must_use]
    pub fn answer(&self) -> Answer {
        match &*self.0 {
            Inner::Error { error, json } => answer_to(error, *json),
            Inner::Instead(answer) => answer.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Error { error, .. } => error.fmt(f),
            Inner::Instead(_) => f.write_str("the browser has to come again"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl std::error::Error for Failure {}

/// The error of an application that is put together wrongly, such as one without a session. It is told
/// to the log too: the browser only learns that something is wrong on our side.
#[must_use]
pub fn misconfigured(check: &'static str, hint: &'static str) -> Error {
    let error = Error::new(ErrorKind::Config, check).with_hint(hint);
    tracing::error!(error = %error.report(), "the application is put together wrongly");
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_an_error_as_asked_for_or_an_answer_as_it_is() {
        let error = Error::new(ErrorKind::AccessDenied, "x");
        let json = Failure::new(error.clone(), Some("application/json")).answer();
        assert_eq!(json.headers()["content-type"], "application/json");
        let html = Failure::new(error, None);
        assert_eq!(html.answer().status(), 403);
        assert_eq!(html.answer().headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(html.as_core().map(Error::kind), Some(ErrorKind::AccessDenied));
        let instead = Failure::instead(super::super::see_other("/"));
        assert!(instead.as_core().is_none());
        assert_eq!(instead.answer().status(), 303);
    }
}
