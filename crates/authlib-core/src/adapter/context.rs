//! [`RequestContext`]: what is read of a request's head.

use http::Method;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, COOKIE, HOST, ORIGIN,
};

use super::SessionCookie;
use percent_encoding::percent_decode_str;

use crate::base_url::BasePath;
use crate::registry::OAuth;

/// The parts of a request's head that this library reads, copied from the framework's request. Its `Debug`
/// shows the method only: a callback's query contains the code.
#[derive(Clone)]
pub struct RequestContext {
    pub(super) method: Method,
    /// As the application received it: a proxy may have removed the base path.
    path: String,
    query: Option<String>,
    /// The path of the application's base URL.
    base_path: String,
    pub(super) accept: Option<String>,
    pub(super) accept_language: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) sec_fetch_site: Option<String>,
    pub(super) origin: Option<String>,
    /// The `Host`, which is compared with the base URL and never trusted.
    pub(super) host: Option<String>,
    prefetch: bool,
    /// The `Cookie` header, until the name of the session's cookie is known.
    cookies: Option<String>,
    /// The name of the session's cookie, if the browser did not send it.
    pub(super) missing_cookie: Option<String>,
    /// The registry of the application.
    pub(super) oauth: Option<OAuth>,
    /// Whether a CORS preflight asks for permission (Fetch Standard, CORS protocol).
    pub(super) is_preflight: bool,
    /// Whether the browser shows the response as a page of its own, so that a redirect to a login helps.
    pub(super) is_navigation: bool,
}

impl RequestContext {
    /// A request with this method, path and query, as the browser sent them. `header` returns the first
    /// value of a header; names are in lower case.
    ///
    /// ```
    /// use authlib_core::adapter::RequestContext;
    ///
    /// let headers = http::HeaderMap::new();
    /// let header = |name: &str| headers.get(name)?.to_str().ok();
    /// let request = RequestContext::new(http::Method::GET, "/login", Some("next=/inbox"), header);
    /// assert_eq!(request.query(), Some("next=/inbox"));
    /// ```
    pub fn new<'h>(
        method: Method,
        path: &str,
        query: Option<&str>,
        header: impl Fn(&str) -> Option<&'h str>,
    ) -> Self {
        let copy = |name: &str| header(name).map(str::to_owned);
        let prefetch = ["purpose", "sec-purpose", "x-moz"].into_iter().any(|name| {
            header(name).is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"))
        });
        let mode = header("sec-fetch-mode");
        let is_navigation = match mode {
            Some(mode) => mode == "navigate" && header("sec-fetch-dest") == Some("document"),
            None => {
                let accept = header(ACCEPT.as_str()).unwrap_or_default();
                accept.contains("text/html") && header("x-requested-with").is_none()
            }
        };
        let asks = header(ACCESS_CONTROL_REQUEST_METHOD.as_str()).is_some();
        Self {
            is_preflight: asks && method == Method::OPTIONS && header(ORIGIN.as_str()).is_some(),
            is_navigation: is_navigation && !prefetch,
            path: path.to_owned(),
            base_path: "/".to_owned(),
            query: query.map(str::to_owned),
            accept: copy(ACCEPT.as_str()),
            accept_language: copy(ACCEPT_LANGUAGE.as_str()),
            oauth: None,
            content_type: copy(CONTENT_TYPE.as_str()),
            sec_fetch_site: copy("sec-fetch-site"),
            origin: copy(ORIGIN.as_str()),
            host: copy(HOST.as_str()),
            cookies: copy(COOKIE.as_str()),
            missing_cookie: None,
            prefetch,
            method,
        }
    }

    /// The same request, of an application with this registry: the links of error pages are below the path of its
    /// base URL, and errors say whether the browser sent the session's cookie.
    #[must_use]
    pub fn of_app(mut self, oauth: Option<&OAuth>) -> Self {
        if let Some(oauth) = oauth {
            self.base_path = oauth.site_path("/");
            self.oauth = Some(oauth.clone());
            let name = SessionCookie::of(oauth).name;
            let cookies = self.cookies.take().unwrap_or_default();
            let is_sent = cookies.split(';').any(|cookie| {
                // Rocket's session has several cookies, with this name and a suffix.
                let rest = cookie.trim_start().strip_prefix(&name);
                rest.is_some_and(|rest| rest.starts_with(['=', '-']))
            });
            self.missing_cookie = Some(name).filter(|_| !is_sent);
        }
        self
    }

    pub(super) fn base_path(&self) -> BasePath<'_> {
        BasePath::new(&self.base_path)
    }

    /// The query, without `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The last part of the path.
    pub(super) fn last_segment(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The part of the path behind `prefix` and a slash, as the browser sent it.
    pub(super) fn path_behind(&self, prefix: &str) -> Option<&str> {
        let inner = || behind(self.base_path().strip(&self.path)?, prefix);
        behind(&self.path, prefix).or_else(inner)
    }

    /// The same request, if it accepted JSON only.
    pub(super) fn as_api_request(&self) -> Self {
        Self { accept: Some("application/json".to_owned()), ..self.clone() }
    }

    /// Whether the request must not use up a login: a HEAD request or a prefetch. The real request is
    /// still to come.
    pub(super) fn is_speculative(&self) -> bool {
        self.method == Method::HEAD || self.prefetch
    }

    /// The path by which browsers know the page.
    pub(super) fn external_path(&self) -> String {
        self.base_path().external(&self.path)
    }

    /// Path and query, by which the user can repeat a GET.
    pub(super) fn repeatable(&self) -> Option<String> {
        let path = self.external_path();
        (self.method == Method::GET).then(|| match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        })
    }
}

/// Compares segment by segment: a browser may escape characters of the prefix.
fn behind<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let mut rest = path;
    for expected in prefix.trim_matches('/').split('/') {
        let path = rest.strip_prefix('/')?;
        let (segment, _) = path.split_once('/').unwrap_or((path, ""));
        if percent_decode_str(segment).ne(expected.bytes()) {
            return None;
        }
        rest = path.strip_prefix(segment)?;
    }
    Some(rest.strip_prefix('/').unwrap_or(rest))
}

debug_fields!(RequestContext { method });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_behind_prefix_is_kept_as_sent() {
        let oauth = OAuth::builder().base_url("https://app.example/api").build().unwrap();
        for (path, behind) in [
            ("/api/op/a%2Fb//c/", Some("a%2Fb//c/")),
            ("/api/op/", Some("")),
            ("/api/op", Some("")),
            ("/api/op//x", Some("/x")),
            ("/api/%6Fp/x", Some("x")),
            ("/api/api/op/x", Some("x")),
            ("/api/open/x", None),
            ("/api/other/op/x", None),
            ("/x", None),
        ] {
            let request = RequestContext::new(Method::GET, path, None, |_| None);
            let request = request.of_app(Some(&oauth));
            assert_eq!(request.path_behind("/api/op"), behind, "{path}");
        }
    }
}
