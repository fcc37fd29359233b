//! Where API requests may go, and where the access token is in them.

use std::time::Duration;

use url::Url;

use super::validate::Validator;
use crate::config::ClientConfig;
use crate::endpoint_url::endpoint_url;
use crate::oauth2::TokenPlacement;

impl ClientConfig {
    pub(super) fn placement(&self, check: &mut Validator<'_>) -> TokenPlacement {
        let accepted = "`header`, `body` and `query`";
        let text = self.token_placement.as_ref();
        check
            .one_of("token_placement", text, accepted, TokenPlacement::from_name)
            .unwrap_or_default()
    }

    /// The origins beside that of `api_base_url`.
    pub(super) fn origins(&self, check: &mut Validator<'_>) -> Vec<Url> {
        let mut origins = Vec::new();
        for text in &self.api_origins {
            match endpoint_url(text) {
                Ok(url) if url.path() == "/" && url.query().is_none() => origins.push(url),
                Ok(_) => {
                    let problem = format!("{text:?} is more than an origin: leave its path out");
                    check.problem("api_origins", problem);
                }
                Err(cause) => check.problem("api_origins", format!("{text:?} is refused: {cause}")),
            }
        }
        origins
    }

    /// The longest that a request may take.
    pub(super) fn longest(&self, check: &mut Validator<'_>) -> Option<Duration> {
        if self.timeout == Some(Duration::ZERO) {
            check.problem("timeout", "is zero: no answer would be in time");
        }
        self.timeout
    }
}

/// The base with a slash at its end, so that relative URLs go below it and not beside.
pub(super) fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url.set_query(None);
    url
}
