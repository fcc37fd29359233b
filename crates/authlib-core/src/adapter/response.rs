//! [`Response`]: an HTTP response for any framework, and the helpers that make one.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::error_pages::POLICY;
use crate::registry::RegisteredClient;

/// A framework-independent HTTP response.
pub type Response = http::Response<Vec<u8>>;

/// What is escaped in a `Location`: everything that is not visible ASCII.
const NOT_VISIBLE: &AsciiSet = &CONTROLS.add(b' ');

/// A redirect with status 303, so that a POST is not repeated at the target (RFC 9700 §4.12). Never cached. What a URL
/// can't contain is percent-encoded (RFC 9110 §10.2.2).
#[must_use]
pub fn see_other(url: &str) -> Response {
    let mut response = empty(StatusCode::SEE_OTHER);
    match HeaderValue::try_from(utf8_percent_encode(url, NOT_VISIBLE).to_string()) {
        Ok(mut url) => {
            // It contains a `state` or an ID token hint, which loggers of headers must not print.
            url.set_sensitive(true);
            response.headers_mut().insert(LOCATION, url);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

/// Marks a response as not to be cached, and its URL as not to be sent as referrer: login and callback
/// URLs contain `state` and code (RFC 9700 §4.2.4).
pub fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

pub(super) fn html(status: StatusCode, body: String) -> Response {
    let mut response = empty(status);
    *response.body_mut() = body.into_bytes();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// An empty page that only the provider's pages may show in a frame. `frame-ancestors` overrides an `X-Frame-Options` header (Content Security Policy
/// Level 3 §6.4.2.2).
pub(super) async fn framed_page(client: &RegisteredClient) -> Response {
    let mut response = html(StatusCode::OK, "<!doctype html><title>Logged out</title>".to_owned());
    let origins = client.front_channel().page_origins().await.join(" ");
    let policy = format!("default-src 'none'; base-uri 'none'; frame-ancestors {origins}");
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The client's public keys (RFC 7517 §8.5.2), which the provider may keep for some minutes.
pub(super) fn jwk_set(keys: &serde_json::Value) -> Response {
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = keys.to_string().into_bytes();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// A request object (RFC 9101 §10.8).
pub(super) fn request_object(jwt: String) -> Response {
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = jwt.into_bytes();
    let media_type = HeaderValue::from_static("application/oauth-authz-req+jwt");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = empty(status);
    // A browser that sniffs for HTML finds none.
    *response.body_mut() = body.to_string().replace('<', "\\u003c").into_bytes();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    no_store(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_303_and_never_cached() {
        let response = see_other("https://op.example/auth?x=1");
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn location_is_visible_ascii() {
        let response = see_other("/päge x\r\n\u{202e}?a%20=%");
        assert_eq!(response.headers()[LOCATION], "/p%C3%A4ge%20x%0D%0A%E2%80%AE?a%20=%");
    }
}
