//! The error response, RFC 6749 §5.2, which all endpoints give that a client authenticates at.

use std::time::Duration;

use http::header::RETRY_AFTER;
use serde_json::{Map, Value};

use crate::error::{Error, ProviderError};
use crate::jose::claims::{ClaimError, Claims};
use crate::message::{self, Response};

/// An answer of one of these endpoints, as far as all of them read it alike.
pub(crate) struct Answer {
    /// The media type, or the words that there is none.
    pub(crate) content: String,
    /// The members, where the answer is JSON.
    pub(crate) body: Option<Result<Claims, ClaimError>>,
    /// The provider's words. They win over everything, whatever the status: some send them with 200.
    pub(crate) said: Option<ProviderError>,
}

impl Answer {
    pub(crate) fn read(response: &Response) -> Self {
        let content = message::media_type(response.headers());
        let json = content.as_deref().is_some_and(message::is_json);
        let body = json.then(|| Claims::parse(response.body()));
        let said = match &body {
            Some(Ok(body)) => said(response, body.as_map()),
            _ => None,
        };
        Self { content: content.unwrap_or_else(|| "no content type".to_owned()), body, said }
    }
}

/// The error of a status without an OAuth error, with what stands in for the words of who is busy.
pub(crate) fn of_status(response: &Response, error: Error) -> Error {
    match busy(response) {
        Some(busy) => error.with_provider_error(busy),
        None => error,
    }
}

/// The provider's words, where `body` has an `error`; a code that is no text is one all the same.
pub(crate) fn said(response: &Response, body: &Map<String, Value>) -> Option<ProviderError> {
    let error = body.get("error")?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let code = error.as_str().unwrap_or("(not a text)");
    let said = ProviderError::new(code, text("error_description"), text("error_uri"));
    Some(with_status(response, said))
}

/// What stands in for the provider's words where it is busy and has none (RFC 9110 §15.6.4, RFC 6585
/// §4): its status, and when to come back.
pub(crate) fn busy(response: &Response) -> Option<ProviderError> {
    matches!(response.status().as_u16(), 429 | 503).then(|| wordless(response))
}

/// What stands in for the words of an answer that has none.
pub(crate) fn wordless(response: &Response) -> ProviderError {
    with_status(response, ProviderError::new("(no OAuth error)", None, None))
}

fn with_status(response: &Response, mut said: ProviderError) -> ProviderError {
    said.status = Some(response.status().as_u16());
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    said.retry_after = seconds.map(Duration::from_secs);
    said
}
