//! [`ReqwestClient`]: the port over reqwest and rustls.

use std::error::Error as _;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use super::{BoxFuture, Cause, HttpClient, TransportError};
use crate::endpoint::is_loopback;
use crate::message::{BodyLimit, Request, Response};

/// The built-in [`HttpClient`]: rustls, no redirects, 10 seconds in all, 5 to connect.
///
/// It must be used inside a tokio runtime, and there an exchange that has begun goes on to its end even
/// when nobody asks for its answer for a while: a refresh whose browser went away is not cut off. The
/// system's proxies are used, but never for this machine.
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    outside: reqwest::Client,
    this_machine: reqwest::Client,
}

impl ReqwestClient {
    /// The longest that an exchange may take.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// The longest that making a connection may take.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// A client with the limits above.
    ///
    /// # Errors
    ///
    /// [`TransportError::Connect`] when TLS can't be set up on this machine.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_timeout(Self::TIMEOUT)
    }

    /// As [`new`](Self::new), with another total timeout.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_timeout(timeout: Duration) -> Result<Self, TransportError> {
        let builder = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .timeout(timeout)
                .connect_timeout(Self::CONNECT_TIMEOUT.min(timeout))
        };
        let outside = builder().build().map_err(translated)?;
        let this_machine = builder().no_proxy().build().map_err(translated)?;
        Ok(Self { outside, this_machine })
    }
}

impl HttpClient for ReqwestClient {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let limit = BodyLimit::of(&request);
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(translated)?;
            let near = is_loopback(request.url());
            let client = if near { &self.this_machine } else { &self.outside };
            let exchange = exchange(client.clone(), request, limit);
            match Handle::try_current() {
                Ok(runtime) => runtime.spawn(exchange).await.unwrap_or_else(|_| {
                    Err(TransportError::Broken(Cause::new("the runtime shuts down")))
                }),
                Err(_) => exchange.await,
            }
        })
    }
}

async fn exchange(
    client: reqwest::Client,
    request: reqwest::Request,
    limit: usize,
) -> Result<Response, TransportError> {
    let mut answer = client.execute(request).await.map_err(translated)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(translated)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn translated(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    let connect = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    if connect {
        TransportError::Connect(Cause::new(text))
    } else {
        TransportError::Broken(Cause::new(text))
    }
}
