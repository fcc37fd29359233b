//! The blocking [`DeviceLogin`].

use std::time::Duration;

use super::runtime::block_on;
use crate::endpoints::{self, LoginPoll};
use crate::error::Result;
use crate::oauth2::{DeviceAuthorization, Token};

/// A [`DeviceLogin`](endpoints::DeviceLogin) whose calls return when they are done.
#[derive(Debug)]
#[must_use = "call `wait` or `poll`: otherwise no token is requested"]
pub struct DeviceLogin {
    inner: endpoints::DeviceLogin,
}

impl DeviceLogin {
    pub(super) fn of(inner: endpoints::DeviceLogin) -> Self {
        Self { inner }
    }

    /// The page that the user opens.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        self.inner.verification_uri()
    }

    /// The same page with the code in it, where the provider has one.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.inner.verification_uri_complete()
    }

    /// What the user types there.
    #[must_use]
    pub fn user_code(&self) -> &str {
        self.inner.user_code()
    }

    /// The response of the provider.
    #[must_use]
    pub fn authorization(&self) -> &DeviceAuthorization {
        self.inner.authorization()
    }

    /// As [`poll`](endpoints::DeviceLogin::poll).
    pub fn poll(&mut self) -> Result<LoginPoll> {
        block_on(self.inner.poll())
    }

    /// As [`wait`](endpoints::DeviceLogin::wait).
    pub fn wait(&mut self) -> Result<Token> {
        block_on(self.inner.wait())
    }

    /// As [`wait_while`](endpoints::DeviceLogin::wait_while): return `false` to stop.
    pub fn wait_while(&mut self, keep_on: impl FnMut(Duration) -> bool) -> Result<Option<Token>> {
        block_on(self.inner.wait_while(keep_on))
    }
}
