//! [`HttpClient`]: the trait for HTTP clients, which send every request to a provider.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, clipped};
use crate::message::{BodyLimit, MAX_BODY, Request, Response};

mod body;
#[cfg(feature = "reqwest")]
mod reloading;
#[cfg(feature = "reqwest")]
mod reqwest;
mod tls;

pub use self::body::{Body, StreamedRequest, StreamingResponse};
#[cfg(feature = "reqwest")]
pub(crate) use self::reloading::client_for;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestClient;
pub(crate) use self::tls::{ClientCertificate, Tls};

/// A boxed future, so that the traits can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends a request and reads the response.
///
/// The security of a login depends on four rules, which an implementation must follow:
///
/// 1. It **never follows a redirect**, but returns the 3xx response. Following it would send codes,
///    secrets and tokens to another host (RFC 9700 §4.12).
/// 2. It **never sends a request twice**: no retry once a byte was written. Codes and rotating refresh
///    tokens can be used once.
/// 3. It reads **at most [`BodyLimit`] bytes** of decoded body, and otherwise fails with
///    [`TransportError::TooLarge`].
/// 4. It **ends** after the request's [`Timeout`](crate::message::Timeout), or after a total timeout of its
///    own (10 seconds for the built-in client).
///
/// It always verifies TLS certificates.
pub trait HttpClient: Send + Sync {
    /// Sends `request`.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] if there is no complete response. A response with an error status is `Ok`.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;

    /// Sends a request whose body may be a stream, and returns the response's body as a stream.
    ///
    /// The request's [`Timeout`](crate::message::Timeout) limits the whole exchange. Without one, the time
    /// without progress is limited. The default implementation buffers both bodies, each up to the request's
    /// [`BodyLimit`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    fn send_streaming(
        &self,
        request: StreamedRequest,
    ) -> BoxFuture<'_, Result<StreamingResponse, TransportError>> {
        Box::pin(async move {
            let limit = request.extensions().get::<BodyLimit>().map_or(MAX_BODY, |limit| limit.0);
            let (head, body) = request.into_parts();
            let body = body.bytes(limit).await.map_err(|cause| match cause {
                TransportError::TooLarge { limit } => TransportError::Broken(Cause::new(format!(
                    "the HTTP client does not support streams, and the body is larger than {limit} bytes"
                ))),
                other => other,
            })?;
            let response = self.send(Request::from_parts(head, body.into())).await?;
            Ok(response.map(Body::from))
        })
    }

    /// Runs a task to its end, even if the request that started it is dropped: the refresh of a token, up to its
    /// storing. With `tokio`: `tokio::spawn(task); Ok(())`. The default implementation has no runtime.
    ///
    /// # Errors
    ///
    /// The task, if there is no runtime. The requests that need its result then run it themselves.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(task)
    }
}

/// Makes a built-in HTTP client for these TLS connections, which it shares with no other client.
pub(crate) type MakeClient = fn(&Tls) -> Result<Arc<dyn HttpClient>, Error>;

/// The built-in HTTP client.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if it cannot be created, or is not compiled in.
pub(crate) fn default_client(
    #[cfg_attr(not(feature = "reqwest"), expect(unused_variables, reason = "there is no client"))]
    tls: &Tls,
) -> Result<Arc<dyn HttpClient>, Error> {
    #[cfg(feature = "reqwest")]
    let client = client_for(tls, |tls| {
        ReqwestClient::build(ReqwestClient::TIMEOUT, tls).map_err(reqwest::not_created)
    })?;
    #[cfg(not(feature = "reqwest"))]
    let client = Err(Error::new(ErrorKind::Config, "the built-in HTTP client is not compiled in")
        .with_hint("call `.http_client(..)`, or enable the feature `reqwest` of authlib-core"))?;
    Ok(client)
}

impl<T: HttpClient + ?Sized> HttpClient for Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        (**self).send(request)
    }

    fn send_streaming(
        &self,
        request: StreamedRequest,
    ) -> BoxFuture<'_, Result<StreamingResponse, TransportError>> {
        (**self).send_streaming(request)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        (**self).spawn(task)
    }
}

/// Why there is no complete response. The messages contain no URL, because a query can contain secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection failed, and nothing was sent.
    #[error("could not connect to the provider")]
    Connect(#[source] Cause),
    /// The connection was closed before a response arrived. A server may close an idle connection at any time, so
    /// a GET for metadata, keys, user info or a registration is then sent once more (RFC 9112 §9.3.1).
    #[error("the connection was closed before a response arrived")]
    Closed(#[source] Cause),
    /// The connection was closed during the exchange.
    #[error("the connection was closed before the response was complete")]
    Broken(#[source] Cause),
    /// There was no complete response in time.
    #[error("the provider did not respond in time")]
    Timeout,
    /// The response is larger than the request's limit.
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl From<TransportError> for Error {
    fn from(cause: TransportError) -> Self {
        Self::new(ErrorKind::Transport, cause)
    }
}

/// The cause of a transport error, as text.
#[derive(Debug)]
pub struct Cause(String);

impl Cause {
    /// `text` must not contain a URL with a query. It is cut to 300 characters: it may quote a peer's certificate.
    pub fn new(text: impl Into<String>) -> Self {
        Self(clipped(&text.into()))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}
