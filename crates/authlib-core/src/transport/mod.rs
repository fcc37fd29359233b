//! [`HttpClient`]: the port through which every request to a provider goes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::message::{BodyLimit, MAX_BODY, Request, Response};

mod body;
#[cfg(feature = "reqwest")]
mod reqwest;

pub use self::body::{Body, StreamedRequest, StreamingResponse};
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestClient;

/// A boxed future, so that ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request and reads the whole answer.
///
/// An implementation must keep four promises, on which the security of a login rests:
///
/// 1. It **never follows a redirect**: a 3xx answer is returned as it is. A followed redirect would
///    hand codes, secrets and tokens to another host (RFC 9700 §4.12).
/// 2. It **never sends a request twice**: no retry once a byte was written. Codes and rotating refresh
///    tokens are good for one use.
/// 3. It reads **at most [`BodyLimit`] bytes** of decoded body and fails
///    beyond, with [`TransportError::TooLarge`].
/// 4. It **ends**, by the request's [`Timeout`](crate::message::Timeout) or else by a total timeout of
///    its own (the built-in client: 10 seconds).
///
/// It checks TLS certificates, always.
pub trait HttpClient: Send + Sync {
    /// Sends `request`.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] when there is no whole answer. A status of 400 or more is an answer.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;

    /// Sends a request whose body may be a stream, and hands out the answer's body as it comes.
    ///
    /// A large body takes its time: the request's timeout holds for all of it, but without one the limit is
    /// on the time without progress.
    /// The default collects both bodies, each up to the request's [`BodyLimit`],
    /// so that an implementation may leave this out.
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
                    "this HTTP client sends no streams, and the body is larger than {limit} bytes"
                ))),
                other => other,
            })?;
            let response = self.send(Request::from_parts(head, body)).await?;
            Ok(response.map(Body::from))
        })
    }
}

/// The built-in HTTP client.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if it cannot be created, or is not compiled in.
pub(crate) fn default_client() -> Result<Arc<dyn HttpClient>, Error> {
    #[cfg(feature = "reqwest")]
    let client = ReqwestClient::new().map(Arc::new).map_err(|cause| {
        let check = format!("the built-in HTTP client cannot be created: {cause}");
        Error::new(ErrorKind::Config, check)
    })?;
    #[cfg(not(feature = "reqwest"))]
    let client = Err(Error::new(ErrorKind::Config, "there is no built-in HTTP client")
        .with_hint("call `.http_client(..)`, or turn on the feature `reqwest` of authlib-core"))?;
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
}

/// Why there was no whole answer. The texts name no URL: a query may hold a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection could not be made: nothing was sent.
    #[error("no connection to the provider")]
    Connect(#[source] Cause),
    /// The exchange broke off after it began.
    #[error("the connection to the provider broke off")]
    Broken(#[source] Cause),
    /// There was no whole answer in time.
    #[error("the provider did not answer in time")]
    Timeout,
    /// The answer is larger than the sender of the request allows.
    #[error("the provider's answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl From<TransportError> for Error {
    /// For whoever reads a streamed body and hands its error on.
    fn from(cause: TransportError) -> Self {
        Self::new(ErrorKind::Transport, cause)
    }
}

/// The cause of a transport error, as text.
#[derive(Debug)]
pub struct Cause(String);

impl Cause {
    /// A cause in the words of `text`, which must not hold a URL with a query.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}
