//! Dynamic client registration, RFC 7591 §3, and what keeps it up to date, RFC 7592 §2:
//! [`ClientInformation`], what the provider answers, and the four requests.

use std::fmt;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::endpoint::Endpoint;
use crate::endpoint_url::{EndpointUrlError, endpoint_url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::Claims;
use crate::message::{self, Request, Response};
use crate::oauth2::endpoint_response::{EndpointResponse, ResponseError};
use crate::oauth2::{ClientMetadata, Token, bearer};
use crate::secret::Secret;

/// The members that the provider alone decides, and which no update may send (RFC 7592 §2.2).
const PROVIDERS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// A registered client (RFC 7591 §3.2.1), with what its registration is managed by (RFC 7592 §3).
///
/// Keep all of it: a provider says it once. Put it together again with [`new`](Self::new) and the
/// fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientInformation {
    /// The client's name at the provider.
    pub client_id: String,
    /// Its password; none for a public client, or one that authenticates by a key.
    pub client_secret: Option<Secret>,
    /// When [`client_id`](Self::client_id) was made.
    pub client_id_issued_at: Option<SystemTime>,
    /// When [`client_secret`](Self::client_secret) expires; `None` when never, which the provider
    /// writes as 0.
    pub client_secret_expires_at: Option<SystemTime>,
    /// The bearer token for the requests that manage the registration. It can change with each of them.
    pub registration_access_token: Option<Secret>,
    /// Where those requests go.
    pub registration_client_uri: Option<Url>,
    /// The metadata as the provider registered them. They may differ from what was asked for: look at
    /// what matters before using the client (RFC 7591 §3.2.1).
    pub metadata: ClientMetadata,
}

impl ClientInformation {
    /// A client of this id and nothing else, to set the fields of.
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
    fn management(&self, method: Method, body: Vec<u8>) -> Result<Request> {
        let (Some(uri), Some(token)) =
            (&self.registration_client_uri, &self.registration_access_token)
        else {
            return Err(RegistrationError::NoManagement.into());
        };
        // The field may come from a store: nobody but this function knows where the token goes.
        let uri =
            endpoint_url(uri.as_str()).map_err(|cause| RegistrationError::ClientUri { cause })?;
        let json = !body.is_empty();
        let mut request = message::json_get(&uri);
        *request.method_mut() = method;
        *request.body_mut() = body.into();
        if json {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let header = bearer::header(&Token::bearer(token.clone()))?;
        request.headers_mut().insert(AUTHORIZATION, header);
        Ok(request)
    }
}

impl fmt::Debug for ClientInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path of the configuration endpoint can be as good as a secret.
        f.debug_struct("ClientInformation")
            .field("client_id", &self.client_id)
            .field("has_client_secret", &self.client_secret.is_some())
            .field("client_secret_expires_at", &self.client_secret_expires_at)
            .field("is_managed", &self.registration_client_uri.is_some())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// The request that registers a client (RFC 7591 §3.1), with the initial access token where the
/// provider gave one out (§3).
pub(crate) fn registration_request(
    endpoint: &Url,
    metadata: &ClientMetadata,
    initial_access_token: Option<&Secret>,
) -> Result<Request> {
    let mut members = sent(metadata)?;
    // Both come with the answer, never with the question.
    members.retain(|name, _| !matches!(name.as_str(), "client_id" | "client_secret"));
    let mut request = message::json_get(endpoint);
    *request.method_mut() = Method::POST;
    *request.body_mut() = Value::Object(members).to_string().into();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(token) = initial_access_token {
        let header = bearer::header(&Token::bearer(token.clone()))?;
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    Ok(request)
}

/// The request that asks how the client is registered (RFC 7592 §2.1).
pub(crate) fn read_request(client: &ClientInformation) -> Result<Request> {
    client.management(Method::GET, Vec::new())
}

/// The request that replaces the client's metadata by those of `client` (RFC 7592 §2.2). What it leaves
/// out, the provider may delete.
pub(crate) fn update_request(client: &ClientInformation) -> Result<Request> {
    let mut members = sent(&client.metadata)?;
    members.insert("client_id".to_owned(), client.client_id.as_str().into());
    members.remove("client_secret");
    if let Some(secret) = &client.client_secret {
        members.insert("client_secret".to_owned(), secret.expose().into());
    }
    client.management(Method::PUT, Value::Object(members).to_string().into_bytes())
}

/// The request that takes the client off the provider's books (RFC 7592 §2.3).
pub(crate) fn delete_request(client: &ClientInformation) -> Result<Request> {
    client.management(Method::DELETE, Vec::new())
}

/// The members that a client may send.
fn sent(metadata: &ClientMetadata) -> Result<Map<String, Value>, RegistrationError> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(metadata) else {
        return Err(RegistrationError::Unserializable);
    };
    members.retain(|name, _| !PROVIDERS_OWN.contains(&name.as_str()));
    // A JWK set of a client's own is easily the one that it signs with (RFC 7518 §6.2.2, §6.3.2, §6.4).
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
    #[error("the provider does not support it to {0} registrations (RFC 7592 §2)")]
    NotOffered(&'static str),
    #[error("the metadata in the registration response is malformed (RFC 7591 §2)")]
    Metadata(#[source] serde_json::Error),
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
        let (kind, hint) = match &check {
            RegistrationError::AccessToken => (
                ErrorKind::InvalidResponse,
                Some(
                    "use the token of the latest response, which replaces earlier ones, or register \
                     again",
                ),
            ),
            RegistrationError::InitialAccessToken => {
                (ErrorKind::InvalidResponse, Some("ask the provider for an initial access token"))
            }
            RegistrationError::NoManagement => (
                ErrorKind::Unsupported,
                Some("the provider does not let clients manage their registration"),
            ),
            RegistrationError::NotOffered(_) => (ErrorKind::Unsupported, None),
            RegistrationError::Unserializable => (ErrorKind::Config, None),
            RegistrationError::PrivateKey => {
                (ErrorKind::Config, Some("register the public key only, without `d` or `k`"))
            }
            _ => (ErrorKind::InvalidResponse, None),
        };
        Self::new(kind, check).maybe_hint(hint)
    }
}

/// Reads the answer to a registration at `endpoint`. It is 201 (RFC 7591 §3.2.1); older servers say 200.
pub(crate) fn parse_registration_response(
    response: &Response,
    endpoint: &Url,
) -> Result<ClientInformation> {
    if response.status() == StatusCode::UNAUTHORIZED {
        return Err(rejection(response, RegistrationError::InitialAccessToken));
    }
    let members = EndpointResponse::parse(Endpoint::Registration, response)?;
    information(&members.into_claims(), endpoint)
}

/// Reads the answer to [`read_request`] and [`update_request`] (RFC 7592 §3). What it leaves out of the
/// credentials is as it was; what it has replaces them, and the old ones are to be forgotten (§2.1).
pub(crate) fn parse_management_response(
    response: &Response,
    asked: &ClientInformation,
) -> Result<ClientInformation> {
    if response.status() != StatusCode::OK {
        return Err(management_error(response, "read or change"));
    }
    let members = EndpointResponse::parse(Endpoint::Registration, response)?.into_claims();
    let endpoint = asked.registration_client_uri.as_ref().ok_or(RegistrationError::NoManagement)?;
    let mut client = information(&members, endpoint)?;
    if client.client_id != asked.client_id {
        return Err(RegistrationError::OtherClient.into());
    }
    if client.client_secret.is_none() {
        client.client_secret.clone_from(&asked.client_secret);
        client.client_secret_expires_at = asked.client_secret_expires_at;
    }
    client.client_id_issued_at = client.client_id_issued_at.or(asked.client_id_issued_at);
    if client.registration_access_token.is_none() {
        client.registration_access_token.clone_from(&asked.registration_access_token);
    }
    client.registration_client_uri.get_or_insert_with(|| endpoint.clone());
    Ok(client)
}

/// Reads the answer to [`delete_request`]: 204 and nothing else (RFC 7592 §2.3).
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

/// An error of ours, with the provider's error response if there is one.
fn rejection(response: &Response, check: RegistrationError) -> Error {
    match EndpointResponse::error(Endpoint::Registration, response).provider_error() {
        Some(error) => Error::from(check).with_provider_error(error.clone()),
        None => check.into(),
    }
}

/// The client that an answer from `endpoint` describes.
fn information(members: &Claims, endpoint: &Url) -> Result<ClientInformation> {
    let invalid = |cause| ResponseError::Claim { endpoint: Endpoint::Registration, cause };
    let text = |name| {
        let text = members.text(name).map_err(invalid)?;
        Ok::<_, ResponseError>(text.filter(|text| !text.is_empty()))
    };
    let time = |name| members.time(name).map_err(invalid);
    let client_id = members.required_text("client_id").map_err(invalid)?;
    let uri = text("registration_client_uri")?.map(|uri| client_uri(uri, endpoint)).transpose()?;
    let never = SystemTime::UNIX_EPOCH;
    let mut metadata = members.as_map().clone();
    metadata.retain(|name, _| {
        !matches!(name.as_str(), "client_id" | "client_secret")
            && !PROVIDERS_OWN.contains(&name.as_str())
    });
    Ok(ClientInformation {
        client_id: client_id.to_owned(),
        client_secret: text("client_secret")?.map(Secret::new),
        client_id_issued_at: time("client_id_issued_at")?,
        client_secret_expires_at: time("client_secret_expires_at")?.filter(|at| *at != never),
        registration_access_token: text("registration_access_token")?.map(Secret::new),
        registration_client_uri: uri,
        metadata: ClientMetadata::deserialize(Value::Object(metadata))
            .map_err(RegistrationError::Metadata)?,
    })
}

/// The client configuration endpoint. Only a provider on this machine may have it here by plain http: an
/// answer from elsewhere must not send our token to what listens here.
fn client_uri(text: &str, endpoint: &Url) -> Result<Url, RegistrationError> {
    let refused = |cause| RegistrationError::ClientUri { cause };
    let uri = endpoint_url(text).map_err(refused)?;
    if uri.scheme() == "http" && endpoint.scheme() != "http" {
        return Err(refused(EndpointUrlError::NotHttps));
    }
    Ok(uri)
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
