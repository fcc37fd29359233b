//! [`RecordedRequest`]: what the provider was asked, for tests to look at.

use std::fmt;

use authlib_core::message::Request;
use http::HeaderMap;

use crate::exchange::{self, Fields};
use crate::fault::Endpoint;

/// A request that the provider got. What [`fields`](Self::fields) and `Debug` show has no secrets; a test
/// that needs one asks for it by name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The `User-Agent`.
    pub user_agent: Option<String>,
    /// The scheme of the `Authorization` header, such as `Basic`.
    pub authorization: Option<String>,
    /// The fields of query and form, without secrets, codes, verifiers and tokens.
    pub fields: Vec<(String, String)>,
    /// The names of all fields.
    pub names: Vec<String>,
    whole: Whole,
}

/// The request as it came.
#[derive(Clone)]
struct Whole {
    fields: Fields,
    headers: HeaderMap,
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

const HIDDEN: &[&str] = &[
    "access_token",
    "actor_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token_hint",
    "oauth_signature",
    "oauth_token",
    "oauth_verifier",
    "password",
    "refresh_token",
    "subject_token",
    "token",
];

impl RecordedRequest {
    pub(crate) fn of(endpoint: Endpoint, request: &Request) -> Self {
        let mut fields = exchange::query(request);
        fields.extend(exchange::form(request));
        let authorization = exchange::header(request, "authorization")
            .and_then(|value| value.split(' ').next().map(ToOwned::to_owned));
        Self {
            endpoint,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            user_agent: exchange::header(request, "user-agent").map(ToOwned::to_owned),
            authorization,
            names: fields.iter().map(|(name, _)| name.clone()).collect(),
            fields: fields
                .iter()
                .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
                .cloned()
                .collect(),
            whole: Whole { fields, headers: request.headers().clone() },
        }
    }

    /// The value of a header, with what is secret in it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.whole.headers.get(name)?.to_str().ok()
    }

    /// The value of a field that is a secret, or of any other.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&str> {
        let mut fields = self.whole.fields.iter();
        fields.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that is no secret.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
