//! Whether another site sent a request (Fetch Metadata, and the `Origin` header for browsers without it).

use url::Url;

use super::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// Where a request comes from, as the browser reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// A page of this origin, or the user (address bar, bookmark).
    Own,
    /// Another origin, another host or port of this site included.
    Other,
    /// The browser sent an `Origin` that can't be compared, because the registry has no base URL.
    Uncertain,
    /// The request has neither header: it does not come from a form in a browser.
    Unknown,
}

impl RequestContext {
    /// The origin of the request. `Sec-Fetch-Site` decides, if the browser sends it; else `Origin` is compared
    /// with the base URL.
    pub(super) fn site(&self, base_url: Option<&Url>) -> Site {
        match (self.sec_fetch_site.as_deref(), self.origin.as_deref(), base_url) {
            (Some("cross-site" | "same-site"), ..) => Site::Other,
            (Some(_), ..) => Site::Own,
            (None, None, _) => Site::Unknown,
            (None, Some(_), None) => Site::Uncertain,
            (None, Some(origin), Some(own)) => {
                if origin == own.origin().ascii_serialization() {
                    Site::Own
                } else {
                    Site::Other
                }
            }
        }
    }
}

impl RequestContext {
    /// Rejects a request that a page of another origin sent. `what` names the request in the log.
    pub(super) fn check_site(&self, base_url: Option<&Url>, what: &str) -> Result<()> {
        if self.site(base_url) != Site::Other {
            return Ok(());
        }
        let check = format!("cross-site {what} rejected (`Sec-Fetch-Site`, `Origin`)");
        let error = Error::new(ErrorKind::InvalidRequest, check)
            .with_hint("send it from a page of the same origin; `base_url` must be that origin");
        tracing::warn!(error = %error.report(), "request rejected");
        Err(error.logged())
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn sec_fetch_site_decides_before_origin() {
        let base = Url::parse("https://app.example/x").unwrap();
        for (fetch_site, origin, base, expected) in [
            (Some("cross-site"), None, Some(&base), Site::Other),
            (Some("same-site"), Some("https://app.example"), Some(&base), Site::Other),
            (Some("same-origin"), Some("https://evil.example"), Some(&base), Site::Own),
            (Some("none"), None, None, Site::Own),
            (None, Some("https://app.example"), Some(&base), Site::Own),
            (None, Some("https://app.example:8443"), Some(&base), Site::Other),
            (None, Some("null"), Some(&base), Site::Other),
            (None, Some("https://app.example"), None, Site::Uncertain),
            (None, None, Some(&base), Site::Unknown),
        ] {
            let header = |name: &str| match name {
                "sec-fetch-site" => fetch_site,
                "origin" => origin,
                _ => None,
            };
            let request = RequestContext::new(Method::POST, "/", None, header);
            assert_eq!(request.site(base), expected, "{fetch_site:?} {origin:?}");
        }
    }
}
