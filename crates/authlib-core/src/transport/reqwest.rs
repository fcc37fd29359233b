//! [`ReqwestClient`]: the port over reqwest and rustls.

use std::error::Error as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
#[cfg(feature = "blocking")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_timer::Delay;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;
#[cfg(feature = "blocking")]
use tokio::runtime::{Builder, Runtime};

use super::{
    Body, BoxFuture, Cause, HttpClient, StreamedRequest, StreamingResponse, TransportError,
};
use crate::endpoint_url::is_loopback;
#[cfg(feature = "blocking")]
use crate::error::{Error, ErrorKind};
use crate::message::{BodyLimit, Request, Response, Timeout};

/// What a longer limit is cut to, so that no time overflows: a year.
const LONGEST_IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The built-in [`HttpClient`]: rustls, no redirects, 10 seconds in all, 5 to connect.
///
/// A streamed exchange may take longer, as long as it goes on: it ends when nothing moves for 10 seconds.
///
/// It must be used inside a tokio runtime, or through the blocking clients, and there an
/// exchange that has begun goes on to its end even when nobody asks for its answer for a while: a refresh
/// whose browser went away is not cut off. The system's proxies are used, but never for this machine.
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    whole: Pair,
    streamed: Pair,
    /// The longest that a streamed exchange may stand still.
    idle: Duration,
    runtime: Option<Handle>,
}

/// The same client for elsewhere and for this machine, which is never reached through a proxy.
#[derive(Clone, Debug)]
struct Pair {
    outside: reqwest::Client,
    this_machine: reqwest::Client,
}

impl Pair {
    fn new(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let outside = builder().build().map_err(translated)?;
        let this_machine = builder().no_proxy().build().map_err(translated)?;
        Ok(Self { outside, this_machine })
    }

    fn towards(&self, request: &reqwest::Request) -> reqwest::Client {
        let near = is_loopback(request.url());
        if near { self.this_machine.clone() } else { self.outside.clone() }
    }
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
                .connect_timeout(Self::CONNECT_TIMEOUT.min(timeout))
        };
        let whole = Pair::new(|| builder().timeout(timeout))?;
        // Not reqwest's read timeout, which runs while a body is being sent.
        let streamed = Pair::new(builder)?;
        Ok(Self { whole, streamed, idle: timeout.min(LONGEST_IDLE), runtime: None })
    }

    /// A client whose exchanges run on a runtime of this crate, for callers that have none.
    #[cfg(feature = "blocking")]
    pub(crate) fn in_the_background() -> Result<Self, Error> {
        let config =
            |cause: String| Error::new(ErrorKind::Config, format!("no HTTP client: {cause}"));
        let runtime = background().ok_or_else(|| config("no thread can be started".to_owned()))?;
        let client = Self::new().map_err(|cause| config(cause.to_string()))?;
        Ok(Self { runtime: Some(runtime), ..client })
    }

    /// Runs `exchange` as a task of its own, which goes on when the caller is dropped.
    async fn run<T: Send + 'static>(
        &self,
        exchange: impl Future<Output = Result<T, TransportError>> + Send + 'static,
    ) -> Result<T, TransportError> {
        let here = || Handle::try_current().ok();
        match self.runtime.clone().or_else(here).or_else(background) {
            Some(runtime) => runtime.spawn(exchange).await.unwrap_or_else(|_| {
                Err(TransportError::Broken(Cause::new("the runtime shuts down")))
            }),
            None => exchange.await,
        }
    }
}

impl HttpClient for ReqwestClient {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let limit = BodyLimit::of(&request);
        let timeout = Timeout::of(request.extensions());
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request).map_err(translated)?;
            if timeout.is_some() {
                *request.timeout_mut() = timeout;
            }
            let client = self.whole.towards(&request);
            self.run(exchange(client, request, limit)).await
        })
    }

    fn send_streaming(
        &self,
        request: StreamedRequest,
    ) -> BoxFuture<'_, Result<StreamingResponse, TransportError>> {
        let timeout = Timeout::of(request.extensions());
        let idle = timeout.is_none().then_some(self.idle);
        Box::pin(async move {
            let sent = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&sent);
            let request = request.map(|body| match body.into_whole() {
                Ok(bytes) => reqwest::Body::from(bytes),
                Err(stream) => reqwest::Body::wrap_stream(stream.inspect(move |_| {
                    counter.fetch_add(1, Ordering::Relaxed);
                })),
            });
            let mut request = reqwest::Request::try_from(request).map_err(translated)?;
            if timeout.is_some() {
                *request.timeout_mut() = timeout;
            }
            let client = self.streamed.towards(&request);
            let answer = async move {
                let answer = async { client.execute(request).await.map_err(translated) };
                while_it_moves(answer, idle, || sent.load(Ordering::Relaxed)).await
            };
            let mut answer = self.run(answer).await?;
            let mut response = http::Response::new(Body::default());
            *response.status_mut() = answer.status();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            // Each piece is read where the exchange runs, so that a caller without a runtime has it too.
            let elsewhere = || Handle::try_current().is_err().then(background).flatten();
            let runtime = self.runtime.clone().or_else(elsewhere);
            let pieces = unfold(Some(answer), move |answer| {
                let runtime = runtime.clone();
                async move { next_piece(answer?, idle, runtime).await }
            });
            *response.body_mut() = Body::stream(pieces.boxed());
            Ok(response)
        })
    }
}

/// The outcome of `exchange`, unless it stands still for as long as `idle`: `moved` counts its steps.
async fn while_it_moves<T>(
    exchange: impl Future<Output = Result<T, TransportError>>,
    idle: Option<Duration>,
    moved: impl Fn() -> usize,
) -> Result<T, TransportError> {
    let Some(idle) = idle else {
        return exchange.await;
    };
    let mut exchange = pin!(exchange);
    loop {
        let before = moved();
        match select(exchange.as_mut(), Delay::new(idle)).await {
            Either::Left((outcome, _)) => return outcome,
            Either::Right(_) if moved() == before => return Err(TransportError::Timeout),
            Either::Right(_) => {}
        }
    }
}

/// The runtime for callers that have none, which lives as long as the process.
#[cfg(feature = "blocking")]
fn background() -> Option<Handle> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("authlib-http")
            .enable_all()
            .build()
            .ok()
    });
    runtime.as_ref().map(|runtime| runtime.handle().clone())
}

#[cfg(not(feature = "blocking"))]
fn background() -> Option<Handle> {
    None
}

type Piece = (Result<bytes::Bytes, TransportError>, Option<reqwest::Response>);

async fn next_piece(
    mut answer: reqwest::Response,
    idle: Option<Duration>,
    runtime: Option<Handle>,
) -> Option<Piece> {
    let read = async move {
        let chunk = async { answer.chunk().await.map_err(translated) };
        let piece = while_it_moves(chunk, idle, || 0).await;
        (piece, answer)
    };
    let (piece, answer) = match runtime {
        Some(runtime) => match runtime.spawn(read).await {
            Ok(read) => read,
            // Not the end of the body, which would pass for a whole one.
            Err(_) => {
                let cause = Cause::new("the runtime shuts down");
                return Some((Err(TransportError::Broken(cause)), None));
            }
        },
        None => read.await,
    };
    match piece {
        Ok(piece) => Some((Ok(piece?), Some(answer))),
        Err(error) => Some((Err(error), None)),
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
