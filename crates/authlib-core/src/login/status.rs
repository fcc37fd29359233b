//! Answers: [`Answer`], and how an error becomes one that a user may see.

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::{Error, ErrorKind};

/// A response in no framework's words.
pub type Answer = http::Response<Vec<u8>>;

/// A redirect by 303, so that a POST is never repeated at the other end (RFC 9700 §4.12), and never
/// cached.
#[must_use]
pub fn see_other(url: &str) -> Answer {
    let mut answer = bare(StatusCode::SEE_OTHER);
    match HeaderValue::try_from(url) {
        Ok(mut url) => {
            // It holds a state, or a hint: whoever logs headers sees that it is none of his business.
            url.set_sensitive(true);
            answer.headers_mut().insert(LOCATION, url);
        }
        Err(_) => *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    answer
}

/// The answer to an error: its kind's status, and words for the user, as HTML or, where `headers`
/// accept it, as JSON `{"error", "error_description"}`. The developer's words are in the error and in
/// the log; here are no codes, no tokens, and the provider's words only escaped.
#[must_use]
pub fn error_answer(error: &Error, headers: &HeaderMap) -> Answer {
    answer_to(error, wants_json(accept(headers)))
}

/// The answer to a status that nobody else has words for, such as 404 where no route is: HTML, or JSON
/// where the request's `Accept` header asks for it.
#[must_use]
pub fn status_answer(status: StatusCode, accept: Option<&str>) -> Answer {
    let words = status.canonical_reason().unwrap_or("Error");
    if wants_json(accept) {
        let code = words.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        return json(status, &serde_json::json!({ "error": code, "error_description": words }));
    }
    html(status, page(words, "<a href=\"/\">Back to the start</a>"))
}

/// The `Accept` header.
#[must_use]
pub fn accept(headers: &HeaderMap) -> Option<&str> {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok())
}

pub(super) fn answer_to(error: &Error, as_json: bool) -> Answer {
    let status =
        StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (code, words) = public(error);
    let said = error.provider_error().filter(|_| {
        matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::AuthorizationError)
    });
    let words = match said.map(|said| (&said.error, &said.error_description)) {
        Some((_, Some(description))) => format!("{words} It said: “{description}”."),
        Some((error, None)) => format!("{words} It said: “{error}”."),
        None => words.to_owned(),
    };
    if as_json {
        let body = serde_json::json!({ "error": code, "error_description": words });
        return json(status, &body);
    }
    let body = format!("<p>{}</p><a href=\"/\">Back to the start</a>", escaped(&words));
    html(status, page(title(error.kind()), &body))
}

/// A page of ours; `body` is HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    include_str!("page.html").replace("{{title}}", title).replace("{{body}}", body)
}

/// The status, the code and the words for the user.
fn public(error: &Error) -> (&'static str, &'static str) {
    match error.kind() {
        ErrorKind::InvalidResponse => (
            "bad_provider_answer",
            "The login provider gave an answer that we can't use. Please try again later.",
        ),
        ErrorKind::InvalidRequest => ("invalid_request", "This request is not possible."),
        ErrorKind::Config | ErrorKind::Store | ErrorKind::Internal => {
            ("server_error", "Something is wrong on our side. Please try again later.")
        }
        ErrorKind::AccessDenied => (
            "access_denied",
            "The login was not allowed, by you or by the provider. Nothing has changed.",
        ),
        ErrorKind::InvalidCallback => (
            "invalid_callback",
            "This login has expired, was used before, or was started in another browser. Please log \
             in again.",
        ),
        ErrorKind::InvalidIdToken => (
            "invalid_id_token",
            "The login provider's word about who you are could not be verified. Please try again.",
        ),
        ErrorKind::Unauthenticated => ("not_logged_in", "You are not logged in."),
        ErrorKind::AuthorizationError => {
            ("provider_error", "The login provider reported an error.")
        }
        ErrorKind::PayloadTooLarge => ("too_large", "This is more than a login needs."),
        ErrorKind::Transport => {
            ("provider_unreachable", "The login provider can't be reached. Please try again later.")
        }
        ErrorKind::UnknownClient => ("unknown_client", "There is no such way to log in."),
        ErrorKind::Unsupported => ("unsupported", "The login provider does not offer this."),
    }
}

fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthenticated => "Not logged in",
        ErrorKind::UnknownClient => "Not found",
        ErrorKind::AccessDenied => "Login cancelled",
        _ => "The login did not work",
    }
}

/// Whether JSON is wanted: `Accept` names it, and does not name HTML before it.
pub(super) fn wants_json(accept: Option<&str>) -> bool {
    let accept = accept.unwrap_or_default();
    let place = |name| accept.find(name).unwrap_or(usize::MAX);
    place("application/json") < place("text/html")
}

pub(super) fn html(status: StatusCode, body: String) -> Answer {
    let mut answer = bare(status);
    *answer.body_mut() = body.into_bytes();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    answer
}

fn json(status: StatusCode, body: &serde_json::Value) -> Answer {
    let mut answer = bare(status);
    // Whoever sniffs it for HTML finds none.
    *answer.body_mut() = body.to_string().replace('<', "\\u003c").into_bytes();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// 204, for requests that must have no effect.
pub(super) fn no_content() -> Answer {
    bare(StatusCode::NO_CONTENT)
}

fn bare(status: StatusCode) -> Answer {
    let mut answer = Answer::new(Vec::new());
    *answer.status_mut() = status;
    no_store(answer.headers_mut());
    answer
}

/// Marks an answer as not to be cached, and its URL as not to be passed on: login and callback URLs
/// hold states and codes (RFC 9700 §4.2.4).
pub fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Text for HTML, in elements and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProviderError;

    fn answer(error: &Error, accept: &str) -> (u16, String, String) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        let answer = error_answer(error, &headers);
        let content = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = String::from_utf8(answer.body().clone()).unwrap();
        (answer.status().as_u16(), content, body)
    }

    #[test]
    fn the_accept_header_chooses_between_a_page_and_json() {
        let error = Error::new(ErrorKind::AccessDenied, "x");
        for (accept, content) in [
            ("application/json", "application/json"),
            ("application/json, text/html;q=0.5", "application/json"),
            ("text/html,application/xhtml+xml,*/*", "text/html; charset=utf-8"),
            ("*/*", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer(&error, accept).1, content, "{accept}");
        }
    }

    /// W5: a provider's words are text, never markup; the developer's words are not shown at all.
    #[test]
    fn error_pages_escape_provider_text_and_hide_details() {
        let error = Error::new(ErrorKind::AuthorizationError, "internal detail")
            .with_provider_error(ProviderError::new("e", Some("<script>alert(1)</script>"), None))
            .with_hint("look at client_secret");
        let (status, _, page) = answer(&error, "text/html");
        assert_eq!(status, 400);
        assert!(page.contains("&lt;script&gt;"));
        assert!(!page.contains("<script>"));
        assert!(!page.contains("internal detail") && !page.contains("client_secret"));
        let (_, _, json) = answer(&error, "application/json");
        assert!(json.contains("provider_error"));
        assert!(!json.contains("internal detail"));
    }

    #[test]
    fn a_status_without_an_error_is_told_in_the_same_two_ways() {
        let json = status_answer(StatusCode::METHOD_NOT_ALLOWED, Some("application/json"));
        let body = r#"{"error":"method_not_allowed","error_description":"Method Not Allowed"}"#;
        assert_eq!((json.status().as_u16(), json.body().as_slice()), (405, body.as_bytes()));
        let html = status_answer(StatusCode::NOT_FOUND, None);
        assert_eq!(html.status(), 404);
        assert!(String::from_utf8(html.into_body()).unwrap().contains("Not Found"));
    }

    #[test]
    fn redirects_are_303_and_never_cached() {
        let answer = see_other("https://op.example/auth?x=1");
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }
}
