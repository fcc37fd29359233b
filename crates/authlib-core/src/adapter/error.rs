//! [`LoginError`]: an error on its way to the browser.

use std::fmt;
use std::ops::Deref;

use super::error_page;
use super::{RequestContext, Response};
use crate::error::{Error, ErrorKind};
use crate::first_error::print_first;

/// An [`Error`] on its way to the browser. It may carry a response that must be sent instead of an error
/// page, such as the page that submits a `form_post` callback once more.
///
/// The framework crates wrap it in an error type of their own.
#[derive(Clone)]
pub struct LoginError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    error: Error,
    response: Option<Response>,
    request: Option<RequestContext>,
}

impl LoginError {
    /// A response to be sent instead of the handler's, and the reason.
    pub(super) fn respond(response: Response, reason: &'static str) -> Self {
        let error = Error::new(ErrorKind::InvalidCallback, reason).logged();
        Self(Box::new(Inner { error, response: Some(response), request: None }))
    }

    /// Any error: one of this library as it is, another one as [`ErrorKind::Internal`].
    #[must_use]
    pub fn from_any(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(error) => match error.downcast::<Error>() {
                Ok(own) => Self::from(*own),
                Err(other) => Self::from(Error::new(ErrorKind::Internal, other)),
            },
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        let response = self.0.response.as_ref();
        response.map_or_else(|| self.kind().status(), |response| response.status().as_u16())
    }

    /// Adds the request that failed, for a response that is made where it is not at hand.
    #[must_use]
    pub fn with_request(mut self, request: RequestContext) -> Self {
        self.0.request = Some(request);
        self
    }

    /// The response for the request that failed: a page, or JSON `{"error", "error_description"}` if the
    /// request accepts `application/json`. Without a request it is a page.
    ///
    /// If an API requires another login ([`Error::step_up`]) and the browser navigates to a page, it is a redirect to that
    /// login, which leads back to the page.
    #[must_use]
    pub fn response(&self, request: Option<&RequestContext>) -> Response {
        match &self.0.response {
            Some(response) => response.clone(),
            None => error_page::render(&self.0.error, request.or(self.0.request.as_ref())),
        }
    }

    /// Logs the error, unless it is an expected one (the user is not logged in, the client does not
    /// exist, an API requires another login) or has been logged before. Call it once, when the error becomes a response.
    pub fn log(&self) {
        let error = &self.0.error;
        let is_expected =
            matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::UnknownClient)
                || error.step_up().is_some();
        if self.0.response.is_none() && !is_expected {
            print_first(error);
        }
        if !error.is_logged() && !is_expected {
            tracing::warn!(kind = ?error.kind(), error = %error.report(), "request failed");
        }
    }
}

impl From<Error> for LoginError {
    fn from(error: Error) -> Self {
        Self(Box::new(Inner { error, response: None, request: None }))
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        error.0.error
    }
}

impl Deref for LoginError {
    type Target = Error;

    fn deref(&self) -> &Error {
        &self.0.error
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl fmt::Debug for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.error.fmt(f)
    }
}

impl std::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.error.source()
    }
}

/// The error of an application that is set up wrongly, such as one without sessions. It is logged: the
/// user is only told that something went wrong.
#[must_use]
pub fn misconfigured(check: &'static str, hint: &'static str) -> Error {
    let error = Error::new(ErrorKind::Config, check).with_hint(hint);
    tracing::error!(error = %error.report(), "misconfigured application");
    print_first(&error);
    error.logged()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::see_other;

    #[test]
    fn response_is_rendered_for_the_request_or_sent_as_it_is() {
        let header = |name: &str| (name == "accept").then_some("application/json");
        let request = RequestContext::new(http::Method::GET, "/", None, header);
        let error = LoginError::from(Error::new(ErrorKind::AccessDenied, "x"));
        let json = error.response(Some(&request));
        assert_eq!(json.headers()["content-type"], "application/json");
        let html = error.response(None);
        assert_eq!((html.status().as_u16(), error.status()), (403, 403));
        assert_eq!(html.headers()["content-type"], "text/html; charset=utf-8");
        let denied = LoginError::from_any(Box::new(error));
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
        let other = LoginError::from_any(Box::new(fmt::Error));
        assert_eq!(other.kind(), ErrorKind::Internal);
        let redirect = LoginError::respond(see_other("/"), "reason");
        assert_eq!(
            (redirect.status(), redirect.response(Some(&request)).status().as_u16()),
            (303, 303)
        );
    }
}
