//! [`PolledLogin`]: asks the token endpoint again and again, until the user has decided on another device.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;

use super::client::EndpointClient;
use super::dpop::SenderConstraint;
use super::ping::ExpectedPing;
use crate::config::is_openid;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::polling::{PollStep, Polling};
use crate::oauth2::{Grant, Token};

/// The result of one poll of a [`DeviceLogin`](crate::DeviceLogin) or a [`BackchannelLogin`](crate::BackchannelLogin).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoginPoll {
    /// The user has not decided yet.
    Pending {
        /// How long to wait before the next poll.
        wait: Duration,
    },
    /// The user approved the login.
    Token(Box<Token>),
}

/// What all logins on another device have in common.
#[derive(Debug)]
pub(super) struct PolledLogin {
    endpoints: Arc<EndpointClient>,
    polling: Polling,
    /// What each token request sends.
    grant: Grant,
    scope: String,
    /// What binds the token.
    constraint: SenderConstraint,
    /// How long to wait before the next poll; `None` before the first.
    pause: Option<Duration>,
    /// What ends a pause early.
    ping: Option<ExpectedPing>,
}

impl PolledLogin {
    pub(super) async fn new(
        endpoints: Arc<EndpointClient>,
        polling: Polling,
        grant: Grant,
        scope: String,
    ) -> Result<Self> {
        let constraint = endpoints.new_constraint().await?;
        Ok(Self { endpoints, polling, grant, scope, constraint, pause: None, ping: None })
    }

    /// Ends pauses when this ping arrives.
    pub(super) fn expect(&mut self, ping: Option<ExpectedPing>) {
        self.ping = ping;
    }

    /// The errors of this login name the client.
    pub(super) fn named<T>(&self, result: Result<T>) -> Result<T> {
        self.endpoints.named(result)
    }

    pub(super) async fn poll(&mut self) -> Result<LoginPoll> {
        let polled = self.poll_once().await;
        self.endpoints.named(polled)
    }

    async fn poll_once(&mut self) -> Result<LoginPoll> {
        let error = match self.request_token().await {
            Ok(token) => {
                let token = self.endpoints.verify_token(token).await?;
                return Ok(LoginPoll::Token(Box::new(token)));
            }
            Err(error) => error,
        };
        match self.polling.after(&error, self.endpoints.now()) {
            PollStep::Wait(wait) => {
                self.pause = Some(wait);
                Ok(LoginPoll::Pending { wait })
            }
            PollStep::Stop(error) => Err(self.endpoints.settings().with_denial(error)),
        }
    }

    async fn request_token(&self) -> Result<Token> {
        if self.endpoints.settings().issuer.is_some() && is_openid(&self.scope) {
            // The grant can be used only once: the keys for its ID token must be there first.
            self.endpoints.documents().prefetch_keys().await?;
        }
        self.endpoints.request_token(&self.grant, &self.scope, &self.constraint).await
    }

    async fn sleep(&self, pause: Duration) {
        let sleep = pin!(self.endpoints.sleep(pause));
        match &self.ping {
            Some(ping) => {
                select(pin!(ping.arrived()), sleep).await;
            }
            None => sleep.await,
        }
    }

    pub(super) async fn wait(&mut self) -> Result<Token> {
        match self.wait_while(|_| true).await? {
            Some(token) => Ok(token),
            None => {
                let check = "the login was already finished or cancelled";
                Err(Error::new(ErrorKind::Unauthenticated, check))
            }
        }
    }

    pub(super) async fn wait_while(
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
            self.sleep(pause).await;
            match self.poll().await? {
                LoginPoll::Pending { wait } => pause = wait,
                LoginPoll::Token(token) => return Ok(Some(*token)),
            }
        }
    }
}
