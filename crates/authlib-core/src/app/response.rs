//! [`ApiResponse`]: the answer of a provider's API.

use std::ops::Deref;

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::message::Response;

/// The answer to a request to the provider's API: an [`http::Response`] with its whole body, which can
/// be read as JSON and as text.
#[derive(Clone, Debug)]
pub struct ApiResponse(Response);

impl ApiResponse {
    pub(crate) fn new(response: Response) -> Self {
        Self(response)
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] when it is no JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.0.body()).map_err(|cause| {
            let status = self.0.status().as_u16();
            // The cause names a place and a type, and none of the content.
            let check = format!(
                "the API's answer ({status}) is not the expected JSON, at line {} column {}",
                cause.line(),
                cause.column()
            );
            Error::new(ErrorKind::BadAnswer, check)
        })
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.0.body())
            .map_err(|_| Error::new(ErrorKind::BadAnswer, "the API's answer is no UTF-8 text"))
    }

    /// The answer itself, where its status is no error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] with the status, where it is 400 or more.
    pub fn error_for_status(self) -> Result<Self> {
        let status = self.0.status();
        if status.is_client_error() || status.is_server_error() {
            let check = format!("the API answered {}", status.as_u16());
            return Err(Error::new(ErrorKind::BadAnswer, check));
        }
        Ok(self)
    }

    /// The HTTP message.
    #[must_use]
    pub fn into_inner(self) -> Response {
        self.0
    }
}

impl Deref for ApiResponse {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.0
    }
}
