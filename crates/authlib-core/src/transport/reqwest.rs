//! [`ReqwestClient`]: the built-in HTTP client, over reqwest and rustls.

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
use reqwest::{Certificate, Identity};
use tokio::runtime::Handle;
#[cfg(feature = "blocking")]
use tokio::runtime::{Builder, Runtime};

use super::{
    Body, BoxFuture, Cause, HttpClient, StreamedRequest, StreamingResponse, Tls, TransportError,
};
use crate::endpoint_url::is_loopback;
use crate::error::{Error, ErrorKind};
use crate::message::{BodyLimit, Request, Response, Timeout};

/// The longest timeout: a longer one is cut to it, so that no time overflows.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// The built-in [`HttpClient`]: rustls, no redirects, a total timeout of 10 seconds, 5 seconds to connect.
///
/// A streaming exchange has no total timeout: it fails after 10 seconds without progress.
///
/// It must be used inside a tokio runtime, or with the blocking clients. An exchange that has started
/// continues if its future is not polled or dropped, so that a refresh is not interrupted when the browser
/// disconnects. The system's proxies are used, but never for loopback addresses.
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    remote: reqwest::Client,
    /// For loopback addresses: without a proxy.
    loopback: reqwest::Client,
    /// The total timeout, or for a streaming exchange the time without progress.
    timeout: Duration,
    runtime: Option<Handle>,
}

impl ReqwestClient {
    /// The default timeout of an exchange.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// The timeout for connecting.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// A client with the default timeouts.
    ///
    /// # Errors
    ///
    /// [`TransportError::Connect`] if TLS cannot be initialised.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_timeout(Self::TIMEOUT)
    }

    /// As [`new`](Self::new), with another total timeout.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_timeout(timeout: Duration) -> Result<Self, TransportError> {
        Self::build(timeout, &Tls::default())
    }

    /// As [`new`](Self::new), and trusts these CA certificates (PEM) besides those of the system. For a registry whose
    /// providers have certificates of a private CA; for one client there is the setting
    /// [`ca_certificate`](crate::ClientConfig::ca_certificate).
    ///
    /// ```no_run
    /// use authlib_core::OAuth;
    /// use authlib_core::transport::ReqwestClient;
    ///
    /// let pem = std::fs::read_to_string("/etc/ssl/company-ca.pem")?;
    /// let http = ReqwestClient::with_ca_certificates(&pem)?;
    /// let oauth = OAuth::builder().http_client(http).register("google").load_file("authlib.toml").build()?;
    /// # let _ = oauth;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransportError::Connect`] if `pem` has no certificate, or one that is not valid.
    pub fn with_ca_certificates(pem: &str) -> Result<Self, TransportError> {
        Self::build(
            Self::TIMEOUT,
            &Tls { ca_certificates: Some(pem.to_owned()), certificate: None },
        )
    }

    pub(super) fn build(timeout: Duration, tls: &Tls) -> Result<Self, TransportError> {
        let pem = tls.ca_certificates.as_deref();
        let certificates = match pem {
            Some(pem) => Certificate::from_pem_bundle(pem.as_bytes()).map_err(from_reqwest)?,
            None => Vec::new(),
        };
        if pem.is_some() && certificates.is_empty() {
            return Err(TransportError::Connect(Cause::new("the PEM text has no certificate")));
        }
        let identity = tls.certificate.as_ref().map(|certificate| {
            let pem = certificate.load().map_err(|(_, why)| Cause::new(why));
            Identity::from_pem(pem.map_err(TransportError::Connect)?.as_bytes())
                .map_err(from_reqwest)
        });
        let identity = identity.transpose()?;
        let builder = || {
            let builder = reqwest::Client::builder();
            let builder = match &identity {
                Some(identity) => builder.identity(identity.clone()),
                None => builder,
            };
            builder
                .tls_certs_merge(certificates.clone())
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(Self::CONNECT_TIMEOUT.min(timeout))
        };
        Ok(Self {
            remote: builder().build().map_err(from_reqwest)?,
            loopback: builder().no_proxy().build().map_err(from_reqwest)?,
            timeout: timeout.min(MAX_TIMEOUT),
            runtime: None,
        })
    }

    /// A client for callers without a runtime: its exchanges run on one of this crate.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_background_runtime(tls: &Tls) -> Result<Self, Error> {
        let no_thread = || TransportError::Connect(Cause::new("no thread can be started"));
        let runtime = background().ok_or_else(no_thread).map_err(not_created)?;
        let client = Self::build(Self::TIMEOUT, tls).map_err(not_created)?;
        Ok(Self { runtime: Some(runtime), ..client })
    }

    fn client_for(&self, request: &reqwest::Request) -> reqwest::Client {
        let client = if is_loopback(request.url()) { &self.loopback } else { &self.remote };
        client.clone()
    }

    fn runtime(&self) -> Option<Handle> {
        let here = || Handle::try_current().ok();
        self.runtime.clone().or_else(here).or_else(background)
    }

    /// Runs `exchange` as its own task, which continues when the caller is dropped.
    async fn run<T: Send + 'static>(
        &self,
        exchange: impl Future<Output = Result<T, TransportError>> + Send + 'static,
    ) -> Result<T, TransportError> {
        match self.runtime() {
            Some(runtime) => runtime.spawn(exchange).await.unwrap_or_else(|_| {
                Err(TransportError::Broken(Cause::new("the runtime was shut down")))
            }),
            None => exchange.await,
        }
    }
}

impl HttpClient for ReqwestClient {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match self.runtime() {
            Some(runtime) => drop(runtime.spawn(task)),
            None => return Err(task),
        }
        Ok(())
    }

    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let limit = BodyLimit::of(&request);
        let timeout = Timeout::of(request.extensions()).unwrap_or(self.timeout);
        Box::pin(async move {
            let mut request = reqwest::Request::try_from(request).map_err(from_reqwest)?;
            *request.timeout_mut() = Some(timeout);
            let client = self.client_for(&request);
            self.run(exchange(client, request, limit)).await
        })
    }

    fn send_streaming(
        &self,
        request: StreamedRequest,
    ) -> BoxFuture<'_, Result<StreamingResponse, TransportError>> {
        let timeout = Timeout::of(request.extensions());
        // Not reqwest's read timeout, which also runs while the request body is sent.
        let idle = timeout.is_none().then_some(self.timeout);
        Box::pin(async move {
            let sent = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&sent);
            let request = request.map(|body| match body.into_buffered() {
                Ok(bytes) => reqwest::Body::from(bytes),
                Err(stream) => reqwest::Body::wrap_stream(stream.inspect(move |_| {
                    counter.fetch_add(1, Ordering::Relaxed);
                })),
            });
            let mut request = reqwest::Request::try_from(request).map_err(from_reqwest)?;
            *request.timeout_mut() = timeout;
            let client = self.client_for(&request);
            let exchange = async move {
                let response = async { client.execute(request).await.map_err(without_response) };
                with_idle_timeout(response, idle, || sent.load(Ordering::Relaxed)).await
            };
            let mut received = self.run(exchange).await?;
            let mut response = http::Response::new(Body::default());
            *response.status_mut() = received.status();
            *response.headers_mut() = std::mem::take(received.headers_mut());
            // Chunks are read on the runtime of the exchange, for callers that have none.
            let elsewhere = || Handle::try_current().is_err().then(background).flatten();
            let runtime = self.runtime.clone().or_else(elsewhere);
            let chunks = unfold(Some(received), move |received| {
                let runtime = runtime.clone();
                async move { next_chunk(received?, idle, runtime).await }
            });
            *response.body_mut() = Body::stream(chunks.boxed());
            Ok(response)
        })
    }
}

/// Runs `exchange` until there is no progress for as long as `idle`. `progress` counts its steps.
async fn with_idle_timeout<T>(
    exchange: impl Future<Output = Result<T, TransportError>>,
    idle: Option<Duration>,
    progress: impl Fn() -> usize,
) -> Result<T, TransportError> {
    let Some(idle) = idle else {
        return exchange.await;
    };
    let mut exchange = pin!(exchange);
    loop {
        let before = progress();
        match select(exchange.as_mut(), Delay::new(idle)).await {
            Either::Left((outcome, _)) => return outcome,
            Either::Right(_) if progress() == before => return Err(TransportError::Timeout),
            Either::Right(_) => {}
        }
    }
}

/// The runtime for callers that have none. It lives as long as the process.
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

type Chunk = (Result<bytes::Bytes, TransportError>, Option<reqwest::Response>);

async fn next_chunk(
    mut response: reqwest::Response,
    idle: Option<Duration>,
    runtime: Option<Handle>,
) -> Option<Chunk> {
    let read = async move {
        let chunk = async { response.chunk().await.map_err(from_reqwest) };
        let chunk = with_idle_timeout(chunk, idle, || 0).await;
        (chunk, response)
    };
    let (chunk, response) = match runtime {
        Some(runtime) => match runtime.spawn(read).await {
            Ok(read) => read,
            // An error, because `None` would mean that the body is complete.
            Err(_) => {
                let cause = Cause::new("the runtime was shut down");
                return Some((Err(TransportError::Broken(cause)), None));
            }
        },
        None => read.await,
    };
    match chunk {
        Ok(chunk) => Some((Ok(chunk?), Some(response))),
        Err(error) => Some((Err(error), None)),
    }
}

async fn exchange(
    client: reqwest::Client,
    request: reqwest::Request,
    limit: usize,
) -> Result<Response, TransportError> {
    let mut received = client.execute(request).await.map_err(without_response)?;
    let mut body = Vec::new();
    while let Some(chunk) = received.chunk().await.map_err(from_reqwest)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body);
    *response.status_mut() = received.status();
    *response.headers_mut() = std::mem::take(received.headers_mut());
    Ok(response)
}

/// The error of an exchange that ended before its response began.
fn without_response(error: reqwest::Error) -> TransportError {
    let is_closed = !error.is_timeout() && causes(&error).any(is_closed);
    match from_reqwest(error) {
        TransportError::Broken(cause) if is_closed => TransportError::Closed(cause),
        other => other,
    }
}

/// Whether the other side closed the connection.
fn is_closed(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let by_http = error.downcast_ref::<hyper::Error>();
    let by_io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    by_http.is_some_and(|error| error.is_incomplete_message() || error.is_canceled())
        || matches!(by_io, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

fn causes(
    error: &reqwest::Error,
) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> + use<'_> {
    std::iter::successors(error.source(), |&error| error.source())
}

/// The error of a client that could not be created.
pub(super) fn not_created(error: TransportError) -> Error {
    let cause = match error {
        TransportError::Connect(cause) => cause.to_string(),
        other => other.to_string(),
    };
    Error::new(ErrorKind::Config, format!("the built-in HTTP client cannot be created: {cause}"))
}

fn from_reqwest(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::Timeout;
    }
    let connect = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let mut text = error.to_string();
    for cause in causes(&error) {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    if connect {
        TransportError::Connect(Cause::new(text))
    } else {
        TransportError::Broken(Cause::new(text))
    }
}
