//! [`RequestContext`]: what is read of a request's head.

use http::Method;
use http::header::{ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN};

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
    pub(super) content_type: Option<String>,
    pub(super) sec_fetch_site: Option<String>,
    pub(super) origin: Option<String>,
    prefetch: bool,
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
            content_type: copy(CONTENT_TYPE.as_str()).filter(|_| method == Method::POST),
            sec_fetch_site: copy("sec-fetch-site"),
            origin: copy(ORIGIN.as_str()),
            prefetch,
            method,
        }
    }

    /// The same request, of an application with the base URL of this registry: the links of error pages are below
    /// its path.
    #[must_use]
    pub fn of_app(mut self, oauth: Option<&OAuth>) -> Self {
        if let Some(oauth) = oauth {
            self.base_path = oauth.site_path("/");
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

    /// The same request, if it accepted JSON only.
    pub(super) fn as_api_request(&self) -> Self {
        Self { accept: Some("application/json".to_owned()), ..self.clone() }
    }

    /// Whether the request must not use up a login: a HEAD request or a prefetch. The real request is
    /// still to come.
    pub(super) fn is_speculative(&self) -> bool {
        self.method == Method::HEAD || self.prefetch
    }

    /// Path and query, by which the user can repeat a GET.
    pub(super) fn repeatable(&self) -> Option<String> {
        let path = self.base_path().external(&self.path);
        (self.method == Method::GET).then(|| match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        })
    }
}

debug_fields!(RequestContext { method });
