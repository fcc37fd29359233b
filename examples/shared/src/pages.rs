//! The pages of an example app. Untrusted text is escaped.

use std::fmt::Write as _;

use authlib_core::OAuth;
use http::{HeaderName, HeaderValue};

const STYLE: &str = include_str!("style.css");

/// The logged-in user, as the home page shows it.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The client's name.
    pub client: String,
    /// The client's label.
    pub label: String,
    /// The display name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The subject at the provider.
    pub sub: Option<String>,
    /// In how many seconds the access token expires.
    pub expires_in: Option<u64>,
    /// What all paths of the app begin with: the path of its base URL.
    pub base_path: String,
    /// The other clients, with which the user can connect an account.
    pub accounts: Vec<Account>,
}

/// Another client, as the home page shows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The client's name.
    pub client: String,
    /// The client's label.
    pub label: String,
    /// Whether the user has connected an account.
    pub is_connected: bool,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page(String);

/// The headers of every page: no cache, no frames, no scripts.
#[must_use]
pub fn headers() -> [(&'static str, &'static str); 5] {
    [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
             base-uri 'none'",
        ),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ]
}

impl Page {
    /// The home page of a user who is not logged in.
    #[must_use]
    pub fn welcome(framework: &str, oauth: &OAuth) -> Self {
        let (mut list, mut more) = (String::new(), String::new());
        for (place, app) in oauth.clients().filter(|client| client.accepts_logins()).enumerate() {
            let kind = if place == 0 { "button main" } else { "button" };
            let path = escaped(&oauth.site_path(&format!("/login/{}", app.name())));
            let label = escaped(app.display_name());
            // The OAuth 1.0a client of the demo provider: below a fold, because few need it.
            let list = if app.name() == "demo1" { &mut more } else { &mut list };
            let _ = write!(
                list,
                "<li><a class=\"{kind}\" href=\"{path}\">Log in with {label}</a></li>"
            );
        }
        if !more.is_empty() {
            let fold = "<details class=\"more\"><summary>More ways to log in</summary>";
            let _ = write!(list, "<li>{fold}<ul class=\"list\">{more}</ul></details></li>");
        }
        Self::new(
            framework,
            "Welcome",
            &format!(
                "<h1>Welcome</h1><p class=\"quiet\">Log in to see your profile.</p><ul class=\"list\">{list}</ul>"
            ),
        )
    }

    /// The home page of a user who is logged in.
    #[must_use]
    pub fn home(framework: &str, visitor: &Visitor) -> Self {
        let name = escaped(&visitor.name);
        let initial = visitor.name.chars().next().unwrap_or('?').to_uppercase().to_string();
        let mut rows = format!("<dt>Logged in with</dt><dd>{}</dd>", escaped(&visitor.label));
        for (title, value) in [("E-mail", &visitor.email), ("Subject", &visitor.sub)] {
            if let Some(value) = value {
                let _ = write!(rows, "<dt>{title}</dt><dd>{}</dd>", escaped(value));
            }
        }
        if let Some(seconds) = visitor.expires_in {
            let _ = write!(
                rows,
                "<dt>Access token</dt><dd>expires in {seconds} seconds; an API call after that refreshes it once</dd>"
            );
        }
        let (client, base) = (escaped(&visitor.client), escaped(&visitor.base_path));
        let button = |path: &str, label: &str| {
            format!(
                "<form method=\"post\" action=\"{base}/{path}\"><button class=\"button\">{label}</button></form>"
            )
        };
        let accounts: String = visitor.accounts.iter().fold(String::new(), |list, account| {
            let (client, label) = (escaped(&account.client), escaped(&account.label));
            list + &if account.is_connected {
                button(&format!("disconnect/{client}"), &format!("Disconnect {label}"))
            } else {
                format!("<a class=\"button\" href=\"{base}/connect/{client}\">Connect {label}</a>")
            }
        });
        let buttons = [
            accounts,
            button(&format!("refresh/{client}"), "Refresh the token now"),
            button("logout", "Log out"),
            button("logout-everywhere", "Log out everywhere"),
        ]
        .concat();
        Self::new(
            framework,
            "Your account",
            &format!(
                "<div class=\"who\"><span class=\"face\" aria-hidden=\"true\">{}</span><div>\
                 <h1>Hello, {name}</h1><p class=\"quiet\">You are logged in.</p></div></div>\
                 <dl>{rows}</dl><nav class=\"links\"><a href=\"{base}/profile\">Your profile as JSON</a>\
                 <a href=\"{base}/userinfo/{client}\">User info from the provider</a>\
                 <a href=\"{base}/api/{client}/echo\">Call the API</a></nav><div class=\"list\">{buttons}</div>",
                escaped(&initial)
            ),
        )
    }

    /// The page after a logout.
    #[must_use]
    pub fn logged_out(framework: &str) -> Self {
        Self::new(
            framework,
            "Logged out",
            "<h1>You are logged out</h1><p class=\"quiet\">See you soon.</p>\
             <ul class=\"list\"><li><a class=\"button main\" href=\"./\">Go to home page</a></li></ul>",
        )
    }

    /// The page for a path that does not exist; send it with status 404.
    #[must_use]
    pub fn not_found(framework: &str, oauth: &OAuth) -> Self {
        let home = escaped(&oauth.site_path("/"));
        let link = format!("<a class=\"button main\" href=\"{home}\">Go to home page</a>");
        Self::new(
            framework,
            "Not found",
            &format!(
                "<h1>Page not found</h1><p class=\"quiet\">There is no page at this address.</p>\
                 <ul class=\"list\"><li>{link}</li></ul>"
            ),
        )
    }

    /// The HTML.
    #[must_use]
    pub fn into_html(self) -> String {
        self.0
    }

    /// The page with its headers.
    #[must_use]
    pub fn into_response(self) -> http::Response<Vec<u8>> {
        let mut response = http::Response::new(self.0.into_bytes());
        response.headers_mut().extend(
            headers().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            }),
        );
        response
    }

    fn new(framework: &str, title: &str, body: &str) -> Self {
        let framework = escaped(framework);
        Self(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title} · Example</title><style>{STYLE}</style></head><body>\
             <header class=\"bar\"><span class=\"logo\" aria-hidden=\"true\">A</span>Example\
             <span class=\"by\">authlib on {framework}</span></header>\
             <main><section class=\"card\">{body}</section></main></body></html>"
        ))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        let visitor = Visitor {
            client: "demo".into(),
            label: "Demo".into(),
            name: "<script>alert(1)</script>".into(),
            email: None,
            sub: Some("\"><img>".into()),
            expires_in: Some(60),
            base_path: String::new(),
            accounts: vec![Account {
                client: "<b>".into(),
                label: "<script>".into(),
                is_connected: false,
            }],
        };
        let page = Page::home("axum", &visitor).into_html();
        assert!(!page.contains("<script>") && !page.contains("<img>") && !page.contains("<b>"));
    }
}
