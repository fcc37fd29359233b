//! The device authorization grant (RFC 8628): [`DeviceLogin`].

use std::sync::Arc;
use std::time::Duration;

use super::client::EndpointClient;
use super::polled_login::{LoginPoll, PolledLogin};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::message::with_source;
use crate::oauth2::device::{device_authorization_form, parse_device_authorization_response};
use crate::oauth2::polling::{PolledFlow, Polling};
use crate::oauth2::{DeviceAuthorization, Grant, Token};

/// A device login in progress: the user has a code to type into a page on another device.
///
/// ```no_run
/// # async fn run(app: authlib_core::RegisteredClient) -> authlib_core::Result<()> {
/// let mut login = app.start_device_login(None).await?;
/// println!("Open {} and type {}", login.verification_uri(), login.user_code());
/// let token = login.wait().await?;
/// # let _ = token;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "call `wait` or `poll`: otherwise no token is requested"]
pub struct DeviceLogin {
    device: DeviceAuthorization,
    polled: PolledLogin,
}

impl DeviceLogin {
    /// Requests a device code (RFC 8628 §3.1); without `scope`, for the client's.
    pub(crate) async fn start(endpoints: Arc<EndpointClient>, scope: Option<&str>) -> Result<Self> {
        let scope = scope.map_or_else(|| endpoints.settings().scope.clone(), ToOwned::to_owned);
        let form = device_authorization_form(Some(&scope));
        let response = endpoints.call(Endpoint::DeviceAuthorization, form).await?;
        let device = parse_device_authorization_response(
            &response,
            &endpoints.settings().http_hosts,
            endpoints.now(),
        );
        let device = with_source(device, &response)?;
        let polling = Polling::new(PolledFlow::Device, device.interval, device.expires_at);
        let grant = Grant::device_code(&device.device_code);
        let polled = PolledLogin::new(endpoints, polling, grant, scope).await?;
        Ok(Self { device, polled })
    }

    /// The page that the user opens.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.device.verification_uri
    }

    /// The same page with the code in it, for a QR code, where the provider has one.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.device.verification_uri_complete.as_deref()
    }

    /// What the user types there.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.device.user_code
    }

    /// The provider's device authorization response (RFC 8628 §3.2).
    #[must_use]
    pub fn authorization(&self) -> &DeviceAuthorization {
        &self.device
    }

    /// Polls once whether the user has decided (RFC 8628 §3.4). If it is called before the wait of the
    /// last poll is over, the provider answers `slow_down`, and the wait becomes longer.
    ///
    /// # Errors
    ///
    /// [`AccessDenied`](crate::ErrorKind::AccessDenied) when the user refused,
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) when the code
    /// has expired or would before the next poll, and what else the token endpoint reports.
    pub async fn poll(&mut self) -> Result<LoginPoll> {
        self.polled.poll().await
    }

    /// Polls until the user has decided. To cancel, drop the future.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait(&mut self) -> Result<Token> {
        self.polled.wait().await
    }

    /// As [`wait`](Self::wait), for as long as `keep_on` returns true; then the result is `None`.
    /// `keep_on` is called with the length of each pause before it begins, for example to show progress.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait_while(
        &mut self,
        keep_on: impl FnMut(Duration) -> bool,
    ) -> Result<Option<Token>> {
        self.polled.wait_while(keep_on).await
    }
}
