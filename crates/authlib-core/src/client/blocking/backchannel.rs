//! The blocking [`BackchannelLogin`].

use std::time::Duration;

use super::runtime::block_on;
use crate::endpoints::{self, LoginPoll};
use crate::error::Result;
use crate::oauth2::Token;
use crate::oidc::backchannel_authentication::BackchannelAuthentication;

/// A [`BackchannelLogin`](endpoints::BackchannelLogin) whose calls return when they are done.
#[derive(Debug)]
#[must_use = "call `wait` or `poll`: otherwise no token is requested"]
pub struct BackchannelLogin {
    inner: endpoints::BackchannelLogin,
}

impl BackchannelLogin {
    pub(super) fn of(inner: endpoints::BackchannelLogin) -> Self {
        Self { inner }
    }

    /// The response of the provider.
    #[must_use]
    pub fn authentication(&self) -> &BackchannelAuthentication {
        self.inner.authentication()
    }

    /// As [`poll`](endpoints::BackchannelLogin::poll).
    pub fn poll(&mut self) -> Result<LoginPoll> {
        block_on(self.inner.poll())
    }

    /// As [`wait`](endpoints::BackchannelLogin::wait).
    pub fn wait(&mut self) -> Result<Token> {
        block_on(self.inner.wait())
    }

    /// As [`wait_while`](endpoints::BackchannelLogin::wait_while): return `false` to stop.
    pub fn wait_while(&mut self, keep_on: impl FnMut(Duration) -> bool) -> Result<Option<Token>> {
        block_on(self.inner.wait_while(keep_on))
    }
}
