//! Writing responses: JSON, errors, redirects, and the replies of an injected fault.

use authlib_core::message::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use url::Url;

use crate::reply::Reply;
use crate::request::Fields;

/// Response extension: the transport replaces the response with this faulty one.
#[derive(Clone, Debug)]
pub(crate) struct TransportFault(pub(crate) Reply);

pub(crate) fn respond(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    respond(status, "application/json", body.to_string())
}

/// An error response (RFC 6749 §5.2).
pub(crate) fn error(status: u16, error: &str, description: &str) -> Response {
    json_response(status, &json!({ "error": error, "error_description": description }))
}

pub(crate) fn redirect(url: &str) -> Response {
    let mut response = respond(303, "text/plain", "");
    set(&mut response, header::LOCATION, url);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// The URL that a response redirects to.
pub(crate) fn location(response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?;
    Url::parse(location.to_str().ok()?).ok()
}

pub(crate) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Sets a member of a JSON object; null removes it.
pub(crate) fn set_member(members: &mut Map<String, Value>, name: String, value: Value) {
    if value.is_null() {
        members.remove(&name);
    } else {
        members.insert(name, value);
    }
}

/// The response of an injected fault.
pub(crate) fn faulty(reply: &Reply) -> Response {
    match reply {
        Reply::Body { status, content_type, body } => respond(*status, content_type, body.as_str()),
        Reply::Challenge(status, challenge) => {
            let mut response = respond(*status, "text/plain", "no\n");
            set(&mut response, header::WWW_AUTHENTICATE, challenge);
            response
        }
        Reply::Redirect(status, url) => {
            let mut response = redirect(url);
            *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            response
        }
        Reply::GzipBomb(_)
        | Reply::Hang
        | Reply::Oversized(_)
        | Reply::Reset
        | Reply::Truncated => {
            let mut response = respond(200, "application/json", "");
            response.extensions_mut().insert(TransportFault(reply.clone()));
            response
        }
    }
}

/// `url` with these parameters appended to its query.
pub(crate) fn with_query(url: &str, fields: &Fields) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{query}")
}
