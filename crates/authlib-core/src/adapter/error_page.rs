//! Error pages: a short message for the user, without technical detail.

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::RequestContext;
use super::response::{Response, html};
use super::step_up;
use crate::error::{Error, ErrorKind, Remedy};
use crate::error_pages::{ErrorPage, ErrorPages, POLICY};
use crate::login::path_below;
use crate::registry::OAuth;

/// The response for an error. The developer's text is in the log, and on the page in development only; the page
/// contains no code, no token, and the provider's texts only escaped.
pub(super) fn render(error: &Error, request: Option<&RequestContext>) -> Response {
    let login = request.and_then(|request| step_up::login_path(error, request));
    if let Some((login, request)) = login.as_deref().zip(request)
        && let Some(redirect) = step_up::redirect(login, request)
    {
        return redirect;
    }
    let status =
        StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut page = blank(status, request);
    page.kind = Some(error.kind());
    error.page_title().unwrap_or_else(|| title(error.kind())).clone_into(&mut page.title);
    error.page_text().unwrap_or_else(|| text(error.kind())).clone_into(&mut page.message);
    page.provider_message = provider_message(error);
    // A GET of a page can be repeated as it is, a callback only from the login's start.
    let again = request.filter(|_| error.remedy() == Remedy::Wait);
    // A path such as `//host` of a catch-all route would lead to another site.
    let safe =
        |request: &RequestContext| path_below(request.base_path(), &request.repeatable()?).ok();
    let again = again.and_then(safe);
    page.try_again = error.restart().map(str::to_owned).or(again);
    if error_pages(request).is_some_and(|pages| pages.shows_details) {
        page.details = Some(error.report().to_string());
    }
    if let Some(login) = &login {
        "Log in again".clone_into(&mut page.try_again_label);
        page.try_again = Some(login.clone());
    }
    let code = code(error.kind());
    respond(page, status, code, step_up::members(error, login.as_deref()), request)
}

/// The response for a status alone, such as 404 for a path without a route: a page, or JSON if the
/// request's `Accept` header asks for it.
#[must_use]
pub fn status_page(status: StatusCode, request: Option<&RequestContext>) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = reason.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let mut page = blank(status, request);
    reason.clone_into(&mut page.title);
    respond(page, status, &code, Map::new(), request)
}

/// A page without texts.
fn blank(status: StatusCode, request: Option<&RequestContext>) -> ErrorPage {
    ErrorPage {
        kind: None,
        status: status.as_u16(),
        title: String::new(),
        message: String::new(),
        provider_message: None,
        try_again: None,
        try_again_label: "Try again".to_owned(),
        home: request.map_or("/", |request| request.base_path().home()).to_owned(),
        home_label: "Go to home page".to_owned(),
        accept_language: request
            .and_then(|request| request.accept_language.clone())
            .unwrap_or_default(),
        details: None,
        html: None,
        content_security_policy: POLICY.to_owned(),
    }
}

/// The page as the application wants it, as HTML or JSON.
fn respond(
    page: ErrorPage,
    status: StatusCode,
    code: &str,
    mut members: Map<String, Value>,
    request: Option<&RequestContext>,
) -> Response {
    let page = match error_pages(request) {
        Some(pages) => pages.changed(page),
        None => page,
    };
    if wants_json(request.and_then(|request| request.accept.as_deref())) {
        let mut message = page.message.clone();
        if message.is_empty() {
            message.clone_from(&page.title);
        } else if let Some(words) = &page.provider_message {
            message = format!("{message} The provider says: “{words}”.");
        }
        members.insert("error".to_owned(), code.into());
        members.insert("error_description".to_owned(), message.into());
        if let Some(details) = page.details {
            members.insert("details".to_owned(), details.into());
        }
        return super::response::json(status, &Value::Object(members));
    }
    let policy = HeaderValue::try_from(page.content_security_policy.as_str());
    let text = page.html.clone().unwrap_or_else(|| built_in(&page));
    let mut response = html(status, text);
    if let Ok(policy) = policy {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// How the application shows errors, if the request is one of an application.
fn error_pages(request: Option<&RequestContext>) -> Option<&ErrorPages> {
    request?.oauth.as_ref().map(OAuth::error_pages)
}

/// The built-in page: one primary action.
fn built_in(error: &ErrorPage) -> String {
    let mut body = String::new();
    if !error.message.is_empty() {
        body = format!("<p>{}</p>", escape(&error.message));
    }
    if let Some(words) = &error.provider_message {
        body += &format!("<p>The provider says: “{}”.</p>", escape(words));
    }
    if let Some(path) = &error.try_again {
        let (path, label) = (escape(path), escape(&error.try_again_label));
        body += &format!("<a class=\"primary\" href=\"{path}\">{label}</a> ");
    }
    let primary = if error.try_again.is_some() { "" } else { "class=\"primary\" " };
    let (home, label) = (escape(&error.home), escape(&error.home_label));
    body += &format!("<a {primary}href=\"{home}\">{label}</a>");
    if let Some(details) = &error.details {
        let details = escape(details);
        body += &format!(
            "<details open><summary>For the developer</summary><pre>{details}</pre>\
             <p>Only a debug build at a loopback URL shows this.</p></details>"
        );
    }
    page(&escape(&error.title), &body)
}

/// A page; `body` is HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    include_str!("page.html").replace("{{title}}", title).replace("{{body}}", body)
}

/// What the provider says about a login that it did not allow.
fn provider_message(error: &Error) -> Option<String> {
    let provider = error.provider_error().filter(|_| {
        matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::AuthorizationError)
    })?;
    Some(provider.error_description.as_ref().unwrap_or(&provider.error).clone())
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
        ErrorKind::InsufficientAuthentication => {
            "To do this, you need to log in again, possibly with a second factor."
        }
        ErrorKind::InsufficientScope => {
            "To do this, you need to log in again and give this application more access."
        }
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
        ErrorKind::InsufficientAuthentication => "insufficient_user_authentication",
        ErrorKind::InsufficientScope => "insufficient_scope",
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
        ErrorKind::InsufficientAuthentication | ErrorKind::InsufficientScope => {
            "Please log in again"
        }
        ErrorKind::Conflict => "Account not connected",
        ErrorKind::InvalidCallback | ErrorKind::InvalidIdToken | ErrorKind::AuthorizationError => {
            "We couldn't log you in"
        }
        ErrorKind::InvalidRequest | ErrorKind::PayloadTooLarge => "Request not possible",
        ErrorKind::Unsupported => "Not supported",
        ErrorKind::Transport => "Login provider not reachable",
        ErrorKind::Store => "Temporarily unavailable",
        ErrorKind::InvalidResponse | ErrorKind::Config | ErrorKind::Internal => {
            "Something went wrong"
        }
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

    /// Details are for a developer at a loopback URL, and never for the users of a public site.
    #[test]
    fn details_are_shown_in_development_only() {
        let error =
            Error::new(ErrorKind::InvalidResponse, "the <b>check</b>").with_hint("the hint");
        let shown = |builder: crate::OAuthBuilder, accept: &'static str| {
            let oauth = builder.build().unwrap();
            let header = |name: &str| (name == "accept").then_some(accept);
            let request = RequestContext::new(http::Method::GET, "/", None, header);
            let response = render(&error, Some(&request.of_app(Some(&oauth))));
            String::from_utf8(response.into_body()).unwrap()
        };
        let local = || OAuth::builder().base_url("http://localhost:3000");
        let public = || OAuth::builder().base_url("https://app.example");
        let page = shown(local(), "text/html");
        assert!(page.contains("the &lt;b&gt;check&lt;/b&gt;; the hint"), "{page}");
        assert!(shown(local(), "application/json").contains("the hint"));
        for builder in [local().hide_error_details(), public(), OAuth::builder()] {
            assert!(!shown(builder, "text/html").contains("the hint"));
        }
        assert!(!shown(public(), "application/json").contains("the hint"));
        assert!(shown(public().dangerous_show_error_details(), "text/html").contains("the hint"));
    }

    #[test]
    fn application_translates_or_replaces_pages() {
        let oauth = OAuth::builder().error_pages(|page| match page.language().as_str() {
            "de" => "Nicht <möglich>".clone_into(&mut page.title),
            "fr" => {
                page.html = Some(format!("<h1>{}</h1>", page.status));
                "img-src 'self'".clone_into(&mut page.content_security_policy);
            }
            _ => {}
        });
        let oauth = oauth.build().unwrap();
        let page = |language: &'static str| {
            let header = |name: &str| (name == "accept-language").then_some(language);
            let request = RequestContext::new(http::Method::GET, "/", None, header);
            let request = request.of_app(Some(&oauth));
            let page = render(&Error::new(ErrorKind::InvalidRequest, "x"), Some(&request));
            let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            (String::from_utf8(page.into_body()).unwrap(), policy)
        };
        let (german, policy) = page("de-AT,de;q=0.9,en;q=0.8");
        assert!(german.contains("<h1>Nicht &lt;möglich&gt;</h1>"), "{german}");
        assert_eq!(policy, POLICY);
        assert_eq!(page("fr"), ("<h1>400</h1>".to_owned(), "img-src 'self'".to_owned()));
        assert!(page("en").0.contains("<h1>Request not possible</h1>"));
    }

    #[test]
    fn page_offers_to_try_again() {
        let down = Error::new(ErrorKind::Transport, "x");
        let (.., page) = respond(&down, "text/html");
        assert!(page.contains("href=\"/repos?a=%22b\">Try again</a>"), "{page}");
        let catch_all = RequestContext::new(http::Method::GET, "//evil.example/x", None, |_| None);
        let page = String::from_utf8(render(&down, Some(&catch_all)).into_body()).unwrap();
        assert!(!page.contains("evil"), "{page}");
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
