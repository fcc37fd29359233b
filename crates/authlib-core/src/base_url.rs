//! [`BaseUrl`]: the application's own URL, [`BasePath`], its path, and [`OtherHosts`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::endpoint_url::{EndpointUrlError, HttpHosts, endpoint_url};

/// The application's own URL, below which redirect URIs are that are given as paths. It is configured,
/// and never taken from a request's `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

/// The path of the base URL: all pages of the application are below it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BasePath<'a>(&'a str);

#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseUrlError {
    #[error(transparent)]
    Url(#[from] EndpointUrlError),
    #[error("it must not have a query")]
    Query,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = endpoint_url(text, HttpHosts::LOOPBACK)?;
        if url.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        Ok(Self(url))
    }

    /// The absolute URL of a path below it, also if the base URL has a path of its own.
    pub(crate) fn join(&self, path: &str) -> Result<Url, url::ParseError> {
        let base = self.0.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{}", path.trim_start_matches('/')))
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

/// The most hosts that are remembered: anyone can send any `Host`.
const MAX_HOSTS: usize = 10;

/// The hosts of requests that are not that of the base URL, so that each is reported once.
#[derive(Debug, Default)]
pub(crate) struct OtherHosts(Mutex<BTreeSet<String>>);

impl OtherHosts {
    /// Whether `host`, a request's `Host`, is another one than the base URL's, and is seen for the first time. It is only
    /// compared, and decides nothing.
    pub(crate) fn is_news(&self, host: &str, base_url: &Url) -> bool {
        let Ok(seen) = Url::parse(&format!("{}://{host}/", base_url.scheme())) else {
            return false;
        };
        if seen.origin() == base_url.origin() {
            return false;
        }
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.len() < MAX_HOSTS && hosts.insert(seen.origin().ascii_serialization())
    }
}

impl<'a> BasePath<'a> {
    /// The path of a base URL; `/` without one.
    pub(crate) fn of(base_url: Option<&'a Url>) -> Self {
        Self(base_url.map_or("/", Url::path))
    }

    /// As [`of`](Self::of), of the path itself.
    pub(crate) fn new(path: &'a str) -> Self {
        Self(path)
    }

    /// The landing page: the base URL as it is configured, with or without a slash at its end.
    pub(crate) fn home(self) -> &'a str {
        self.0
    }

    /// Whether a path is the base path or below it.
    pub(crate) fn contains(self, path: &str) -> bool {
        let rest = path.strip_prefix(self.0.trim_end_matches('/'));
        path.starts_with('/')
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// A path without the base path; `None` if it is not below it.
    pub(crate) fn strip(self, path: &str) -> Option<&str> {
        path.strip_prefix(self.0.trim_end_matches('/')).filter(|_| self.contains(path))
    }

    /// The path by which browsers know a page of the application. The application may know it without the base
    /// path, if a proxy removes that.
    pub(crate) fn external(self, path: &str) -> String {
        match path {
            "" | "/" => self.0.to_owned(),
            path if self.contains(path) => path.to_owned(),
            path => {
                format!("{}/{}", self.0.trim_end_matches('/'), path.trim_start_matches('/'))
            }
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_stays_below_the_base() {
        for (base, url) in [
            ("https://app.example", "https://app.example/auth"),
            ("https://app.example/shop/", "https://app.example/shop/auth"),
        ] {
            let base = BaseUrl::parse(base).unwrap();
            assert_eq!(base.join("/auth").unwrap().as_str(), url);
            assert_eq!(base.join("auth").unwrap().as_str(), url);
        }
    }

    #[test]
    fn each_other_host_is_news_once() {
        let base = |text: &str| Url::parse(text).unwrap();
        let (local, site) = (base("http://localhost:3000"), base("https://app.example/portal"));
        let hosts = OtherHosts::default();
        for (host, base, news) in [
            ("localhost:3000", &local, false),
            ("LOCALHOST:3000", &local, false),
            ("app.example", &site, false),
            ("app.example:443", &site, false),
            ("", &site, false),
            ("a b", &site, false),
            ("127.0.0.1:3000", &local, true),
            ("127.0.0.1:3000", &local, false),
            ("localhost", &local, true),
            ("www.app.example", &site, true),
            ("www.app.example:443", &site, false),
        ] {
            assert_eq!(hosts.is_news(host, base), news, "{host}");
        }
        let many = (0..100).filter(|n| hosts.is_news(&format!("h{n}.example"), &site));
        assert_eq!(many.count() + 3, MAX_HOSTS);
    }

    #[test]
    fn external_path_is_below_the_base_path() {
        for (base, path, expected) in [
            ("/", "/inbox", "/inbox"),
            ("/", "inbox", "/inbox"),
            ("/", "", "/"),
            ("/portal", "/", "/portal"),
            ("/portal/", "/", "/portal/"),
            ("/portal", "/inbox?a=/b", "/portal/inbox?a=/b"),
            ("/portal/", "/inbox", "/portal/inbox"),
            ("/portal", "/portal/inbox", "/portal/inbox"),
            ("/portal", "/portal?a=b", "/portal?a=b"),
            ("/portal", "/portals", "/portal/portals"),
            ("/portal", "//evil.example", "/portal/evil.example"),
        ] {
            let base = BasePath::new(base);
            assert_eq!(base.external(path), expected, "{path}");
            assert!(base.contains(expected), "{expected}");
        }
        for outside in ["/", "/other", "/portals", "portal/x", "", "/Portal/x"] {
            assert!(!BasePath::new("/portal").contains(outside), "{outside}");
        }
    }

    #[test]
    fn parse_rejects_a_query_and_plain_http() {
        assert!(BaseUrl::parse("https://app.example/?a=b").is_err());
        assert!(BaseUrl::parse("http://app.example/").is_err());
        assert!(BaseUrl::parse("http://localhost:3000").is_ok());
    }
}
