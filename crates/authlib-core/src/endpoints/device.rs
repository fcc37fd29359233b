//! The device authorization grant (RFC 8628): [`DeviceLogin`].

use std::sync::Arc;
use std::time::Duration;

use super::client::EndpointClient;
use super::dpop::SenderConstraint;
use crate::config::is_openid;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::message::with_source;
use crate::oauth2::device::{
    PollStep, Polling, device_authorization_form, parse_device_authorization_response,
};
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
    endpoints: Arc<EndpointClient>,
    device: DeviceAuthorization,
    polling: Polling,
    scope: String,
    /// What binds the token.
    constraint: SenderConstraint,
    /// How long to wait before the next poll; `None` before the first.
    pause: Option<Duration>,
}

/// The result of one poll of a device login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DevicePoll {
    /// The user has not decided yet.
    Pending {
        /// How long to wait before the next poll.
        wait: Duration,
    },
    /// The user authorized the device.
    Token(Box<Token>),
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
        let polling = Polling::new(&device);
        let constraint = endpoints.new_constraint().await?;
        Ok(Self { endpoints, device, polling, scope, constraint, pause: None })
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
    /// [`ErrorKind::AccessDenied`] when the user refused, [`ErrorKind::Unauthenticated`] when the code
    /// has expired or would before the next poll, and what else the token endpoint reports.
    pub async fn poll(&mut self) -> Result<DevicePoll> {
        let polled = self.poll_once().await;
        self.endpoints.named(polled)
    }

    async fn poll_once(&mut self) -> Result<DevicePoll> {
        let error = match self.request_token().await {
            Ok(token) => {
                let token = self.endpoints.verify_token(token).await?;
                return Ok(DevicePoll::Token(Box::new(token)));
            }
            Err(error) => error,
        };
        match self.polling.after(&error, self.endpoints.now()) {
            PollStep::Wait(wait) => {
                self.pause = Some(wait);
                Ok(DevicePoll::Pending { wait })
            }
            PollStep::Stop(error) => Err(self.endpoints.settings().with_denial(error)),
        }
    }

    async fn request_token(&self) -> Result<Token> {
        if self.endpoints.settings().issuer.is_some() && is_openid(&self.scope) {
            // The device code can be redeemed only once: the keys for its ID token must be there first.
            self.endpoints.documents().prefetch_keys().await?;
        }
        let grant = Grant::device_code(&self.device.device_code);
        self.endpoints.request_token(&grant, &self.scope, &self.constraint).await
    }

    /// Polls until the user has decided. To cancel, drop the future.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait(&mut self) -> Result<Token> {
        match self.wait_while(|_| true).await? {
            Some(token) => Ok(token),
            None => {
                let check = "the device login was already finished or cancelled";
                Err(Error::new(ErrorKind::Unauthenticated, check))
            }
        }
    }

    /// As [`wait`](Self::wait), for as long as `keep_on` returns true; then the result is `None`.
    /// `keep_on` is called with the length of each pause before it begins, for example to show progress.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait_while(
        &mut self,
        mut keep_on: impl FnMut(Duration) -> bool,
    ) -> Result<Option<Token>> {
        let mut pause = match self.pause {
            Some(pause) => pause,
            None => match self.polling.first(self.endpoints.now()) {
                PollStep::Wait(pause) => pause,
                PollStep::Stop(error) => return self.endpoints.named(Err(error)),
            },
        };
        loop {
            if !keep_on(pause) {
                return Ok(None);
            }
            self.endpoints.sleep(pause).await;
            match self.poll().await? {
                DevicePoll::Pending { wait } => pause = wait,
                DevicePoll::Token(token) => return Ok(Some(*token)),
            }
        }
    }
}
