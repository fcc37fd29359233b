//! [`ApiResponse`]: the response of a provider's API.

use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;
use crate::oauth2::{StepUp, endpoint_response};

/// The response to a request to the provider's API: an [`http::Response`] with its whole body, which can be
/// read as JSON and as text.
///
/// `Debug` shows the status and the length only, because the body is a user's data.
#[derive(Clone)]
pub struct ApiResponse(Response);

impl ApiResponse {
    pub(crate) fn new(response: Response) -> Self {
        Self(response)
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if it is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.0.body()).map_err(|cause| {
            let status = self.0.status().as_u16();
            // The cause itself may quote the content.
            let check = format!(
                "the API's response ({status}) is not the expected JSON, at line {} column {}",
                cause.line(),
                cause.column()
            );
            Error::new(ErrorKind::InvalidResponse, check)
        })
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.0.body()).map_err(|_| {
            Error::new(ErrorKind::InvalidResponse, "the API's response is not UTF-8 text")
        })
    }

    /// The response itself, unless its status is an error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InsufficientAuthentication`] or [`ErrorKind::InsufficientScope`] if the API requires another login
    /// ([`step_up`](Self::step_up)). [`ErrorKind::InvalidResponse`] if the status is 400 or more for another reason;
    /// [`Error::provider_error`] has the status, the `Retry-After`, and the error code if the API reports errors as OAuth
    /// does.
    pub fn error_for_status(self) -> Result<Self> {
        if let Some(required) = self.step_up() {
            return Err(required.clone().into());
        }
        let status = self.0.status();
        if status.is_client_error() || status.is_server_error() {
            let check = format!("the API returned status {}", status.as_u16());
            let body: Map<String, Value> =
                serde_json::from_slice(self.0.body()).unwrap_or_default();
            let error = endpoint_response::provider_error(&self.0, &body)
                .unwrap_or_else(|| endpoint_response::status_only(&self.0));
            return Err(Error::new(ErrorKind::InvalidResponse, check).with_provider_error(error));
        }
        Ok(self)
    }

    /// What the API requires beyond the token of this request: a stronger or a newer authentication, or more scope
    /// (RFC 9470, RFC 6750 §3.1). Only an API at the origin of `api_base_url` is trusted to require it.
    ///
    /// The extensions of a [streaming response](crate::ApiRequest::send_streaming) have it as a [`StepUp`].
    #[must_use]
    pub fn step_up(&self) -> Option<&StepUp> {
        self.0.extensions().get()
    }

    /// The HTTP message.
    #[must_use]
    pub fn into_inner(self) -> Response {
        self.0
    }
}

impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiResponse")
            .field("status", &self.0.status())
            .field("length", &self.0.body().len())
            .finish_non_exhaustive()
    }
}

impl Deref for ApiResponse {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;

    fn response(status: u16, body: &str) -> ApiResponse {
        let mut message = Response::new(body.as_bytes().to_vec());
        *message.status_mut() = http::StatusCode::from_u16(status).unwrap();
        message.headers_mut().insert(RETRY_AFTER, "9".parse().unwrap());
        ApiResponse::new(message)
    }

    #[test]
    fn error_status_becomes_error_with_provider_error() {
        assert!(response(302, "").error_for_status().is_ok());
        for (body, code) in [(r#"{"error":"quota"}"#, "quota"), ("<html>", "(no OAuth error)")] {
            let error = response(429, body).error_for_status().unwrap_err();
            let said = error.provider_error().unwrap();
            assert_eq!(
                (said.error.as_str(), said.status, said.retry_after),
                (code, Some(429), Some(std::time::Duration::from_secs(9)))
            );
        }
    }

    #[test]
    fn debug_does_not_show_the_body() {
        assert!(!format!("{:?}", response(200, "hush")).contains("hush"));
    }
}
