//! Requests and responses in the small: fields in, JSON and redirects out.

use authlib_core::message::{self, Request, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::fault::Reply;

/// The fields of a query and a form, in order.
pub(crate) type Fields = Vec<(String, String)>;

/// The most bytes of a form.
const MAX_FORM: usize = 64 * 1024;

/// Marks a response that the listener must spoil on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Spoilt(pub(crate) Reply);

pub(crate) fn parse(text: &str) -> Fields {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The fields of the query of a GET, or else of the form; never of both, so that no secret is taken
/// from a URL (RFC 6749 §2.3.1).
pub(crate) fn fields(request: &Request) -> Fields {
    if request.method() == http::Method::POST { form(request) } else { query(request) }
}

pub(crate) fn query(request: &Request) -> Fields {
    parse(request.uri().query().unwrap_or_default())
}

pub(crate) fn form(request: &Request) -> Fields {
    let media_type = message::media_type(request.headers());
    if media_type.as_deref() == Some("application/x-www-form-urlencoded")
        && request.body().len() <= MAX_FORM
    {
        parse(&String::from_utf8_lossy(request.body()))
    } else {
        Fields::new()
    }
}

/// A field that stands twice, which RFC 6749 §3.1 and §3.2 forbid.
pub(crate) fn repeated(fields: &Fields) -> Option<&str> {
    repeated_but(fields, &[])
}

/// A field that stands twice and is none of those that may.
pub(crate) fn repeated_but<'a>(fields: &'a Fields, may: &[&str]) -> Option<&'a str> {
    let names = fields.iter().map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = names.filter(|name| !may.contains(name)).collect();
    names.sort_unstable();
    names.windows(2).find_map(|pair| match pair {
        [first, second] if first == second => Some(*first),
        _ => None,
    })
}

/// The value of a field that stands once; one that is empty or repeated counts as absent.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.as_str());
    first.filter(|value| !value.is_empty() && values.next().is_none())
}

/// What was written into a field of a page.
pub(crate) fn written(fields: &Fields, name: &str) -> String {
    field(fields, name).unwrap_or_default().trim().chars().take(64).collect()
}

/// The values of a field that may stand several times.
pub(crate) fn values<'a>(fields: &'a Fields, name: &str) -> Vec<&'a str> {
    let values = fields.iter().filter(|(known, _)| known == name);
    values.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).collect()
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// What stands behind a scheme, in whatever letter case (RFC 9110 §11.1), in an `Authorization` header.
pub(crate) fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (known, rest) = header.split_once(' ')?;
    known.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// A cookie of the request.
pub(crate) fn cookie(request: &Request, name: &str) -> Option<String> {
    header(request, "cookie")?.split(';').find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then(|| value.to_owned())
    })
}

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

/// An error of RFC 6749 §5.2.
pub(crate) fn error(status: u16, error: &str, description: &str) -> Response {
    json_response(status, &json!({ "error": error, "error_description": description }))
}

pub(crate) fn redirect(url: &str) -> Response {
    let mut response = respond(303, "text/plain", "");
    set(&mut response, header::LOCATION, url);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// Where a response redirects to.
pub(crate) fn location(response: &Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?;
    Url::parse(location.to_str().ok()?).ok()
}

pub(crate) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The response that a misbehaving endpoint gives.
pub(crate) fn reply(reply: &Reply) -> Response {
    let mut response = match reply {
        Reply::Body { status, content_type, body } => respond(*status, content_type, body.as_str()),
        Reply::Redirect(status, url) => {
            let mut response = redirect(url);
            *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND);
            response
        }
        Reply::Reset
        | Reply::GzipBomb(_)
        | Reply::Truncated
        | Reply::Hang
        | Reply::Oversized(_) => respond(200, "application/json", ""),
    };
    if !matches!(reply, Reply::Body { .. } | Reply::Redirect(..)) {
        response.extensions_mut().insert(Spoilt(reply.clone()));
    }
    response
}

/// `url` with more parameters in its query.
pub(crate) fn with_query(url: &str, fields: &Fields) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}
