//! HTTP messages with buffered bodies: [`Request`] and [`Response`].

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Uri};
use url::Url;

use crate::error::{Result, clipped};
use crate::params::Params;

/// A request with a buffered body, which a retry shares without copying.
pub type Request = http::Request<Bytes>;

/// A response with a buffered body.
pub type Response = http::Response<Vec<u8>>;

/// The default limit of a response body: 1 MiB.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// The limit of the decoded response body in bytes, in the extensions of a request. The default is 1 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

impl BodyLimit {
    /// The limit of `request`.
    #[must_use]
    pub fn of(request: &Request) -> usize {
        request.extensions().get::<Self>().map_or(MAX_BODY, |limit| limit.0)
    }
}

/// The timeout of an exchange, in the extensions of a request. The default is that of the HTTP client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// The timeout in these extensions.
    #[must_use]
    pub fn of(extensions: &http::Extensions) -> Option<Duration> {
        extensions.get::<Self>().map(|timeout| timeout.0)
    }
}

/// A GET for JSON.
pub(crate) fn json_get(url: &Url) -> Request {
    let mut request = bare(Method::GET, url, Vec::new());
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}

/// A POST of a form that asks for JSON.
pub(crate) fn form_post(url: &Url, form: &Params) -> Request {
    form_text_post(url, form.to_form())
}

/// As [`form_post`], of a form that is encoded.
pub(crate) fn form_text_post(url: &Url, form: String) -> Request {
    let mut request = bare(Method::POST, url, form.into_bytes());
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request
}

/// A request without headers. The fragment of the URL is not sent.
pub(crate) fn bare(method: Method, url: &Url, body: impl Into<Bytes>) -> Request {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    // What `endpoint_url` accepts is a `Uri`, unless it is longer than 64 KiB. The URI is then empty, and
    // `HttpExchange` sends no request without a host.
    *request.uri_mut() = url.as_str().parse().unwrap_or_default();
    request
}

/// The `Retry-After` of a response, if it is in seconds (RFC 9110 §10.2.3).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    // `parse` also reads a sign.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| digits).map(Duration::from_secs)
}

/// Where a response came from, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct SourceUri(pub(crate) Uri);

/// Adds to the error of a response where it came from: the URL without its query, which may hold a token, and the content
/// encoding, by which it may be unreadable.
pub(crate) fn with_source<T>(result: Result<T>, response: &Response) -> Result<T> {
    result.map_err(|error| {
        let source = response.extensions().get::<SourceUri>().map(|SourceUri(uri)| {
            let host = uri.authority().map_or("", |authority| authority.as_str());
            let url = format!("{}://{host}{}", uri.scheme_str().unwrap_or_default(), uri.path());
            let encoding = response.headers().get(CONTENT_ENCODING);
            match encoding.and_then(|encoding| encoding.to_str().ok()) {
                Some(encoding) => {
                    format!("{} (Content-Encoding {:?})", clipped(&url), clipped(encoding))
                }
                None => clipped(&url),
            }
        });
        error.with_source_url(source)
    })
}

/// The media type of a message, in lower case, without parameters and cut to 300 characters.
#[must_use]
pub fn media_type(headers: &http::HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    Some(clipped(&essence.to_ascii_lowercase()))
}

/// Whether a message has this media type, which is in lower case.
pub(crate) fn has_media_type(headers: &http::HeaderMap, media_type: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media_type)
}

/// Whether a media type is JSON: `application/json` or a `+json` type.
pub(crate) fn is_json(media_type: &str) -> bool {
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// A response for unit tests, with `Retry-After: 7`.
#[cfg(test)]
pub(crate) fn test_response(status: u16, content_type: &str, body: &str) -> Response {
    http::Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .header(RETRY_AFTER, "7")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_ignores_case_and_parameters() {
        let mut response = Response::new(Vec::new());
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("Application/JSON; charset=utf-8"));
        assert_eq!(media_type(response.headers()).as_deref(), Some("application/json"));
        assert!(is_json("application/problem+json"));
        assert!(!is_json("text/html"));
    }

    #[test]
    fn request_keeps_query_and_drops_fragment() {
        let url = Url::parse("https://op.example/a?b=c#d").unwrap();
        let request = json_get(&url);
        assert_eq!(request.uri(), "https://op.example/a?b=c");
    }
}
