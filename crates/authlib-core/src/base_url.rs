//! [`BaseUrl`]: the application's own URL.

use std::fmt;

use url::Url;

use crate::endpoint_url::{EndpointUrlError, endpoint_url};

/// The application's own URL, below which redirect URIs are that are given as paths. It is configured,
/// and never taken from a request's `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseUrlError {
    #[error(transparent)]
    Url(#[from] EndpointUrlError),
    #[error("it must not have a query")]
    Query,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = endpoint_url(text)?;
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
    fn parse_rejects_a_query_and_plain_http() {
        assert!(BaseUrl::parse("https://app.example/?a=b").is_err());
        assert!(BaseUrl::parse("http://app.example/").is_err());
        assert!(BaseUrl::parse("http://localhost:3000").is_ok());
    }
}
