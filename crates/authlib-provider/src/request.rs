//! Reading requests: query, form, headers and cookies.

use authlib_core::message::{self, Request};

/// The fields of a query and a form, in order.
pub(crate) type Fields = Vec<(String, String)>;

/// The largest form that is read, in bytes.
const MAX_FORM: usize = 64 * 1024;

pub(crate) fn parse(text: &str) -> Fields {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The form of a POST, the query of any other request. Never both, so that no secret is read from a URL
/// (RFC 6749 §2.3.1).
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

/// The name of a repeated field, which RFC 6749 §3.1 and §3.2 forbid.
pub(crate) fn repeated(fields: &Fields) -> Option<&str> {
    repeated_except(fields, &[])
}

/// As [`repeated`], without the fields that may be repeated.
pub(crate) fn repeated_except<'a>(fields: &'a Fields, repeatable: &[&str]) -> Option<&'a str> {
    let names = fields.iter().map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = names.filter(|name| !repeatable.contains(name)).collect();
    names.sort_unstable();
    names.windows(2).find_map(|pair| match pair {
        [first, second] if first == second => Some(*first),
        _ => None,
    })
}

/// The value of a field. A field that is empty or repeated counts as absent.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.as_str());
    first.filter(|value| !value.is_empty() && values.next().is_none())
}

/// The text that the user entered into a field of a page, trimmed and limited to 64 characters.
pub(crate) fn entered(fields: &Fields, name: &str) -> String {
    field(fields, name).unwrap_or_default().trim().chars().take(64).collect()
}

/// The values of a field that may be repeated.
pub(crate) fn values<'a>(fields: &'a Fields, name: &str) -> Vec<&'a str> {
    let values = fields.iter().filter(|(known, _)| known == name);
    values.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).collect()
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The credentials of an `Authorization` header with this scheme, in any letter case (RFC 9110 §11.1).
pub(crate) fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (known, rest) = header.split_once(' ')?;
    known.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

pub(crate) fn cookie(request: &Request, name: &str) -> Option<String> {
    header(request, "cookie")?.split(';').find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then(|| value.to_owned())
    })
}
