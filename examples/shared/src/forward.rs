//! Sends a request on to the provider's API.

use authlib_core::{OAuth2Client, Params, Result};
use http::{HeaderValue, Request, Response, header};

/// The same method, query and body, sent to `path` of the provider's API with the user's token. The response has
/// the status, content type and body of the API's response.
///
/// # Errors
///
/// Those of an API request; a status such as 404 is not one.
pub async fn forward(
    user: &OAuth2Client,
    path: &str,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>> {
    let (parts, body) = request.into_parts();
    let mut call = user.request(parts.method, path);
    if let Some(query) = parts.uri.query() {
        call = call.query(Params::parse(query));
    }
    if !body.is_empty() {
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        call = call.body(content_type.unwrap_or("application/octet-stream"), body);
    }
    let (upstream, body) = call.send().await?.into_inner().into_parts();
    let mut response = Response::new(body);
    *response.status_mut() = upstream.status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The API's response is data, never a page of this site.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(content_type) = upstream.headers.get(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    Ok(response)
}
