//! [`BackChannelLogout`]: a logout request that the provider sends to the application.

use http::{Method, StatusCode};

use super::callback_request::form;
use super::response::{empty, json};
use super::{LoginError, RequestContext, Response};
use crate::error::{Error, ErrorKind, Result};
use crate::login;
use crate::oidc::logout_token::LogoutToken;
use crate::registry::RegisteredClient;

/// A verified logout request that the provider sent to the application (OpenID Connect Back-Channel Logout 1.0
/// §2.5). It comes without cookies.
#[derive(Clone)]
pub struct BackChannelLogout {
    client: RegisteredClient,
    token: LogoutToken,
}

impl BackChannelLogout {
    /// Reads the form of the request, and verifies its logout token.
    ///
    /// # Errors
    ///
    /// The response to send: status 400 with JSON, never cached (§2.8).
    pub async fn read(
        client: RegisteredClient,
        request: &RequestContext,
        body: &[u8],
    ) -> Result<Self, LoginError> {
        match verify(&client, request, body).await {
            Ok(token) => Ok(Self { client, token }),
            Err(error) => Err(rejected(&client, &error)),
        }
    }

    /// The registered client that the request is for.
    #[must_use]
    pub fn client(&self) -> &RegisteredClient {
        &self.client
    }

    /// Whose logins must end, for sessions that the application itself keeps.
    #[must_use]
    pub fn token(&self) -> &LogoutToken {
        &self.token
    }

    /// Ends the logins, in all browsers and on all replicas, and returns the response to the provider: status
    /// 200, or 400 with JSON.
    pub async fn end_logins(&self) -> Response {
        match login::back_channel_logout(&self.client, &self.token).await {
            Ok(_) => empty(StatusCode::OK),
            Err(error) => rejected(&self.client, &error).response(None),
        }
    }
}

async fn verify(
    client: &RegisteredClient,
    request: &RequestContext,
    body: &[u8],
) -> Result<LogoutToken> {
    if request.method != Method::POST {
        let check = "the back-channel logout request is not a POST (Back-Channel Logout §2.5)";
        return Err(Error::new(ErrorKind::InvalidCallback, check));
    }
    let form = form(request, body)?;
    let token = form.only("logout_token");
    let token = token.map_err(|cause| Error::new(ErrorKind::InvalidCallback, cause))?;
    let token = token.ok_or_else(|| {
        let check = "the back-channel logout request has no `logout_token`";
        Error::new(ErrorKind::InvalidCallback, check)
    })?;
    client.verify_logout_token(token).await
}

fn rejected(client: &RegisteredClient, error: &Error) -> LoginError {
    tracing::warn!(client = client.name(), error = %error.report(), "back-channel logout rejected");
    let description = match error.kind() {
        ErrorKind::InvalidIdToken | ErrorKind::InvalidCallback => "The logout token is not valid.",
        _ => "The logout failed.",
    };
    let body = serde_json::json!({"error": "invalid_request", "error_description": description});
    LoginError::respond(json(StatusCode::BAD_REQUEST, &body), "back-channel logout rejected")
}

debug_fields!(BackChannelLogout { client });
