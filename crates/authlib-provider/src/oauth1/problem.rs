//! Refusals, in the words of the problem reporting extension.

use authlib_core::message::Response;
use http::header;

use crate::exchange::{self, respond};
use crate::provider::Provider;

/// Why a request is refused: the status of RFC 5849 §3.2, the problem, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    name: &'static str,
    advice: String,
}

impl Problem {
    /// A request that is wrong in itself.
    pub(super) fn bad(name: &'static str, advice: impl Into<String>) -> Self {
        Self { status: 400, name, advice: advice.into() }
    }

    /// A request by whom we don't know.
    pub(super) fn unknown(name: &'static str, advice: impl Into<String>) -> Self {
        Self { status: 401, name, advice: advice.into() }
    }

    pub(super) fn response(&self, provider: &Provider) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("oauth_problem", self.name)
            .append_pair("oauth_problem_advice", &self.advice)
            .finish();
        let mut response = respond(self.status, "application/x-www-form-urlencoded", body);
        if self.status == 401 {
            let challenge =
                format!("OAuth realm=\"{}\", oauth_problem=\"{}\"", provider.issuer(), self.name);
            exchange::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        }
        response
    }
}
