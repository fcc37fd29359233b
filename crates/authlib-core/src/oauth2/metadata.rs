//! Authorization server metadata, RFC 8414 (and OpenID Connect Discovery 1.0 §3, which it follows).

use serde::Deserialize;
use url::Url;

use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::message::{self, Request, Response};

/// What a provider says of itself: the members that this crate acts on. All others are ignored, so a
/// document can't change how we connect.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerMetadata {
    pub(crate) authorization_endpoint: Option<Url>,
    pub(crate) token_endpoint: Option<Url>,
    pub(crate) userinfo_endpoint: Option<Url>,
    pub(crate) jwks_uri: Option<Url>,
    pub(crate) end_session_endpoint: Option<Url>,
    pub(crate) introspection_endpoint: Option<Url>,
    pub(crate) revocation_endpoint: Option<Url>,
    pub(crate) device_authorization_endpoint: Option<Url>,
    pub(crate) registration_endpoint: Option<Url>,
    pub(crate) id_token_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(crate) token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the driver comes with it"))]
    pub(crate) introspection_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(crate) authorization_response_iss_parameter_supported: bool,
    pub(crate) require_pushed_authorization_requests: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    end_session_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    introspection_signing_alg_values_supported: Option<Vec<String>>,
    revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
    require_pushed_authorization_requests: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
enum MetadataError {
    #[error("the provider's metadata were answered with status {0} (RFC 8414 §3.2)")]
    Status(u16),
    #[error("the provider's metadata came as {0}, not `application/json` (RFC 8414 §3.2)")]
    ContentType(String),
    #[error("the provider's metadata are malformed")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the metadata's issuer {said:?} is not {expected:?} (RFC 8414 §3.3)")]
    Issuer { said: String, expected: String },
    #[error("the metadata's `{name}` is refused")]
    Endpoint {
        name: &'static str,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<MetadataError> for Error {
    fn from(check: MetadataError) -> Self {
        let hint = match &check {
            MetadataError::Status(_) | MetadataError::ContentType(_) => {
                "check `server_metadata_url` or `issuer`: redirects are not followed"
            }
            MetadataError::Issuer { .. } => {
                "`issuer` must be the provider's own spelling, letter by letter, slash included"
            }
            MetadataError::Malformed(_) => "the document is the provider's to mend",
            MetadataError::Endpoint { .. } => {
                "register the endpoint by hand if the provider's document can't be mended"
            }
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// The request for the document.
pub(crate) fn metadata_request(url: &Url) -> Request {
    message::json_get(url)
}

/// Reads the document and holds its issuer against the one asked for, identical to the letter
/// (RFC 8414 §3.3, OpenID Connect Discovery 1.0 §4.3).
pub(crate) fn parse_metadata_response(response: &Response, issuer: &str) -> Result<ServerMetadata> {
    Ok(checked(response, issuer)?)
}

fn checked(response: &Response, issuer: &str) -> Result<ServerMetadata, MetadataError> {
    if response.status() != http::StatusCode::OK {
        return Err(MetadataError::Status(response.status().as_u16()));
    }
    match message::media_type(response.headers()) {
        Some(content) if message::is_json(&content) => {}
        other => {
            return Err(MetadataError::ContentType(other.unwrap_or_else(|| "nothing".into())));
        }
    }
    let body =
        Claims::parse(response.body()).map_err(|cause| MetadataError::Malformed(cause.into()))?;
    let document = Document::deserialize(serde_json::Value::Object(body.as_map().clone()))
        .map_err(|cause| MetadataError::Malformed(cause.into()))?;
    if document.issuer != issuer {
        return Err(MetadataError::Issuer {
            said: document.issuer.chars().take(200).collect(),
            expected: issuer.to_owned(),
        });
    }
    let url = |name, text| endpoint(name, text, issuer);
    Ok(ServerMetadata {
        authorization_endpoint: url("authorization_endpoint", document.authorization_endpoint)?,
        token_endpoint: url("token_endpoint", document.token_endpoint)?,
        userinfo_endpoint: url("userinfo_endpoint", document.userinfo_endpoint)?,
        jwks_uri: url("jwks_uri", document.jwks_uri)?,
        end_session_endpoint: url("end_session_endpoint", document.end_session_endpoint)?,
        introspection_endpoint: url("introspection_endpoint", document.introspection_endpoint)?,
        revocation_endpoint: url("revocation_endpoint", document.revocation_endpoint)?,
        device_authorization_endpoint: url(
            "device_authorization_endpoint",
            document.device_authorization_endpoint,
        )?,
        registration_endpoint: url("registration_endpoint", document.registration_endpoint)?,
        id_token_signing_alg_values_supported: document.id_token_signing_alg_values_supported,
        token_endpoint_auth_methods_supported: document.token_endpoint_auth_methods_supported,
        token_endpoint_auth_signing_alg_values_supported: document
            .token_endpoint_auth_signing_alg_values_supported,
        introspection_endpoint_auth_methods_supported: document
            .introspection_endpoint_auth_methods_supported,
        introspection_signing_alg_values_supported: document
            .introspection_signing_alg_values_supported,
        revocation_endpoint_auth_methods_supported: document
            .revocation_endpoint_auth_methods_supported,
        authorization_response_iss_parameter_supported: document
            .authorization_response_iss_parameter_supported
            .unwrap_or(false),
        require_pushed_authorization_requests: document
            .require_pushed_authorization_requests
            .unwrap_or(false),
    })
}

/// An endpoint of the document. Only a provider on this machine may have endpoints on it by plain http:
/// a document from elsewhere must not send us to what listens here.
fn endpoint(
    name: &'static str,
    text: Option<String>,
    issuer: &str,
) -> Result<Option<Url>, MetadataError> {
    let checked = text.map(|text| {
        let url = endpoint_url(&text)?;
        if url.scheme() == "http" && !issuer.starts_with("http://") {
            return Err(EndpointUrlError::NotHttps);
        }
        Ok(url)
    });
    checked.transpose().map_err(|cause| MetadataError::Endpoint { name, cause: cause.into() })
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    fn read(body: &str) -> Result<ServerMetadata> {
        let mut response = Response::new(body.as_bytes().to_vec());
        response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
        parse_metadata_response(&response, "https://op.example")
    }

    #[test]
    fn known_members_are_read_and_others_ignored() {
        let metadata = read(
            r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/t",
                "authorization_response_iss_parameter_supported":true,
                "device_authorization_endpoint":"https://op.example/d",
                "registration_endpoint":"https://op.example/r",
                "introspection_signing_alg_values_supported":["ES256"],
                "verify":false,"proxies":{"https":"http://evil"},"client_id":"x","x":[1]}"#,
        )
        .unwrap();
        assert_eq!(metadata.token_endpoint.unwrap().as_str(), "https://op.example/t");
        assert!(metadata.authorization_response_iss_parameter_supported);
        assert_eq!(
            metadata.device_authorization_endpoint.unwrap().as_str(),
            "https://op.example/d"
        );
        assert_eq!(metadata.registration_endpoint.unwrap().as_str(), "https://op.example/r");
        assert_eq!(metadata.introspection_signing_alg_values_supported.unwrap(), ["ES256"]);
    }

    /// H27 and B3: another issuer, a trailing slash, another case or port is another provider.
    #[test]
    fn h27_an_issuer_that_is_not_identical_is_refused() {
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

    #[test]
    fn an_endpoint_that_is_no_https_url_is_refused_before_anybody_connects() {
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
    fn wrong_types_and_html_are_refused() {
        for body in [
            "[]",
            "{}",
            "<html>",
            r#"{"issuer":1}"#,
            r#"{"issuer":"https://op.example","jwks_uri":[]}"#,
            r#"{"issuer":"https://op.example","registration_endpoint":7}"#,
            r#"{"issuer":"https://op.example","introspection_signing_alg_values_supported":"ES256"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
        let mut response = Response::new(br#"{"issuer":"https://op.example"}"#.to_vec());
        assert!(parse_metadata_response(&response, "https://op.example").is_err());
        response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
        *response.status_mut() = http::StatusCode::FOUND;
        assert!(parse_metadata_response(&response, "https://op.example").is_err());
    }
}
