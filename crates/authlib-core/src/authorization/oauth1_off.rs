//! Without the feature `oauth1`: no login by OAuth 1.0a starts, because no such client passes the checks at the start.

use url::Url;

use super::front_channel::FrontChannel;
use super::options::AuthorizeOptions;
use super::pending::PendingLogin;
use crate::endpoints::oauth1::not_compiled;
use crate::error::{Error, Result};
use crate::oauth2::Token;
use crate::params::Params;

#[expect(clippy::unused_self, reason = "the same signatures as with the feature")]
impl FrontChannel {
    pub(super) async fn create_oauth1_url(
        &self,
        _: AuthorizeOptions,
    ) -> Result<(Url, PendingLogin)> {
        Err(not_compiled())
    }

    pub(super) fn oauth1_callback_state(_: &Params) -> Result<Option<String>> {
        Err(not_compiled())
    }

    pub(crate) fn problem_without_state(&self, _: &Params) -> Option<Error> {
        None
    }

    pub(super) async fn fetch_oauth1_token(&self, _: PendingLogin, _: &Params) -> Result<Token> {
        Err(not_compiled())
    }
}
