//! Authorization server metadata, RFC 8414 (and OpenID Connect Discovery 1.0 §3, which it follows).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::endpoint::{Endpoint, Endpoints};
use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::message::{self, Response};
use crate::oauth2::issuers::{Issuers, TENANT};

/// The members of the provider's metadata that this crate uses. All others are ignored, so a document
/// can't change how we connect.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ServerMetadata {
    issuer: String,
    #[serde(skip)]
    pub(crate) endpoints: Endpoints,
    #[serde(skip)]
    auth_methods_supported: BTreeMap<Endpoint, Vec<String>>,
    pub(crate) id_token_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) authorization_response_iss_parameter_supported: Option<bool>,
    pub(crate) require_pushed_authorization_requests: Option<bool>,
}

impl ServerMetadata {
    /// The authentication methods that the document lists for this endpoint.
    pub(crate) fn auth_methods_supported(&self, endpoint: Endpoint) -> Option<&[String]> {
        self.auth_methods_supported.get(&endpoint).map(Vec::as_slice)
    }
}

#[derive(Debug, thiserror::Error)]
enum MetadataError {
    #[error("the metadata response has status {0}, not 200 (RFC 8414 §3.2)")]
    Status(u16),
    #[error("the metadata response has the content type {0}, not application/json (RFC 8414 §3.2)")]
    ContentType(String),
    #[error("the provider's metadata document is malformed")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(
        "issuer mismatch: the provider's metadata document has {found:?}, `issuer` is configured as \
         {expected:?} (RFC 8414 §3.3)"
    )]
    Issuer { found: String, expected: String },
    #[error("`{name}` of the provider's metadata document is not allowed")]
    Endpoint {
        name: &'static str,
        #[source]
        cause: EndpointUrlError,
    },
}

impl From<MetadataError> for Error {
    fn from(check: MetadataError) -> Self {
        let hint = match &check {
            MetadataError::Status(_) | MetadataError::ContentType(_) => {
                "check `server_metadata_url` or `issuer`: redirects are not followed"
            }
            MetadataError::Issuer { found, .. } if found.contains(TENANT) => {
                "the issuer has many tenants: set `issuer` to this text, and `allowed_tenants` to the ids of the \
                 tenants whose users may log in, or `any_tenant` to true"
            }
            MetadataError::Issuer { .. } => {
                "set `issuer` to exactly the provider's value, trailing slash included"
            }
            MetadataError::Malformed(_) => {
                "check `server_metadata_url` or `issuer`, or report the fault to the provider"
            }
            MetadataError::Endpoint { .. } => "set the endpoint in the client's configuration",
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// Parses the document. Its issuer must be identical to the configured one (RFC 8414 §3.3, OpenID Connect
/// Discovery 1.0 §4.3).
pub(crate) fn parse_metadata_response(
    response: &Response,
    issuers: &Issuers,
) -> Result<ServerMetadata> {
    Ok(checked(response, issuers)?)
}

fn checked(response: &Response, issuers: &Issuers) -> Result<ServerMetadata, MetadataError> {
    if response.status() != http::StatusCode::OK {
        return Err(MetadataError::Status(response.status().as_u16()));
    }
    match message::media_type(response.headers()) {
        Some(content) if message::is_json(&content) => {}
        other => {
            return Err(MetadataError::ContentType(other.unwrap_or_else(|| "(none)".into())));
        }
    }
    let claims =
        Claims::parse(response.body()).map_err(|cause| MetadataError::Malformed(cause.into()))?;
    let document = claims.as_map();
    let mut metadata: ServerMetadata = read(&Value::Object(document.clone()))?;
    if !issuers.is_document(&metadata.issuer) {
        return Err(MetadataError::Issuer {
            found: metadata.issuer.chars().take(200).collect(),
            expected: issuers.issuer.clone().unwrap_or_default(),
        });
    }
    let issuer = metadata.issuer.clone();
    for endpoint in Endpoint::IN_METADATA {
        if let Some(value) = document.get(endpoint.name())
            && let Some(text) = read::<Option<String>>(value)?
        {
            metadata.endpoints.insert(endpoint, allowed(endpoint, &text, &issuer)?);
        }
        if let Some(value) = endpoint.auth_methods_member().and_then(|name| document.get(name))
            && let Some(methods) = read(value)?
        {
            metadata.auth_methods_supported.insert(endpoint, methods);
        }
    }
    Ok(metadata)
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, MetadataError> {
    T::deserialize(value).map_err(|cause| MetadataError::Malformed(cause.into()))
}

/// An endpoint's URL. http is allowed only if the issuer uses it too, which only a loopback address can:
/// a document from elsewhere must not direct requests to services of this host.
fn allowed(endpoint: Endpoint, text: &str, issuer: &str) -> Result<Url, MetadataError> {
    let url = endpoint_url(text).and_then(|url| match url.scheme() {
        "http" if !issuer.starts_with("http://") => Err(EndpointUrlError::NotHttps),
        _ => Ok(url),
    });
    url.map_err(|cause| MetadataError::Endpoint { name: endpoint.name(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::test_response;

    fn read(body: &str) -> Result<ServerMetadata> {
        read_response(200, "application/json", body)
    }

    fn read_response(status: u16, content_type: &str, body: &str) -> Result<ServerMetadata> {
        let response = test_response(status, content_type, body);
        parse_metadata_response(&response, &Issuers::of("https://op.example"))
    }

    #[test]
    fn parse_reads_known_members_and_ignores_others() {
        let metadata = read(
            r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/t",
                "authorization_response_iss_parameter_supported":true,
                "device_authorization_endpoint":"https://op.example/d",
                "registration_endpoint":"https://op.example/r",
                "introspection_endpoint_auth_methods_supported":["client_secret_post"],
                "verify":false,"proxies":{"https":"http://evil"},"client_id":"x","x":[1]}"#,
        )
        .unwrap();
        for (endpoint, url) in [
            (Endpoint::Token, "https://op.example/t"),
            (Endpoint::DeviceAuthorization, "https://op.example/d"),
            (Endpoint::Registration, "https://op.example/r"),
        ] {
            assert_eq!(metadata.endpoints.get(endpoint).unwrap().as_str(), url);
        }
        assert_eq!(metadata.authorization_response_iss_parameter_supported, Some(true));
        let methods = metadata.auth_methods_supported(Endpoint::Introspection).unwrap();
        assert_eq!(methods, ["client_secret_post"]);
    }

    /// H27 and B3: another issuer, a trailing slash, another case or port is another provider.
    #[test]
    fn parse_rejects_an_issuer_that_is_not_identical() {
        for issuer in [
            "https://evil.example",
            "https://op.example/",
            "https://OP.example",
            "https://op.example:443",
            "http://op.example",
        ] {
            let error = read(&format!(r#"{{"issuer":"{issuer}"}}"#)).unwrap_err();
            assert!(error.to_string().contains("RFC 8414 §3.3"), "{issuer}: {error}");
        }
    }

    /// Microsoft's `common` has a document for many tenants.
    #[test]
    fn template_of_tenants_needs_the_setting() {
        let body = r#"{"issuer":"https://op.example/{tenantid}/v2.0"}"#;
        let error = read(body).unwrap_err().to_string();
        assert!(error.contains("allowed_tenants") && error.contains("any_tenant"), "{error}");
        let response = test_response(200, "application/json", body);
        let issuers = Issuers::of("https://op.example/{tenantid}/v2.0");
        assert!(parse_metadata_response(&response, &issuers).is_ok());
    }

    #[test]
    fn parse_rejects_endpoints_that_are_not_https_urls() {
        for (name, value) in [
            ("authorization_endpoint", "javascript:alert(1)"),
            ("authorization_endpoint", "data:text/html,x"),
            ("token_endpoint", "http://op.example/t"),
            ("jwks_uri", "http://localhost:80@op.example/"),
            ("userinfo_endpoint", "//op.example"),
            ("end_session_endpoint", "http://op.example"),
            ("userinfo_endpoint", "http://127.0.0.1:9200/"),
            ("introspection_endpoint", "http://op.example/i"),
            ("revocation_endpoint", "http://op.example/r"),
            ("device_authorization_endpoint", "http://op.example/d"),
            ("registration_endpoint", "http://localhost/register"),
        ] {
            let body = format!(r#"{{"issuer":"https://op.example","{name}":"{value}"}}"#);
            let error = read(&body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn parse_rejects_wrong_types_and_html() {
        for body in [
            "[]",
            "{}",
            "<html>",
            r#"{"issuer":1}"#,
            r#"{"issuer":"https://op.example","jwks_uri":[]}"#,
            r#"{"issuer":"https://op.example","registration_endpoint":7}"#,
            r#"{"issuer":"https://op.example","revocation_endpoint_auth_methods_supported":"none"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
        let good = r#"{"issuer":"https://op.example"}"#;
        let untyped = Response::new(good.as_bytes().to_vec());
        assert!(parse_metadata_response(&untyped, &Issuers::of("https://op.example")).is_err());
        assert!(read_response(200, "text/html", good).is_err());
        assert!(read_response(302, "application/json", good).is_err());
    }
}
