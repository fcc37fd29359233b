//! [`LoginClient::forward`]: a browser's request, sent on to the provider's API.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method};

use super::{LoginClient, Response};
use crate::api::fully_decoded;
use crate::error::{Error, ErrorKind, Result};
use crate::login::Session;

impl<S: Session> LoginClient<S> {
    /// Sends this request on to the provider's API with the user's token, so that scripts in the browser can call the API
    /// without ever having the token. `body` is the request's.
    ///
    /// The path behind `prefix`, such as `/api/github`, is appended to `api_base_url` as the browser sent it: `a%2Fb`
    /// stays `a%2Fb`. Method, query, body and `Content-Type` are those of the request. The response has the status,
    /// `Content-Type` and body of the API's; it is never cached, and never a page of this site.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if another site sent the request, unless it is a GET or HEAD, or if its path leaves
    /// `api_base_url`; [`ErrorKind::Config`] if its path is not below `prefix`;
    /// [`ErrorKind::Unauthenticated`] if the user is not logged in with the client;
    /// [`ErrorKind::InsufficientAuthentication`] and [`ErrorKind::InsufficientScope`] if the API requires another login; and
    /// those of an API request.
    pub async fn forward(&self, prefix: &str, body: impl Into<Vec<u8>>) -> Result<Response> {
        let request = self.request();
        if !matches!(request.method, Method::GET | Method::HEAD) {
            request.check_site(self.client().base_url(), "API request")?;
        }
        let path = request.path_behind(prefix).ok_or_else(|| {
            let check = format!("the path of the request is not below `{prefix}`");
            Error::new(ErrorKind::Config, check)
                .with_hint("pass the path of the route to `forward`")
        })?;
        if names_a_host(&fully_decoded(path)) {
            let check = "the path of the API request is a URL of another host once it is decoded";
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        // Without the dot, a path such as `urn:x` would be a URL of its own (RFC 3986 §4.2).
        let mut url = format!("./{path}");
        if let Some(query) = request.query() {
            url = format!("{url}?{query}");
        }
        let mut call = self.user().await?.request(request.method.clone(), &url);
        let body = body.into();
        if !body.is_empty() {
            let content_type = request.content_type.as_deref();
            call = call.body(content_type.unwrap_or("application/octet-stream"), body);
        }
        let sent = call.send().await?;
        if let Some(required) = sent.step_up() {
            return Err(required.clone().into());
        }
        let (upstream, body) = sent.into_inner().into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = upstream.status;
        protect(response.headers_mut());
        if let Some(content_type) = upstream.headers.get(CONTENT_TYPE) {
            response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        }
        Ok(response)
    }
}

/// Whether a server that takes the decoded path for a URL would find a host in it: `//host`, `https://host`.
fn names_a_host(decoded: &[u8]) -> bool {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let scheme = decoded.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let rest = match decoded.get(scheme..) {
        Some([b':', rest @ ..]) if scheme > 0 => rest,
        _ => decoded,
    };
    matches!(rest, [one, two, ..] if is_slash(one) && is_slash(two))
}

/// The API's response is data, and not a page of this site.
fn protect(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
