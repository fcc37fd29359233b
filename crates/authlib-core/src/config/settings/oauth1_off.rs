//! Without the feature `oauth1`: an OAuth 1.0a client is an error at the start.

use super::validator::Validator;
use crate::config::ClientConfig;

/// No client has any.
#[derive(Debug)]
pub(crate) enum OAuth1Settings {}

impl ClientConfig {
    /// Reports what to do: a client that is ignored, or is taken for one of OAuth 2.0, would fail at its first login.
    #[expect(clippy::unused_self, reason = "the same signature as with the feature")]
    pub(super) fn oauth1(&self, check: &mut Validator) -> Option<OAuth1Settings> {
        let problem = "is for OAuth 1.0a, which needs the cargo feature `oauth1` of authlib-core, authlib-axum, \
                       authlib-actix or authlib-rocket";
        check.problem("request_token_url", problem);
        None
    }
}
