//! [`Polled`]: a client whose login waits for a user on another device, with a clock that runs events meanwhile.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::clock::{Clock, FixedClock};
use authlib_core::transport::BoxFuture;
use authlib_core::{ClientConfig, OAuth2Client, RegisteredClient};
use authlib_provider::{Endpoint, Provider};

use super::service::service;
use super::{ISSUER, SECRET, TestBed, builder, sent};

type OnSleep = Box<dyn FnMut(usize, &Provider) + Send>;

/// A clock whose `sleep` runs the events that happen in the meantime.
struct Events {
    clock: Arc<FixedClock>,
    provider: Provider,
    pauses: Arc<Mutex<Vec<u64>>>,
    on_sleep: Mutex<OnSleep>,
}

impl Clock for Events {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.clock.advance(duration);
            let mut pauses = self.pauses.lock().unwrap();
            pauses.push(duration.as_secs());
            (self.on_sleep.lock().unwrap())(pauses.len(), &self.provider);
        })
    }
}

/// A client whose logins wait, and its provider.
pub(crate) struct Polled {
    pub(crate) bed: TestBed,
    pub(crate) client: OAuth2Client,
    pauses: Arc<Mutex<Vec<u64>>>,
    started: SystemTime,
}

impl Polled {
    /// `on_sleep` runs at each pause, with its number, from 1.
    pub(crate) fn new(on_sleep: impl FnMut(usize, &Provider) + Send + 'static) -> Self {
        Self::with(TestBed::new(), |config| config, on_sleep)
    }

    /// As [`new`](Self::new), with this provider and a change to the settings of the client `app`.
    pub(crate) fn with(
        bed: TestBed,
        change: impl FnOnce(ClientConfig) -> ClientConfig,
        on_sleep: impl FnMut(usize, &Provider) + Send + 'static,
    ) -> Self {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let events = Events {
            clock: bed.clock.clone(),
            provider: bed.provider.clone(),
            pauses: pauses.clone(),
            on_sleep: Mutex::new(Box::new(on_sleep)),
        };
        let config = service()
            .client_id("app")
            .client_secret(SECRET)
            .issuer(ISSUER)
            .token_endpoint("")
            .scope("openid email");
        let client = builder(&bed, change(config)).clock(Arc::new(events)).build().unwrap();
        let started = bed.clock.now();
        Self { bed, client, pauses, started }
    }

    pub(crate) fn app(&self) -> &RegisteredClient {
        self.client.registered_client()
    }

    /// The pauses so far, in seconds.
    pub(crate) fn pauses(&self) -> Vec<u64> {
        let pauses = self.pauses.lock().unwrap().clone();
        let passed = self.bed.clock.now().duration_since(self.started).unwrap();
        assert_eq!(passed.as_secs(), pauses.iter().sum::<u64>(), "it waits nowhere else");
        pauses
    }

    /// How many token requests were sent.
    pub(crate) fn asked(&self) -> usize {
        sent(&self.bed, Endpoint::Token).len()
    }
}
