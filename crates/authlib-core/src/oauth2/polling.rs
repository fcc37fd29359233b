//! [`Polling`]: when a login that waits for the user asks the token endpoint again (RFC 8628 §3.5, OpenID
//! Connect CIBA Core §7.3 and §11).

use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind, ProviderError};

/// The interval if the provider sends none (RFC 8628 §3.2, OpenID Connect CIBA Core §7.3).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval: a provider may send zero or less.
pub(crate) const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The longest initial interval, and the longest after failures.
pub(crate) const MAX_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Each `slow_down` adds this to the interval (RFC 8628 §3.5, OpenID Connect CIBA Core §11).
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// The longest lifetime of a code or a request that is accepted.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The interval of a response, within the limits.
pub(crate) fn interval(sent: Option<Duration>) -> Duration {
    sent.unwrap_or(DEFAULT_INTERVAL).clamp(MIN_INTERVAL, MAX_INTERVAL)
}

/// The lifetime of a response, within the limit.
pub(crate) fn lifetime(sent: Duration) -> Duration {
    sent.min(MAX_LIFETIME)
}

/// What the user is asked to approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolledFlow {
    /// A backchannel authentication request (OpenID Connect CIBA Core).
    Backchannel,
    /// A device authorization request (RFC 8628).
    Device,
}

/// The intervals of polling. The caller waits.
#[derive(Debug)]
pub(crate) struct Polling {
    flow: PolledFlow,
    interval: Duration,
    expires_at: SystemTime,
}

/// The step after a failed token request.
#[derive(Debug)]
pub(crate) enum PollStep {
    /// Send the next request after this time.
    Wait(Duration),
    /// End with this error.
    Stop(Error),
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("the user denied the {} ({})", .0.request(), .0.section())]
    Denied(PolledFlow),
    #[error("the {} expired before the user approved the request ({})", .0.handle(), .0.section())]
    Expired(PolledFlow),
}

impl PolledFlow {
    fn request(self) -> &'static str {
        match self {
            Self::Backchannel => "backchannel authentication request",
            Self::Device => "device authorization request",
        }
    }

    /// What the token requests send.
    fn handle(self) -> &'static str {
        match self {
            Self::Backchannel => "backchannel authentication request",
            Self::Device => "device code",
        }
    }

    fn section(self) -> &'static str {
        match self {
            Self::Backchannel => "OpenID Connect CIBA Core §11",
            Self::Device => "RFC 8628 §3.5",
        }
    }

    /// What to do after the expiry.
    fn restart(self) -> &'static str {
        match self {
            Self::Backchannel => "start again with a new request, if the user asks for it",
            Self::Device => "start again with a new device authorization, if the user asks for it",
        }
    }
}

impl Polling {
    pub(crate) fn new(flow: PolledFlow, interval: Duration, expires_at: SystemTime) -> Self {
        Self { flow, interval, expires_at }
    }

    /// The step before the first request, which waits too.
    pub(crate) fn first(&self, now: SystemTime) -> PollStep {
        self.wait(self.interval, now)
    }

    /// The step after a token request that failed with `error`.
    pub(crate) fn after(&mut self, error: &Error, now: SystemTime) -> PollStep {
        let provider_error = error.provider_error();
        // An outage decides nothing, whatever its body says.
        let is_outage = provider_error.is_some_and(ProviderError::is_outage);
        match provider_error.map(|provider_error| provider_error.error.as_str()) {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval = self.interval.saturating_add(SLOW_DOWN),
            Some("access_denied") if !is_outage => {
                let denied = Error::new(ErrorKind::AccessDenied, PollError::Denied(self.flow));
                return PollStep::Stop(with_provider_error(denied, provider_error));
            }
            Some("expired_token") if !is_outage => {
                return PollStep::Stop(with_provider_error(self.expired(), provider_error));
            }
            _ if is_temporary(error) => {
                // §3.5 recommends to double the interval.
                let doubled = self.interval.saturating_mul(2).min(MAX_INTERVAL);
                self.interval = self.interval.max(doubled);
            }
            _ => return PollStep::Stop(error.clone()),
        }
        let retry_after = error.retry_after().unwrap_or_default();
        self.wait(self.interval.max(retry_after), now)
    }

    /// A pause that ends before the expiry.
    fn wait(&self, pause: Duration, now: SystemTime) -> PollStep {
        match now.checked_add(pause) {
            Some(next) if next < self.expires_at => PollStep::Wait(pause),
            _ => PollStep::Stop(self.expired()),
        }
    }

    fn expired(&self) -> Error {
        Error::new(ErrorKind::Unauthenticated, PollError::Expired(self.flow))
            .with_hint(self.flow.restart())
    }
}

/// Whether the provider could not be reached, is busy or broken (RFC 6585 §4, RFC 9110 §15.6).
fn is_temporary(error: &Error) -> bool {
    error.kind() == ErrorKind::Transport
        || error.provider_error().is_some_and(ProviderError::is_outage)
}

fn with_provider_error(error: Error, provider_error: Option<&ProviderError>) -> Error {
    match provider_error {
        Some(provider_error) => error.with_provider_error(provider_error.clone()),
        None => error,
    }
}

#[cfg(test)]
#[path = "polling_tests.rs"]
mod tests;
