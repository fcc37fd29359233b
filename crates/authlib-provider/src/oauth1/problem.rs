//! Errors of the OAuth 1.0a problem reporting extension.

use authlib_core::message::Response;
use http::header;

use crate::response::{self, respond};
use crate::state::Context;

/// Why a request is rejected: status (RFC 5849 §3.2), problem and advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    name: &'static str,
    advice: String,
}

impl Problem {
    /// A malformed request.
    pub(super) fn malformed(name: &'static str, advice: impl Into<String>) -> Self {
        Self { status: 400, name, advice: advice.into() }
    }

    /// A request with credentials that are unknown or not valid.
    pub(super) fn unauthorized(name: &'static str, advice: impl Into<String>) -> Self {
        Self { status: 401, name, advice: advice.into() }
    }

    pub(super) fn response(&self, context: &Context) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("oauth_problem", self.name)
            .append_pair("oauth_problem_advice", &self.advice)
            .finish();
        let mut response = respond(self.status, "application/x-www-form-urlencoded", body);
        if self.status == 401 {
            let challenge = format!(
                "OAuth realm=\"{}\", oauth_problem=\"{}\"",
                context.issuer.as_str(),
                self.name
            );
            response::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        }
        response
    }
}
