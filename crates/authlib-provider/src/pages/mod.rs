//! The provider's pages. Every text that comes from outside is escaped.

use authlib_core::message::Response;
use http::header;

use crate::client::TestClient;
use crate::exchange::{self, Fields, field, respond};
use crate::provider::{Provider, unguessable};
use crate::user::TestUser;

const STYLE: &str = include_str!("style.css");

/// Who a page is filled in for.
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) display_name: String,
}

impl Person {
    /// Who is hinted at, or else the first user of all.
    pub(crate) fn suggested(provider: &Provider, hint: Option<&str>) -> Self {
        let state = provider.state();
        let first = || state.users.first().map(|user| user.sub.clone());
        let username = hint.map(ToOwned::to_owned).or_else(first).unwrap_or_default();
        let known = state.users.iter().find(|user| user.sub == username);
        let display_name = known.map_or(username.as_str(), TestUser::display_name).to_owned();
        Self { username, display_name }
    }
}

/// The page that asks who logs in, and whether the client may know.
pub(crate) fn login(client: &TestClient, asked: &Fields, person: &Person, back: &str) -> Response {
    let request = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    let host = url::Url::parse(back).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    page(
        include_str!("login.html"),
        &[
            ("scopes", &scopes(field(asked, "scope").unwrap_or_default())),
            ("client", &escaped(&client.name)),
            ("request", &escaped(&request)),
            ("username", &escaped(&person.username)),
            ("display_name", &escaped(&person.display_name)),
            ("host", &escaped(&host.unwrap_or_default())),
        ],
        200,
        // The answer to the form redirects to the client, and browsers hold `form-action` against that.
        &format!("form-action 'self' {}", source(back)),
    )
}

/// What a scope lets a client do, as items of a list.
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
                "offline_access" => "stay connected while you are away".to_owned(),
                other => format!("use “{other}”"),
            })
        })
        .fold("<li>know who you are</li>".to_owned(), |list, scope| {
            format!("{list}<li>{}</li>", escaped(&scope))
        })
}

/// The page that asks for the code of a device (RFC 8628 §3.3). Where the code came with the address, it
/// says what the device wants: so that nobody allows what somebody else sent them (§5.4).
pub(crate) fn device(
    asking: Option<(String, String)>,
    user_code: &str,
    person: &Person,
) -> Response {
    let asking = match asking {
        Some((client, scope)) => {
            let (client, scopes) = (escaped(&client), scopes(&scope));
            format!("<p class=\"quiet\">{client} would like to:</p><ul>{scopes}</ul>")
        }
        None => String::new(),
    };
    page(
        include_str!("device.html"),
        &[
            ("asking", &asking),
            ("user_code", &escaped(user_code)),
            ("username", &escaped(&person.username)),
            ("display_name", &escaped(&person.display_name)),
        ],
        200,
        "form-action 'self'",
    )
}

/// The end of the page for devices.
pub(crate) fn device_done(title: &str, message: &str) -> Response {
    words(200, title, message)
}

/// The page that posts the answer back (OAuth 2.0 Form Post Response Mode).
pub(crate) fn form_post(action: &str, fields: &Fields) -> Response {
    let nonce = unguessable();
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    page(
        include_str!("form_post.html"),
        &[("action", &escaped(action)), ("fields", &inputs), ("nonce", &nonce)],
        200,
        &format!("script-src 'nonce-{nonce}'; form-action {}", source(action)),
    )
}

/// The end of an OAuth 1.0a login whose client can't be returned to: the verifier to type there, or
/// nothing (RFC 5849 §2.1, `oob`).
pub(crate) fn out_of_band(verifier: Option<&str>) -> Response {
    match verifier {
        Some(verifier) => words(200, "Almost there", &format!("Type this code there: {verifier}")),
        None => words(200, "Nothing was allowed", "You can close this page now."),
    }
}

/// A request that can't be answered by sending the browser back.
pub(crate) fn problem(message: &str) -> Response {
    words(400, "This login can't go on", message)
}

/// The end of a session without an address to return to.
pub(crate) fn logged_out() -> Response {
    words(200, "You are logged out", "You can close this page now.")
}

fn words(status: u16, title: &str, message: &str) -> Response {
    page(
        include_str!("message.html"),
        &[("title", &escaped(title)), ("message", &escaped(message))],
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
    exchange::set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    exchange::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    exchange::set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// A redirect URI as a source of a content security policy: its origin, or the scheme of an app.
fn source(uri: &str) -> String {
    match url::Url::parse(uri) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => "'none'".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A value must never look like a place of the template.
            '{' => out.push_str("&#123;"),
            other => out.push(other),
        }
    }
    out
}
