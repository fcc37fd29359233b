//! [`SessionCookie`]: how the session's cookie must be for logins to work, whichever crate sets it.

/// The name of the session's cookie on https; browsers hold what begins so to this host, to `/` and to
/// https.
const SECURE_NAME: &str = "__Host-session";

/// Name and `Secure` attribute of the session's cookie. The rest is the same everywhere: `HttpOnly`,
/// path `/`, no domain, and `SameSite=Lax`, for a `Strict` cookie is not sent when the provider sends
/// the browser back.
///
/// ```
/// use authlib_core::login::SessionCookie;
///
/// let cookie = SessionCookie::of("https://app.example.com");
/// assert_eq!((cookie.name.as_str(), cookie.secure), ("__Host-session", true));
/// let cookie = SessionCookie::of("http://localhost:3000");
/// assert_eq!((cookie.name.as_str(), cookie.secure), ("session3000", false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionCookie {
    /// The name: with the `__Host-` prefix on https, and with the port on http, for cookies know no
    /// ports, and on one machine two applications under development would take each other's.
    pub name: String,
    /// `Secure`: on https only. Some browsers drop such a cookie on `http://localhost`.
    pub secure: bool,
}

impl SessionCookie {
    /// The cookie of an application whose external URL is `base_url`.
    #[must_use]
    pub fn of(base_url: &str) -> Self {
        let secure = base_url.starts_with("https://");
        let port = base_url.rsplit_once(':').map_or("", |(_, port)| port);
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        let name = if secure { SECURE_NAME.to_owned() } else { format!("session{port}") };
        Self { name, secure }
    }
}
