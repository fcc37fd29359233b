//! [`RecordedRequest`]: requests recorded by the provider, for assertions in tests.

use std::fmt;

use authlib_core::message::Request;
use http::HeaderMap;

use crate::endpoint::Endpoint;
use crate::peer_certificate::PeerCertificate;
use crate::request::{self, Fields};

/// A request that the provider received. [`fields`](Self::fields) and `Debug` leave out secrets; a test that needs
/// one calls [`secret`](Self::secret) or [`header`](Self::header).
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
    /// The thumbprint of the client's certificate (`x5t#S256`, RFC 8705 §3.1).
    pub certificate: Option<String>,
    /// The fields of query and form, without secrets, codes, verifiers and tokens.
    pub fields: Vec<(String, String)>,
    /// The names of all fields.
    pub names: Vec<String>,
    /// The names of the fields in the query; the others are in the form.
    pub query_names: Vec<String>,
    unredacted: Unredacted,
}

/// The unredacted request.
#[derive(Clone)]
struct Unredacted {
    fields: Fields,
    headers: HeaderMap,
}

impl fmt::Debug for Unredacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

const HIDDEN: &[&str] = &[
    "access_token",
    "actor_token",
    "assertion",
    "auth_req_id",
    "client_assertion",
    "client_notification_token",
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
    pub(crate) fn new(endpoint: Endpoint, request: &Request) -> Self {
        let mut fields = request::query(request);
        let query_names = fields.iter().map(|(name, _)| name.clone()).collect();
        fields.extend(request::form(request));
        let authorization = request::header(request, "authorization")
            .and_then(|value| value.split(' ').next().map(ToOwned::to_owned));
        Self {
            endpoint,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            user_agent: request::header(request, "user-agent").map(ToOwned::to_owned),
            authorization,
            certificate: request.extensions().get().map(PeerCertificate::thumbprint),
            query_names,
            names: fields.iter().map(|(name, _)| name.clone()).collect(),
            fields: fields
                .iter()
                .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
                .cloned()
                .collect(),
            unredacted: Unredacted { fields, headers: request.headers().clone() },
        }
    }

    /// The value of a header, secrets included.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.unredacted.headers.get(name)?.to_str().ok()
    }

    /// The value of a field, secrets included.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&str> {
        let mut fields = self.unredacted.fields.iter();
        fields.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field; `None` if the field is a secret.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
