//! Authorization server metadata, RFC 8414 (and OpenID Connect Discovery 1.0 §3, which it follows).

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::{Endpoint, Endpoints};
use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::claims::ClaimError;
use crate::message::Response;
use crate::oauth2::issuers::{Issuers, TENANT};
use crate::oauth2::json_response::{self, NoJson};

/// The members of the provider's metadata that this crate uses. All others are ignored, so a document
/// can't change how we connect. A member that can't be used is kept with the reason: it fails only what needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerMetadata {
    pub(crate) endpoints: Endpoints,
    auth_methods_supported: BTreeMap<Endpoint, Vec<String>>,
    pub(crate) id_token_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) dpop_signing_alg_values_supported: Option<Vec<String>>,
    pub(crate) backchannel_token_delivery_modes_supported: Option<Vec<String>>,
    pub(crate) authorization_response_iss_parameter_supported: bool,
    pub(crate) require_pushed_authorization_requests: bool,
    pub(crate) require_signed_request_object: bool,
    pub(crate) authorization_signing_alg_values_supported: Option<Vec<String>>,
    /// The endpoints for clients that use mutual TLS (RFC 8705 §5).
    pub(crate) mtls_aliases: Endpoints,
    pub(crate) tls_client_certificate_bound_access_tokens: bool,
    unusable: BTreeMap<&'static str, String>,
}

/// The member with the endpoints for mutual TLS (RFC 8705 §5).
pub(crate) const MTLS_ALIASES: &str = "mtls_endpoint_aliases";

impl ServerMetadata {
    /// The authentication methods that the document lists for this endpoint.
    pub(crate) fn auth_methods_supported(&self, endpoint: Endpoint) -> Option<&[String]> {
        self.auth_methods_supported.get(&endpoint).map(Vec::as_slice)
    }

    /// Why a member can't be used.
    pub(crate) fn unusable(&self, name: &str) -> Option<&str> {
        self.unusable.get(name).map(String::as_str)
    }

    /// The members that can't be used, with the reasons.
    pub(crate) fn unusable_members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.unusable.iter().map(|(name, reason)| (*name, reason.as_str()))
    }
}

#[derive(Debug, thiserror::Error)]
enum MetadataError {
    #[error("the metadata response has status {0}, not 200 (RFC 8414 §3.2)")]
    Status(u16),
    #[error(
        "the metadata response has the content type {0}, not application/json, and is not a JSON object \
         (RFC 8414 §3.2)"
    )]
    ContentType(String),
    #[error("the provider's metadata document is malformed")]
    Malformed(#[source] ClaimError),
    #[error(
        "issuer mismatch: the provider's metadata document has {found:?}, `issuer` is configured as \
         {expected:?} (RFC 8414 §3.3)"
    )]
    Issuer { found: String, expected: String },
}

impl From<MetadataError> for Error {
    fn from(check: MetadataError) -> Self {
        let hint = match &check {
            MetadataError::Status(300..=399) => {
                "redirects are never followed: set `server_metadata_url` to the final URL"
            }
            MetadataError::Status(_) | MetadataError::ContentType(_) => {
                "check `issuer`, which is written without `/.well-known/…`, or set `server_metadata_url`"
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
        };
        Self::new(ErrorKind::InvalidResponse, check).with_hint(hint)
    }
}

/// Parses the document. Its issuer must be identical to the configured one (RFC 8414 §3.3, OpenID Connect
/// Discovery 1.0 §4.3).
pub(crate) fn parse_metadata_response(
    response: &Response,
    issuers: &Issuers,
    http: &HttpHosts,
) -> Result<ServerMetadata> {
    Ok(checked(response, issuers, http)?)
}

fn checked(
    response: &Response,
    issuers: &Issuers,
    http: &HttpHosts,
) -> Result<ServerMetadata, MetadataError> {
    if response.status() != http::StatusCode::OK {
        return Err(MetadataError::Status(response.status().as_u16()));
    }
    let claims = json_response::members(response).map_err(|cause| match cause {
        NoJson::ContentType(found) => MetadataError::ContentType(found),
        NoJson::Malformed(cause) => MetadataError::Malformed(cause),
    })?;
    let issuer = claims.required_text("issuer").map_err(MetadataError::Malformed)?.to_owned();
    if !issuers.is_document(&issuer) {
        return Err(MetadataError::Issuer {
            found: clipped(&issuer),
            expected: issuers.issuer.clone().unwrap_or_default(),
        });
    }
    let mut document = Document { members: claims.into_map(), unusable: BTreeMap::new() };
    let mut metadata = ServerMetadata {
        id_token_signing_alg_values_supported: document
            .list("id_token_signing_alg_values_supported"),
        token_endpoint_auth_signing_alg_values_supported: document
            .list("token_endpoint_auth_signing_alg_values_supported"),
        dpop_signing_alg_values_supported: document.list("dpop_signing_alg_values_supported"),
        backchannel_token_delivery_modes_supported: document
            .list("backchannel_token_delivery_modes_supported"),
        authorization_response_iss_parameter_supported: document
            .flag("authorization_response_iss_parameter_supported"),
        require_pushed_authorization_requests: document
            .flag("require_pushed_authorization_requests"),
        require_signed_request_object: document.flag("require_signed_request_object"),
        authorization_signing_alg_values_supported: document
            .list("authorization_signing_alg_values_supported"),
        tls_client_certificate_bound_access_tokens: document
            .flag("tls_client_certificate_bound_access_tokens"),
        mtls_aliases: document.aliases(&issuer, http),
        ..ServerMetadata::default()
    };
    for endpoint in Endpoint::IN_METADATA {
        if let Some(url) = document.url(endpoint.name(), &issuer, http) {
            metadata.endpoints.insert(endpoint, url);
        }
        if let Some(methods) = endpoint.auth_methods_member().and_then(|name| document.list(name)) {
            metadata.auth_methods_supported.insert(endpoint, methods);
        }
    }
    metadata.unusable = document.unusable;
    Ok(metadata)
}

/// The members that have not been read, and what was wrong with the others. `null` and an empty string are absent.
struct Document {
    members: Map<String, Value>,
    unusable: BTreeMap<&'static str, String>,
}

impl Document {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null() && value != "")
    }

    fn reject(&mut self, name: &'static str, reason: String) {
        self.unusable.insert(name, reason);
    }

    /// A list of strings, also as a string with spaces.
    fn list(&mut self, name: &'static str) -> Option<Vec<String>> {
        let words = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect();
        match self.take(name)? {
            Value::String(text) => Some(words(&text)),
            Value::Array(values) if values.iter().all(Value::is_string) => {
                Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            other => {
                self.reject(name, format!("it is {}, not a list of strings", type_name(&other)));
                None
            }
        }
    }

    /// A boolean, also as a string; false if it is neither.
    fn flag(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
            Some(other) => {
                self.reject(name, format!("it is {}, not a boolean", type_name(&other)));
                false
            }
        }
    }

    /// The endpoints for mutual TLS. The browser goes to none of them, and keys are public (RFC 8705 §5).
    fn aliases(&mut self, issuer: &str, http: &HttpHosts) -> Endpoints {
        let mut aliases = Endpoints::default();
        match self.take(MTLS_ALIASES) {
            None => {}
            Some(Value::Object(members)) => {
                let mut inner = Self { members, unusable: BTreeMap::new() };
                for endpoint in Endpoint::IN_METADATA {
                    use Endpoint::{Authorization, EndSession, Jwks};
                    if !matches!(endpoint, Authorization | EndSession | Jwks)
                        && let Some(url) = inner.url(endpoint.name(), issuer, http)
                    {
                        aliases.insert(endpoint, url);
                    }
                }
                if let Some((name, reason)) = inner.unusable.into_iter().next() {
                    self.reject(MTLS_ALIASES, format!("`{name}` of it is {reason}"));
                }
            }
            Some(other) => {
                let reason = format!("it is {}, not an object", type_name(&other));
                self.reject(MTLS_ALIASES, reason);
            }
        }
        aliases
    }

    /// An endpoint's URL. Loopback addresses may use http only if the issuer uses it too: a document from elsewhere
    /// must not direct requests to services of this host. The hosts of `http` may always use it.
    fn url(&mut self, name: &'static str, issuer: &str, http: &HttpHosts) -> Option<Url> {
        let value = self.take(name)?;
        let Some(text) = value.as_str() else {
            self.reject(name, format!("it is {}, not a URL", type_name(&value)));
            return None;
        };
        let url = endpoint_url(text, http).and_then(|url| match url.scheme() {
            "http" if !issuer.starts_with("http://") && !http.contain(&url) => {
                Err(EndpointUrlError::NotHttps)
            }
            _ => Ok(url),
        });
        url.map_err(|cause| {
            let reason = clipped(&cause.with_setting(text));
            self.reject(name, format!("{:?}: {reason}", clipped(text)));
        })
        .ok()
    }
}

/// The JSON type of a value.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
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
        parse_metadata_response(&response, &Issuers::of("https://op.example"), HttpHosts::LOOPBACK)
    }

    #[test]
    fn parse_reads_known_members_and_ignores_others() {
        let metadata = read(
            r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/t",
                "authorization_response_iss_parameter_supported":true,
                "backchannel_authentication_endpoint":"https://op.example/b",
                "device_authorization_endpoint":"https://op.example/d",
                "registration_endpoint":"https://op.example/r",
                "introspection_endpoint_auth_methods_supported":["client_secret_post"],
                "verify":false,"proxies":{"https":"http://evil"},"client_id":"x","x":[1]}"#,
        )
        .unwrap();
        for (endpoint, url) in [
            (Endpoint::Token, "https://op.example/t"),
            (Endpoint::BackchannelAuthentication, "https://op.example/b"),
            (Endpoint::DeviceAuthorization, "https://op.example/d"),
            (Endpoint::Registration, "https://op.example/r"),
        ] {
            assert_eq!(metadata.endpoints.get(endpoint).unwrap().as_str(), url);
        }
        assert!(metadata.authorization_response_iss_parameter_supported);
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
        assert!(parse_metadata_response(&response, &issuers, HttpHosts::LOOPBACK).is_ok());
    }

    #[test]
    fn endpoints_that_are_not_https_urls_are_unusable() {
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
            ("backchannel_authentication_endpoint", "http://op.example/b"),
            ("device_authorization_endpoint", "http://op.example/d"),
            ("registration_endpoint", "http://localhost/register"),
            ("registration_endpoint", "/register"),
        ] {
            let metadata =
                read(&format!(r#"{{"issuer":"https://op.example","{name}":"{value}"}}"#));
            let metadata = metadata.unwrap();
            assert!(metadata.unusable(name).unwrap().contains(value), "{name}: {value}");
            let endpoint = Endpoint::IN_METADATA.into_iter().find(|one| one.name() == name);
            assert!(metadata.endpoints.get(endpoint.unwrap()).is_none(), "{name}: {value}");
        }
    }

    #[test]
    fn aliases_for_mutual_tls_are_read() {
        let read_with = |aliases: &str| {
            read(&format!(
                r#"{{"issuer":"https://op.example","token_endpoint":"https://op.example/t",
                "mtls_endpoint_aliases":{aliases}}}"#
            ))
            .unwrap()
        };
        let metadata = read_with(
            r#"{"token_endpoint":"https://mtls.op.example/t","authorization_endpoint":"https://x.example/a"}"#,
        );
        let url = metadata.mtls_aliases.get(Endpoint::Token).unwrap();
        assert_eq!(url.as_str(), "https://mtls.op.example/t");
        assert!(metadata.mtls_aliases.get(Endpoint::Authorization).is_none());
        for aliases in
            ["7", r#"{"token_endpoint":7}"#, r#"{"token_endpoint":"http://mtls.op.example/t"}"#]
        {
            assert!(read_with(aliases).unusable(MTLS_ALIASES).is_some(), "{aliases}");
        }
    }

    /// Members of a wrong type fail only what needs them; `null` and an empty string are absent.
    #[test]
    fn members_of_wrong_type_are_unusable() {
        let read_with = |name: &str, value: &str| {
            read(&format!(r#"{{"issuer":"https://op.example","{name}":{value}}}"#)).unwrap()
        };
        let mut names: Vec<_> = Endpoint::IN_METADATA.map(Endpoint::name).to_vec();
        names.extend(Endpoint::IN_METADATA.into_iter().filter_map(Endpoint::auth_methods_member));
        names.extend([
            "id_token_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "backchannel_token_delivery_modes_supported",
            "authorization_response_iss_parameter_supported",
            "require_pushed_authorization_requests",
            "require_signed_request_object",
            "authorization_signing_alg_values_supported",
        ]);
        for name in names {
            for value in ["null", "\"\""] {
                assert_eq!(read_with(name, value).unusable_members().count(), 0, "{name}: {value}");
            }
            for value in ["7", "{\"a\":[]}", "[7]"] {
                assert!(read_with(name, value).unusable(name).is_some(), "{name}: {value}");
            }
        }
        let metadata = read_with("id_token_signing_alg_values_supported", r#""RS256 ES256""#);
        let listed = metadata.id_token_signing_alg_values_supported.unwrap();
        assert_eq!(listed, ["RS256", "ES256"]);
        let metadata = read_with("authorization_response_iss_parameter_supported", r#""true""#);
        assert!(metadata.authorization_response_iss_parameter_supported);
    }

    #[test]
    fn parse_rejects_other_documents() {
        for body in ["[]", "{}", "<html>", r#"{"issuer":1}"#, r#"{"issuer":""}"#] {
            assert!(read(body).is_err(), "{body}");
        }
        let good = r#"{"issuer":"https://op.example"}"#;
        assert!(read_response(302, "application/json", good).is_err());
        // JSON with another content type is read.
        assert!(read_response(200, "text/html", good).is_ok());
        assert!(read_response(200, "text/html", "<html>").is_err());
    }

    #[test]
    fn http_endpoint_of_https_document_must_be_listed() {
        let body = r#"{"issuer":"https://op.example","token_endpoint":"http://keycloak:8080/t"}"#;
        let response = test_response(200, "application/json", body);
        let mut hosts = HttpHosts::default();
        for listed in ["dex:8080", "keycloak:80", "keycloak:8080"] {
            assert!(hosts.add(listed));
            let issuers = Issuers::of("https://op.example");
            let metadata = parse_metadata_response(&response, &issuers, &hosts).unwrap();
            let is_used = metadata.endpoints.get(Endpoint::Token).is_some();
            assert_eq!(is_used, listed == "keycloak:8080", "{listed}");
            let reason = metadata.unusable("token_endpoint").unwrap_or_default();
            assert_eq!(reason.contains("`dangerous_http_hosts`"), !is_used, "{reason}");
        }
    }
}
