//! [`SessionCookie`]: the attributes that the session cookie must have for logins to work.

use url::Url;

use crate::registry::OAuth;

/// The name of the session cookie on https. Browsers bind a cookie with this prefix to the host, the path
/// `/` and https.
const SECURE_NAME: &str = "__Host-session";

/// Name, path and `Secure` attribute of the session cookie. The other attributes are always the same: `HttpOnly`,
/// no domain, and `SameSite=Lax`, because browsers don't send a `Strict` cookie after the provider's redirect.
///
/// ```
/// use authlib_core::{OAuth, adapter::SessionCookie};
///
/// let oauth = OAuth::builder().base_url("http://localhost:3000").build()?;
/// let cookie = SessionCookie::of(&oauth);
/// assert_eq!((cookie.name.as_str(), cookie.path.as_str(), cookie.secure), ("session3000", "/", false));
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionCookie {
    /// The name: on https with the `__Host-` prefix, on http with the port, because cookies are shared
    /// between ports, and two applications in development would overwrite each other's. A base URL with a path has
    /// `__Secure-` instead of `__Host-`, and the path in the name: browsers send the cookies of the applications
    /// above it, too.
    pub name: String,
    /// `Path`: that of the base URL, so that other applications of the host don't get the cookie.
    pub path: String,
    /// `Secure`: on https only. Some browsers drop such a cookie on `http://localhost`.
    pub secure: bool,
}

impl SessionCookie {
    /// The cookie of an application, by the registry's base URL. Without a base URL it is one for https.
    #[must_use]
    pub fn of(oauth: &OAuth) -> Self {
        let Some(base_url) = oauth.base_url() else {
            tracing::warn!("no `base_url`: the session cookie is `Secure` and works on https only");
            return Self { name: SECURE_NAME.to_owned(), path: "/".to_owned(), secure: true };
        };
        Self::of_url(base_url)
    }

    fn of_url(base_url: &Url) -> Self {
        let secure = base_url.scheme() == "https";
        let port = base_url.port().map(|port| port.to_string()).unwrap_or_default();
        let path = base_url.path().trim_end_matches('/');
        let name = match (secure, path) {
            (true, "") => SECURE_NAME.to_owned(),
            (true, path) => format!("__Secure-session{}", in_name(path)),
            (false, path) => format!("session{port}{}", in_name(path)),
        };
        let path = if path.is_empty() { "/" } else { path };
        Self { name, path: path.to_owned(), secure }
    }
}

/// A path as part of a cookie's name.
fn in_name(path: &str) -> String {
    path.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_follows_scheme_port_and_path() {
        for (url, name, path, secure) in [
            ("https://app.example", "__Host-session", "/", true),
            ("HTTPS://app.example:8443/x", "__Secure-session.x", "/x", true),
            ("https://app.example/a_b/%C3%A4/", "__Secure-session.a.b..C3.A4", "/a_b/%C3%A4", true),
            ("http://localhost:3000", "session3000", "/", false),
            ("http://[::1]:8000/", "session8000", "/", false),
            ("http://localhost", "session", "/", false),
            ("http://localhost:3000/portal", "session3000.portal", "/portal", false),
        ] {
            let cookie = SessionCookie::of_url(&Url::parse(url).unwrap());
            let parts = (cookie.name.as_str(), cookie.path.as_str(), cookie.secure);
            assert_eq!(parts, (name, path, secure), "{url}");
        }
    }
}
