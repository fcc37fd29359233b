//! Error pages: a short message for the user, without technical detail.

use http::StatusCode;

use super::RequestContext;
use super::response::{Response, html, json};
use crate::error::{Error, ErrorKind, Remedy};

/// The link to the landing page.
fn home(request: Option<&RequestContext>) -> String {
    let path = request.map_or("/", |request| request.base_path().home());
    format!("<a href=\"{}\">Go to home page</a>", escape(path))
}

/// The response for an error. The developer's text is in the log; the page contains no code, no token, and
/// the provider's texts only escaped.
pub(super) fn render(error: &Error, request: Option<&RequestContext>) -> Response {
    let status =
        StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = message(error);
    if wants_json(request.and_then(|request| request.accept.as_deref())) {
        let body = serde_json::json!({ "error": code(error.kind()), "error_description": message });
        return json(status, &body);
    }
    // A GET of a page can be repeated as it is, a callback only from the login's start.
    let again = request.filter(|_| error.remedy() == Remedy::Wait);
    let again = again.and_then(RequestContext::repeatable);
    let again = error.restart().or(again.as_deref());
    let again =
        again.map(|path| format!("<a class=\"primary\" href=\"{}\">Try again</a> ", escape(path)));
    let again = again.unwrap_or_default();
    let body = format!("<p>{}</p>{again}{}", escape(&message), home(request));
    html(status, page(title(error.kind()), &body))
}

/// The response for a status alone, such as 404 for a path without a route: a page, or JSON if the
/// request's `Accept` header asks for it.
#[must_use]
pub fn status_page(status: StatusCode, request: Option<&RequestContext>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    if wants_json(request.and_then(|request| request.accept.as_deref())) {
        let code = reason.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        return json(status, &serde_json::json!({ "error": code, "error_description": reason }));
    }
    html(status, page(reason, &home(request)))
}

/// A page; `body` is HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    include_str!("page.html").replace("{{title}}", title).replace("{{body}}", body)
}

/// The message for the user, with what the provider says about a login that it did not allow.
fn message(error: &Error) -> String {
    let text = error.page_text().unwrap_or_else(|| text(error.kind()));
    let reported = error.provider_error().filter(|_| {
        matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::AuthorizationError)
    });
    match reported {
        Some(provider) => {
            let words = provider.error_description.as_ref().unwrap_or(&provider.error);
            format!("{text} The provider says: “{words}”.")
        }
        None => text.to_owned(),
    }
}

fn text(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest => "This request is not possible.",
        ErrorKind::InvalidCallback => {
            "This login has expired, was already used, or was started in another browser. Please log in \
             again."
        }
        ErrorKind::InvalidIdToken => "We couldn't verify your identity with the login provider.",
        ErrorKind::AuthorizationError => "The login provider reported an error.",
        ErrorKind::Unauthenticated => "You are not logged in.",
        ErrorKind::AccessDenied => {
            "The login was not allowed, by you or by the provider. Nothing has changed."
        }
        ErrorKind::Forbidden => "You are logged in, but you have no access to this page.",
        ErrorKind::UnknownClient => "This login provider is not available.",
        ErrorKind::Conflict => "This account is already connected.",
        ErrorKind::PayloadTooLarge => "The request is too large.",
        ErrorKind::Unsupported => "The login provider does not support this.",
        ErrorKind::Transport => {
            "The login provider can't be reached. Please try again, or contact support."
        }
        ErrorKind::InvalidResponse | ErrorKind::Config | ErrorKind::Store | ErrorKind::Internal => {
            "Something went wrong. Please try again, or contact support."
        }
    }
}

/// The `error` of a JSON response.
fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest => "invalid_request",
        ErrorKind::InvalidCallback => "invalid_callback",
        ErrorKind::InvalidIdToken => "invalid_id_token",
        ErrorKind::AuthorizationError => "provider_error",
        ErrorKind::Unauthenticated => "not_logged_in",
        ErrorKind::AccessDenied => "access_denied",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::UnknownClient => "unknown_client",
        ErrorKind::Conflict => "conflict",
        ErrorKind::PayloadTooLarge => "payload_too_large",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Transport => "provider_unreachable",
        ErrorKind::InvalidResponse => "invalid_provider_response",
        ErrorKind::Config | ErrorKind::Internal => "server_error",
        ErrorKind::Store => "temporarily_unavailable",
    }
}

fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthenticated => "Not logged in",
        ErrorKind::UnknownClient => "Not found",
        ErrorKind::AccessDenied => "Login cancelled",
        ErrorKind::Forbidden => "No access",
        ErrorKind::Conflict => "Account not connected",
        ErrorKind::InvalidCallback | ErrorKind::InvalidIdToken | ErrorKind::AuthorizationError => {
            "We couldn't sign you in"
        }
        _ => "Something went wrong",
    }
}

/// Whether `Accept` prefers JSON to HTML (RFC 9110 §12.5.1): its weight is higher, or equal and it is named first.
/// Wildcards are not JSON: browsers send `*/*` for images and scripts.
fn wants_json(accept: Option<&str>) -> bool {
    let (mut json, mut html) = (0, 0);
    for range in accept.unwrap_or_default().split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        let weight = weight(quality);
        if name.eq_ignore_ascii_case("text/html") {
            html = html.max(weight);
        } else if name.eq_ignore_ascii_case("application/json") && weight > html.max(json) {
            // HTML that is named later needs a higher weight.
            json = weight;
        }
    }
    json > 0 && json >= html
}

/// A weight in thousandths: 1000 without one, 0 for one that is not a number (RFC 9110 §12.4.2).
fn weight(quality: Option<&str>) -> u16 {
    let Some(quality) = quality else { return 1000 };
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = fraction.chars().all(|c| c.is_ascii_digit()) && fraction.len() <= 3;
    match whole {
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if fraction.chars().all(|c| c == '0') => 1000,
        _ => 0,
    }
}

/// Escapes text for HTML, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
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
    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::error::ProviderError;
    use crate::registry::OAuth;

    fn respond(error: &Error, accept: &'static str) -> (u16, String, String) {
        let header = |name: &str| (name == "accept").then_some(accept);
        let request = RequestContext::new(http::Method::GET, "/repos", Some("a=\"b"), header);
        let response = render(error, Some(&request));
        let content = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        (status, content, String::from_utf8(response.into_body()).unwrap())
    }

    #[test]
    fn accept_header_selects_page_or_json() {
        let error = Error::new(ErrorKind::AccessDenied, "x");
        for (accept, content) in [
            ("application/json", "application/json"),
            ("application/json, text/html;q=0.5", "application/json"),
            ("text/html,application/xhtml+xml,*/*", "text/html; charset=utf-8"),
            ("*/*", "text/html; charset=utf-8"),
            ("application/json;q=0", "text/html; charset=utf-8"),
            ("application/json; Q=0.000, */*", "text/html; charset=utf-8"),
            ("application/json;q=x", "text/html; charset=utf-8"),
            (", ,application/json,,", "application/json"),
            ("application/jsonp", "text/html; charset=utf-8"),
            ("text/html;q=0.5, application/json", "application/json"),
            ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
            ("application/json, text/html", "application/json"),
            ("text/html, application/json", "text/html; charset=utf-8"),
            ("*/*, application/json;charset=utf-8;q=0.001", "application/json"),
        ] {
            assert_eq!(respond(&error, accept).1, content, "{accept}");
        }
    }

    /// W5: the provider's texts are escaped, the developer's are not shown at all.
    #[test]
    fn error_pages_escape_provider_text_and_hide_details() {
        let error = Error::new(ErrorKind::AuthorizationError, "internal detail")
            .with_provider_error(ProviderError::new("e", Some("<script>alert(1)</script>"), None))
            .with_hint("look at client_secret");
        let (status, _, page) = respond(&error, "text/html");
        assert_eq!(status, 400);
        assert!(page.contains("&lt;script&gt;"));
        assert!(!page.contains("<script>"));
        assert!(!page.contains("internal detail") && !page.contains("client_secret"));
        let (_, _, json) = respond(&error, "application/json");
        assert!(json.contains("provider_error"));
        assert!(!json.contains("internal detail"));
    }

    #[test]
    fn page_offers_to_try_again() {
        let down = Error::new(ErrorKind::Transport, "x");
        let (.., page) = respond(&down, "text/html");
        assert!(page.contains("href=\"/repos?a=&quot;b\">Try again</a>"), "{page}");
        let failed = down.with_restart(Some("/login/op?next=/inbox".to_owned()));
        let (.., page) = respond(&failed, "text/html");
        assert!(page.contains("href=\"/login/op?next=/inbox\">Try again</a>"), "{page}");
        let (.., page) = respond(&Error::new(ErrorKind::Unauthenticated, "x"), "text/html");
        assert!(!page.contains("Try again") && page.contains("Go to home page"), "{page}");
    }

    /// The application knows the path without the base path, or with it.
    #[test]
    fn links_are_below_the_base_path() {
        let oauth = OAuth::builder().base_url("https://app.example/portal").build().unwrap();
        for path in ["/repos", "/portal/repos"] {
            let request = RequestContext::new(http::Method::GET, path, Some("a=b"), |_| None);
            let request = request.of_app(Some(&oauth));
            let page = render(&Error::new(ErrorKind::Transport, "x"), Some(&request));
            let page = String::from_utf8(page.into_body()).unwrap();
            assert!(page.contains("href=\"/portal/repos?a=b\">Try again</a>"), "{page}");
            assert!(page.contains("href=\"/portal\">Go to home page</a>"), "{page}");
            let page = status_page(StatusCode::NOT_FOUND, Some(&request));
            let page = String::from_utf8(page.into_body()).unwrap();
            assert!(page.contains("href=\"/portal\">Go to home page</a>"), "{page}");
        }
    }

    #[test]
    fn status_page_is_html_or_json() {
        let header = |name: &str| (name == "accept").then_some("application/json");
        let request = RequestContext::new(http::Method::GET, "/", None, header);
        let json = status_page(StatusCode::METHOD_NOT_ALLOWED, Some(&request));
        let body = r#"{"error":"method_not_allowed","error_description":"Method Not Allowed"}"#;
        assert_eq!((json.status().as_u16(), json.body().as_slice()), (405, body.as_bytes()));
        let html = status_page(StatusCode::NOT_FOUND, None);
        assert_eq!(html.status(), 404);
        assert!(String::from_utf8(html.into_body()).unwrap().contains("Not Found"));
    }
}
