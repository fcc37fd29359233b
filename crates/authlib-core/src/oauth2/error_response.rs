//! The error response, RFC 6749 §5.2, which all endpoints give that a client authenticates at.

use http::header::RETRY_AFTER;
use serde_json::{Map, Value};

use crate::error::ProviderError;
use crate::message::Response;

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
    said.retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    said
}
