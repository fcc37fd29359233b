//! Where API requests may go.

use url::Url;

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::endpoint_url::endpoint_url;

impl ClientConfig {
    /// The base of relative URLs, with a slash at its end: they are resolved below it, not beside it.
    pub(super) fn checked_api_base_url(&self, check: &mut Validator) -> Option<Url> {
        let mut url = check.url("api_base_url", self.api_base_url.as_deref())?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url.set_query(None);
        Some(url)
    }

    /// The origins that the access token may be sent to, besides that of `api_base_url`.
    pub(super) fn checked_api_origins(&self, check: &mut Validator) -> Vec<Url> {
        let mut origins = Vec::new();
        for text in &self.api_origins {
            match endpoint_url(text, &check.http_hosts) {
                Ok(url) if url.path() == "/" && url.query().is_none() => origins.push(url),
                Ok(_) => check.url_problem("api_origins", text, &"an origin has no path and query"),
                Err(cause) => check.url_problem("api_origins", text, &cause.with_setting(text)),
            }
        }
        origins
    }
}
