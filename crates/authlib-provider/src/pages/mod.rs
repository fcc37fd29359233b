//! The provider's pages. Every text from a request is escaped.

use authlib_core::message::Response;
use http::header;
use url::Url;

use crate::random;
use crate::request::{Fields, field};
use crate::response::{self, respond};
use crate::state::Context;
use crate::state::TestClient;
use crate::state::TestUser;

const STYLE: &str = include_str!("style.css");

/// The user whose names a page suggests.
pub(crate) struct SuggestedUser {
    username: String,
    display_name: String,
}

impl SuggestedUser {
    /// The user of the login hint, or the first user.
    pub(crate) fn new(context: &Context, login_hint: Option<&str>) -> Self {
        let state = context.state();
        let first = || state.users.first().map(|user| user.sub.clone());
        let username = login_hint.map(ToOwned::to_owned).or_else(first).unwrap_or_default();
        let known = state.users.iter().find(|user| user.sub == username);
        let display_name = known.map_or(username.as_str(), TestUser::display_name).to_owned();
        Self { username, display_name }
    }
}

/// The login and consent page for the authorization request `fields`.
pub(crate) fn login(
    client: &TestClient,
    fields: &Fields,
    user: &SuggestedUser,
    redirect_uri: &str,
) -> Response {
    let request = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    page(
        include_str!("login.html"),
        &[
            ("scopes", &scopes(field(fields, "scope").unwrap_or_default())),
            ("client", &html_escape(&client.name)),
            ("request", &html_escape(&request)),
            ("username", &html_escape(&user.username)),
            ("display_name", &html_escape(&user.display_name)),
            ("host", &html_escape(&host(redirect_uri))),
        ],
        200,
        // Browsers apply `form-action` also to the redirect that follows the form.
        &format!("form-action 'self' {}", csp_source(redirect_uri)),
    )
}

/// Host and port of a URL, or the scheme of an app.
fn host(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return String::new() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.scheme().to_owned(),
    }
}

/// What the client may do with these scopes, as list items.
fn scopes(scope: &str) -> String {
    scope
        .split(' ')
        .filter_map(|scope| {
            Some(match scope {
                "" | "openid" => return None,
                "profile" => "see your name and profile".to_owned(),
                "email" => "see your e-mail address".to_owned(),
                "address" => "see your postal address".to_owned(),
                "phone" => "see your telephone number".to_owned(),
                "offline_access" => "stay connected when you are not using it".to_owned(),
                other => format!("use “{other}”"),
            })
        })
        .fold("<li>identify you</li>".to_owned(), |list, scope| {
            format!("{list}<li>{}</li>", html_escape(&scope))
        })
}

/// The page for the user code of a device (RFC 8628 §3.3). If the code is in the URL, it shows the client and the
/// scopes, so that users can recognise a request that somebody else sent them (§5.4).
pub(crate) fn device(
    requested: Option<(String, String)>,
    user_code: &str,
    user: &SuggestedUser,
) -> Response {
    let requested = match requested {
        Some((client, scope)) => {
            let (client, scopes) = (html_escape(&client), scopes(&scope));
            format!("<p class=\"quiet\">{client} would like to:</p><ul>{scopes}</ul>")
        }
        None => String::new(),
    };
    page(
        include_str!("device.html"),
        &[
            ("requested", &requested),
            ("user_code", &html_escape(user_code)),
            ("username", &html_escape(&user.username)),
            ("display_name", &html_escape(&user.display_name)),
        ],
        200,
        "form-action 'self'",
    )
}

/// The page that posts the authorization response to the client (OAuth 2.0 Form Post Response Mode).
pub(crate) fn form_post(action: &str, fields: &Fields) -> Response {
    let nonce = random::token();
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (html_escape(name), html_escape(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    page(
        include_str!("form_post.html"),
        &[("action", &html_escape(action)), ("fields", &inputs), ("nonce", &nonce)],
        200,
        &format!("script-src 'nonce-{nonce}'; form-action {}", csp_source(action)),
    )
}

/// The end of an OAuth 1.0a login with the callback `oob` (RFC 5849 §2.1): the verifier for the user to enter.
pub(crate) fn out_of_band(verifier: Option<&str>) -> Response {
    match verifier {
        Some(verifier) => {
            message("Almost done", &format!("Enter this code in the app: {verifier}"))
        }
        None => message("Access denied", "You can close this page."),
    }
}

/// A rejected request whose client cannot be redirected to.
pub(crate) fn problem(text: &str) -> Response {
    message_with_status(400, "Login request rejected", text)
}

/// A submitted page without a user name.
pub(crate) fn missing_user_name() -> Response {
    problem("Enter a user name.")
}

pub(crate) fn message(title: &str, text: &str) -> Response {
    message_with_status(200, title, text)
}

fn message_with_status(status: u16, title: &str, text: &str) -> Response {
    page(
        include_str!("message.html"),
        &[("title", &html_escape(title)), ("message", &html_escape(text))],
        status,
        "form-action 'none'",
    )
}

fn page(template: &str, values: &[(&str, &str)], status: u16, policy: &str) -> Response {
    let mut html = template.replace("{{style}}", STYLE);
    for (name, value) in values {
        html = html.replace(&format!("{{{{{name}}}}}"), value);
    }
    let mut response = respond(status, "text/html; charset=utf-8", html);
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; {policy}"
    );
    response::set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    response::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response::set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// A redirect URI as a source of a content security policy: its origin, or the scheme of an app.
fn csp_source(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => "'none'".to_owned(),
    }
}

fn html_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A value must never look like a placeholder of a template.
            '{' => out.push_str("&#123;"),
            other => out.push(other),
        }
    }
    out
}
