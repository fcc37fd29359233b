//! The pings of backchannel logins (OpenID Connect CIBA Core §10.2): [`Pings`] and [`ExpectedPing`].

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use crate::error::{Error, ErrorKind, Result};
use crate::jose::claims::{ClaimError, Claims};
use crate::secret::Secret;

/// The longest body of a ping, in bytes: an `auth_req_id` in JSON.
const MAX_BODY: usize = 16 * 1024;

/// The pings that the logins of one client wait for, by `auth_req_id`. A login has one entry, until it is dropped.
#[derive(Clone, Default)]
pub(crate) struct Pings(Arc<Mutex<HashMap<String, Arc<Signal>>>>);

/// Tells one login that its ping has arrived.
struct Signal {
    /// The `client_notification_token` of the request.
    token: Secret,
    has_arrived: AtomicBool,
    waker: AtomicWaker,
}

/// The ping that one login waits for.
pub(super) struct ExpectedPing {
    auth_req_id: Secret,
    signal: Arc<Signal>,
    pings: Pings,
}

#[derive(Debug, thiserror::Error)]
enum PingError {
    #[error("the ping is longer than {MAX_BODY} bytes")]
    TooLong,
    #[error("the ping is not a JSON object with `auth_req_id` (OpenID Connect CIBA Core §10.2)")]
    Malformed(#[source] ClaimError),
    #[error(
        "no login waits for this ping: its bearer token or its `auth_req_id` is wrong, or the login has ended (OpenID \
         Connect CIBA Core §10.2)"
    )]
    Unexpected,
}

impl From<PingError> for Error {
    fn from(check: PingError) -> Self {
        let kind = match check {
            PingError::TooLong => ErrorKind::PayloadTooLarge,
            PingError::Malformed(_) => ErrorKind::InvalidRequest,
            PingError::Unexpected => ErrorKind::Unauthenticated,
        };
        Self::new(kind, check)
    }
}

impl Pings {
    /// Waits for the ping of a request, which will have this `client_notification_token`.
    pub(super) fn expect(&self, auth_req_id: &Secret, token: Secret) -> ExpectedPing {
        let has_arrived = AtomicBool::new(false);
        let signal = Arc::new(Signal { token, has_arrived, waker: AtomicWaker::new() });
        let mut signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        signals.insert(auth_req_id.expose().to_owned(), signal.clone());
        ExpectedPing { auth_req_id: auth_req_id.clone(), signal, pings: self.clone() }
    }

    /// Checks a ping, and tells its login. An error does not say which of both values is wrong.
    pub(crate) fn receive(&self, authorization: Option<&str>, body: &[u8]) -> Result<()> {
        if body.len() > MAX_BODY {
            return Err(PingError::TooLong.into());
        }
        let Some(token) = authorization.and_then(bearer_token) else {
            return Err(PingError::Unexpected.into());
        };
        let members = Claims::parse(body).map_err(PingError::Malformed)?;
        let auth_req_id = members.required_text("auth_req_id").map_err(PingError::Malformed)?;
        let signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match signals.get(auth_req_id) {
            // Secrets are compared in constant time.
            Some(signal) if signal.token == token => signal.arrive(),
            _ => return Err(PingError::Unexpected.into()),
        }
        Ok(())
    }
}

impl Signal {
    fn arrive(&self) {
        self.has_arrived.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl ExpectedPing {
    /// Returns once for each ping.
    pub(super) async fn arrived(&self) {
        poll_fn(|context| {
            self.signal.waker.register(context.waker());
            match self.signal.has_arrived.swap(false, Ordering::Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

impl Drop for ExpectedPing {
    fn drop(&mut self) {
        let mut signals = self.pings.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A provider that uses an `auth_req_id` twice has replaced the entry.
        if signals.get(self.auth_req_id.expose()).is_some_and(|at| Arc::ptr_eq(at, &self.signal)) {
            signals.remove(self.auth_req_id.expose());
        }
    }
}

// The token and the identifier are secrets.
debug_fields!(ExpectedPing {});

/// The token of a bearer header; the case of the scheme does not matter (RFC 9110 §11.1).
fn bearer_token(authorization: &str) -> Option<Secret> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}
