//! The login of a device that has no browser (RFC 8628): [`RegisteredClient::start_device_login`].

use std::time::Duration;

use crate::app::RegisteredClient;
use crate::app::endpoints::client::Asked;
use crate::config::is_openid;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::device::{
    PollStep, Polling, device_authorization_form, parse_device_authorization_response,
};
use crate::oauth2::{DeviceAuthorization, Grant, Token};

/// A device login under way: the user has a code to type into a page elsewhere.
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
#[must_use = "the user has a code, and nobody asks for the token"]
pub struct DeviceLogin {
    app: RegisteredClient,
    device: DeviceAuthorization,
    polling: Polling,
    scope: String,
    /// How long to wait before the next question; nothing before the first.
    pause: Option<Duration>,
}

/// What a device login has come to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DevicePoll {
    /// The user has not decided yet. Ask again, but not sooner.
    Pending {
        /// How long to wait.
        wait: Duration,
    },
    /// The user let the device in.
    Token(Box<Token>),
}

impl RegisteredClient {
    /// Asks for a code that the user types into a page on another device (RFC 8628 §3.1). `scope` is
    /// blank-separated; by default it is the client's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] when no `device_authorization_endpoint` is known,
    /// [`ErrorKind::InvalidResponse`] when it refuses or answers something else,
    /// [`ErrorKind::Transport`] when there is no answer.
    pub async fn start_device_login(&self, scope: Option<&str>) -> Result<DeviceLogin> {
        let started = async {
            let settings = &self.inner.settings;
            let metadata = self.metadata().await?;
            let known = metadata.as_deref();
            let document =
                known.and_then(|known| known.endpoints.get(Endpoint::DeviceAuthorization));
            let registered = settings.endpoints.get(Endpoint::DeviceAuthorization);
            let scope = scope.map_or_else(|| settings.scope.clone(), ToOwned::to_owned);
            let asked = Asked {
                endpoint: Endpoint::DeviceAuthorization,
                url: self.endpoint("device_authorization_endpoint", registered, document)?,
                form: device_authorization_form(Some(&scope)),
                own_method: None,
                hook: None,
            };
            let response = self.ask(asked, known).await?;
            let device = parse_device_authorization_response(&response, self.now())?;
            let polling = Polling::new(&device);
            Ok(DeviceLogin { app: self.clone(), device, polling, scope, pause: None })
        };
        started.await.map_err(|error: Error| error.with_client(self.name()))
    }
}

impl DeviceLogin {
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

    /// All that the provider said.
    #[must_use]
    pub fn authorization(&self) -> &DeviceAuthorization {
        &self.device
    }

    /// Asks once whether the user has decided (RFC 8628 §3.4). Asked sooner than the last answer
    /// allowed, a provider answers `slow_down`, and the pause grows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] when the user refused, [`ErrorKind::Unauthenticated`] when the code has expired or
    /// would before the next question, and what else the token endpoint reports.
    pub async fn poll(&mut self) -> Result<DevicePoll> {
        let polled = self.ask_once().await;
        polled.map_err(|error| error.with_client(self.app.name()))
    }

    async fn ask_once(&mut self) -> Result<DevicePoll> {
        let metadata = self.app.metadata().await?;
        let grant = Grant::device_code(&self.device.device_code);
        let asked = async {
            if self.app.inner.settings.issuer.is_some() && is_openid(&self.scope) {
                // What the answer is verified with is fetched first: the code is good for one answer.
                self.app.warm_keys(metadata.as_deref()).await?;
            }
            self.app.token_request(&grant, &self.scope, metadata.as_ref()).await
        };
        let error = match asked.await {
            Ok(token) => {
                let token = self.app.with_verified_id_token(token).await?;
                return Ok(DevicePoll::Token(Box::new(token)));
            }
            Err(error) => error,
        };
        match self.polling.after(&error, self.app.now()) {
            PollStep::Wait(wait) => {
                self.pause = Some(wait);
                Ok(DevicePoll::Pending { wait })
            }
            PollStep::Stop(error) => Err(error),
        }
    }

    /// Waits until the user has decided. To give up, drop the future.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Self::poll).
    pub async fn wait(&mut self) -> Result<Token> {
        match self.wait_while(|_| true).await? {
            Some(token) => Ok(token),
            None => {
                Err(Error::new(ErrorKind::Unauthenticated, "nobody waits for the token any more"))
            }
        }
    }

    /// As [`wait`](Self::wait), for as long as `keep_on` says so. It is asked before each pause, with its
    /// length, so that it can show that the program is alive; after a `false` nothing is returned.
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
            None => match self.polling.first(self.app.now()) {
                PollStep::Wait(pause) => pause,
                PollStep::Stop(error) => return Err(error.with_client(self.app.name())),
            },
        };
        loop {
            if !keep_on(pause) {
                return Ok(None);
            }
            self.app.inner.ports.clock.sleep(pause).await;
            match self.poll().await? {
                DevicePoll::Pending { wait } => pause = wait,
                DevicePoll::Token(token) => return Ok(Some(*token)),
            }
        }
    }
}
