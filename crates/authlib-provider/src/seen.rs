//! [`Seen`]: what the provider was asked, for tests to look at.

use authlib_core::message::Request;

use crate::exchange;
use crate::quirk::Endpoint;

/// A request that the provider got. It holds no secret: those fields are left out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
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
}

const HIDDEN: &[&str] = &[
    "access_token",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "id_token_hint",
    "oauth_signature",
    "oauth_token",
    "oauth_verifier",
    "refresh_token",
    "token",
];

impl Seen {
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
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
