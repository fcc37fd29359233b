//! Dynamic client registration, RFC 7591 §3, and its management, RFC 7592 §2: the four requests, and
//! [`ClientInformation`], the response.

use std::fmt;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::Endpoint;
use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};
use crate::error::{Error, ErrorKind, Result, clipped};
use crate::jose::claims::Claims;
use crate::message::{self, Request, Response};
use crate::oauth2::endpoint_response::{EndpointResponse, ResponseError};
use crate::oauth2::{ClientMetadata, Token, bearer};
use crate::secret::Secret;

/// The members that only the provider sets: an update must not send them (RFC 7592 §2.2).
const SET_BY_PROVIDER: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// A registered client (RFC 7591 §3.2.1, RFC 7592 §3).
///
/// **Store all fields**: the provider sends them once. To restore it, call [`new`](Self::new) and set the
/// fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientInformation {
    /// The client id.
    pub client_id: String,
    /// The client secret; `None` for a public client, or one that authenticates with a key.
    pub client_secret: Option<Secret>,
    /// When [`client_id`](Self::client_id) was issued.
    pub client_id_issued_at: Option<SystemTime>,
    /// When [`client_secret`](Self::client_secret) expires; `None` if never (0 in the response).
    pub client_secret_expires_at: Option<SystemTime>,
    /// The bearer token for management requests. Each response may replace it.
    pub registration_access_token: Option<Secret>,
    /// The client configuration endpoint, for management requests.
    pub registration_client_uri: Option<Url>,
    /// The metadata as the provider registered it. It may differ from the requested metadata (RFC 7591
    /// §3.2.1).
    pub metadata: ClientMetadata,
}

impl ClientInformation {
    /// A client that has only its id.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            client_id_issued_at: None,
            client_secret_expires_at: None,
            registration_access_token: None,
            registration_client_uri: None,
            metadata: ClientMetadata::new(),
        }
    }

    /// A request to the client configuration endpoint (RFC 7592 §2), if there is one.
    fn management(&self, method: Method, body: Option<Map<String, Value>>) -> Result<Request> {
        let (Some(uri), Some(token)) =
            (&self.registration_client_uri, &self.registration_access_token)
        else {
            return Err(RegistrationError::NoManagement.into());
        };
        // The field may come from a store.
        let uri = endpoint_url(uri.as_str(), HttpHosts::LOOPBACK)
            .map_err(|cause| RegistrationError::ClientUri { cause })?;
        request(method, &uri, body, Some(token))
    }
}

impl fmt::Debug for ClientInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path of the configuration endpoint may be a secret.
        f.debug_struct("ClientInformation")
            .field("client_id", &self.client_id)
            .field("has_client_secret", &self.client_secret.is_some())
            .field("client_secret_expires_at", &self.client_secret_expires_at)
            .field("is_managed", &self.registration_client_uri.is_some())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// The registration request (RFC 7591 §3.1), with the initial access token if there is one (§3).
pub(crate) fn registration_request(
    endpoint: &Url,
    metadata: &ClientMetadata,
    initial_access_token: Option<&Secret>,
) -> Result<Request> {
    let mut members = sent(metadata)?;
    members.retain(|name, _| !matches!(name.as_str(), "client_id" | "client_secret"));
    request(Method::POST, endpoint, Some(members), initial_access_token)
}

/// A JSON request, authorized by `token`.
fn request(
    method: Method,
    url: &Url,
    body: Option<Map<String, Value>>,
    token: Option<&Secret>,
) -> Result<Request> {
    let mut request = message::json_get(url);
    *request.method_mut() = method;
    if let Some(members) = body {
        *request.body_mut() = Value::Object(members).to_string().into();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(token) = token {
        let header = bearer::header(&Token::bearer(token.clone()))?;
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    Ok(request)
}

/// The client read request (RFC 7592 §2.1).
pub(crate) fn read_request(client: &ClientInformation) -> Result<Request> {
    client.management(Method::GET, None)
}

/// The client update request, which replaces the registered metadata (RFC 7592 §2.2). The provider may
/// delete omitted members.
pub(crate) fn update_request(client: &ClientInformation) -> Result<Request> {
    let mut members = sent(&client.metadata)?;
    members.insert("client_id".to_owned(), client.client_id.as_str().into());
    members.remove("client_secret");
    if let Some(secret) = &client.client_secret {
        members.insert("client_secret".to_owned(), secret.expose().into());
    }
    client.management(Method::PUT, Some(members))
}

/// The client delete request (RFC 7592 §2.3).
pub(crate) fn delete_request(client: &ClientInformation) -> Result<Request> {
    client.management(Method::DELETE, None)
}

/// The members that a client may send.
fn sent(metadata: &ClientMetadata) -> Result<Map<String, Value>, RegistrationError> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(metadata) else {
        return Err(RegistrationError::Unserializable);
    };
    members.retain(|name, _| !SET_BY_PROVIDER.contains(&name.as_str()));
    // `jwks` could be the key file that the client signs with (RFC 7518 §6.2.2, §6.3.2, §6.4).
    let keys = metadata.jwks.as_ref().and_then(|jwks| jwks.get("keys")).and_then(Value::as_array);
    let is_private = |key: &Value| key.get("d").is_some() || key.get("k").is_some();
    if keys.is_some_and(|keys| keys.iter().any(is_private)) {
        return Err(RegistrationError::PrivateKey);
    }
    Ok(members)
}

#[derive(Debug, thiserror::Error)]
enum RegistrationError {
    #[error(
        "the provider rejected the registration access token, or the client no longer exists (RFC 7592 §2)"
    )]
    AccessToken,
    #[error("the provider rejected the initial access token, or requires one (RFC 7591 §3)")]
    InitialAccessToken,
    #[error("the provider does not support requests to {0} registrations (RFC 7592 §2)")]
    NotOffered(&'static str),
    #[error("`registration_client_uri` of the registration is not allowed (RFC 7592 §3)")]
    ClientUri {
        #[source]
        cause: EndpointUrlError,
    },
    #[error("the response is about another client (RFC 7592 §2)")]
    OtherClient,
    #[error(
        "the registration has no `registration_access_token` or no `registration_client_uri` (RFC 7592 §3)"
    )]
    NoManagement,
    #[error("the client metadata is not a JSON object")]
    Unserializable,
    #[error("a key in the client metadata's `jwks` is private or symmetric (RFC 7591 §2)")]
    PrivateKey,
}

impl From<RegistrationError> for Error {
    fn from(check: RegistrationError) -> Self {
        use RegistrationError as E;
        let kind = match &check {
            E::NoManagement | E::NotOffered(_) => ErrorKind::Unsupported,
            E::Unserializable | E::PrivateKey => ErrorKind::Config,
            _ => ErrorKind::InvalidResponse,
        };
        let hint = match &check {
            E::AccessToken => Some(
                "use the token of the latest response, which replaces earlier ones, or register again",
            ),
            E::InitialAccessToken => Some("ask the provider for an initial access token"),
            E::NoManagement => Some("the provider does not let clients manage their registration"),
            E::PrivateKey => Some("register the public key only, without `d` or `k`"),
            _ => None,
        };
        Self::new(kind, check).maybe_hint(hint)
    }
}

/// Parses the response to a registration at `endpoint`.
pub(crate) fn parse_registration_response(
    response: &Response,
    endpoint: &Url,
) -> Result<ClientInformation> {
    if response.status() == StatusCode::UNAUTHORIZED {
        return Err(rejection(response, RegistrationError::InitialAccessToken));
    }
    let members = EndpointResponse::parse(Endpoint::Registration, response)?;
    information(members.into_claims(), endpoint)
}

/// Parses the response to [`read_request`] and [`update_request`] (RFC 7592 §3). The credentials in it
/// replace those of `requested` (§2.1); omitted ones are kept.
pub(crate) fn parse_management_response(
    response: &Response,
    requested: &ClientInformation,
) -> Result<ClientInformation> {
    if response.status() != StatusCode::OK {
        return Err(management_error(response, "read or change"));
    }
    let members = EndpointResponse::parse(Endpoint::Registration, response)?.into_claims();
    let endpoint =
        requested.registration_client_uri.as_ref().ok_or(RegistrationError::NoManagement)?;
    let mut client = information(members, endpoint)?;
    if client.client_id != requested.client_id {
        return Err(RegistrationError::OtherClient.into());
    }
    if client.client_secret.is_none() {
        client.client_secret.clone_from(&requested.client_secret);
        client.client_secret_expires_at = requested.client_secret_expires_at;
    }
    client.client_id_issued_at = client.client_id_issued_at.or(requested.client_id_issued_at);
    if client.registration_access_token.is_none() {
        client.registration_access_token.clone_from(&requested.registration_access_token);
    }
    client.registration_client_uri.get_or_insert_with(|| endpoint.clone());
    Ok(client)
}

/// Parses the response to [`delete_request`], whose status must be 204 (RFC 7592 §2.3).
pub(crate) fn parse_delete_response(response: &Response) -> Result<()> {
    match response.status() {
        StatusCode::NO_CONTENT => Ok(()),
        _ => Err(management_error(response, "delete")),
    }
}

fn management_error(response: &Response, operation: &'static str) -> Error {
    match response.status().as_u16() {
        401 => rejection(response, RegistrationError::AccessToken),
        405 => rejection(response, RegistrationError::NotOffered(operation)),
        _ => EndpointResponse::error(Endpoint::Registration, response),
    }
}

/// `check` with the provider's error response if there is one.
fn rejection(response: &Response, check: RegistrationError) -> Error {
    match EndpointResponse::error(Endpoint::Registration, response).provider_error() {
        Some(error) => Error::from(check).with_provider_error(error.clone()),
        None => check.into(),
    }
}

/// The client in a response of `endpoint`.
fn information(members: Claims, endpoint: &Url) -> Result<ClientInformation> {
    let invalid = |cause| ResponseError::Claim { endpoint: Endpoint::Registration, cause };
    let text = |name| {
        let text = members.text(name).map_err(invalid)?;
        Ok::<_, ResponseError>(text.filter(|text| !text.is_empty()))
    };
    // The id and the secret are issued once: no other member may cost them.
    let optional = |name| text(name).unwrap_or_else(|error| ignored(name, &error));
    let time = |name| members.time(name).unwrap_or_else(|error| ignored(name, &error));
    let client_id = members.required_text("client_id").map_err(invalid)?;
    let uri = optional("registration_client_uri");
    let uri = uri.map(|uri| client_uri(uri, endpoint)).transpose()?;
    let never = SystemTime::UNIX_EPOCH;
    let mut client = ClientInformation {
        client_id: client_id.to_owned(),
        client_secret: text("client_secret")?.map(Secret::new),
        client_id_issued_at: time("client_id_issued_at"),
        client_secret_expires_at: time("client_secret_expires_at").filter(|at| *at != never),
        registration_access_token: optional("registration_access_token").map(Secret::new),
        registration_client_uri: uri,
        metadata: ClientMetadata::new(),
    };
    client.metadata = metadata(members.into_map());
    Ok(client)
}

/// The metadata among the members of a response. Members that can't be read are left out and logged by name.
fn metadata(members: Map<String, Value>) -> ClientMetadata {
    let mut metadata = ClientMetadata::new();
    for (name, value) in members {
        if matches!(name.as_str(), "client_id" | "client_secret")
            || SET_BY_PROVIDER.contains(&name.as_str())
        {
            continue;
        }
        let shown = clipped(&name);
        if !metadata.put(name, value) {
            let _: Option<()> = ignored(&shown, &"it has another type (RFC 7591 §2)");
        }
    }
    metadata
}

fn ignored<T>(member: &str, error: &impl fmt::Display) -> Option<T> {
    tracing::warn!(member, %error, "registration response member ignored");
    None
}

/// The client configuration endpoint. http is allowed only if the registration endpoint uses it too: a
/// remote provider must not direct the token to services of this host.
fn client_uri(text: &str, endpoint: &Url) -> Result<Url, RegistrationError> {
    let invalid = |cause| RegistrationError::ClientUri { cause };
    let uri = endpoint_url(text, HttpHosts::LOOPBACK).map_err(invalid)?;
    if uri.scheme() == "http" && endpoint.scheme() != "http" {
        return Err(invalid(EndpointUrlError::NotHttps));
    }
    Ok(uri)
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
