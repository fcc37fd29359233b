//! [`Body`]: a message's body, buffered or as a stream.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};

use super::TransportError;

/// A request whose body may be a stream.
pub type StreamedRequest = http::Request<Body>;

/// A response whose body is a stream.
pub type StreamingResponse = http::Response<Body>;

/// A body: buffered, or a stream of chunks.
///
/// ```
/// use authlib_core::transport::Body;
///
/// # fn file() -> impl futures_util::Stream<Item = Result<Vec<u8>, authlib_core::transport::TransportError>> + Send {
/// #     futures_util::stream::empty()
/// # }
/// let buffered = Body::from(b"hello".to_vec());
/// let stream = Body::stream(file());
/// assert!(buffered.is_buffered() && !stream.is_buffered());
/// ```
pub struct Body(Inner);

enum Inner {
    Buffered(Option<Bytes>),
    /// The lock is never contended: it makes `Body` `Sync`.
    Stream(Mutex<Chunks>),
}

type Chunks = BoxStream<'static, Result<Bytes, TransportError>>;

impl Body {
    /// A stream of chunks. An error aborts the exchange.
    pub fn stream<T: Into<Bytes>>(
        chunks: impl Stream<Item = Result<T, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Stream(Mutex::new(chunks.map(|chunk| chunk.map(Into::into)).boxed())))
    }

    /// Whether it is buffered, so that it can be sent again.
    #[must_use]
    pub fn is_buffered(&self) -> bool {
        matches!(self.0, Inner::Buffered(_))
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] if the exchange failed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.0 {
            Inner::Buffered(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Inner::Stream(stream) => {
                let stream = stream.get_mut().unwrap_or_else(PoisonError::into_inner);
                stream.next().await.transpose()
            }
        }
    }

    /// The whole body, up to `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`TransportError::TooLarge`] if it is larger, and any other error of the exchange.
    pub async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len().saturating_add(chunk.len()) > limit {
                return Err(TransportError::TooLarge { limit });
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// The body as a stream of chunks.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        match self.0 {
            Inner::Buffered(bytes) => futures_util::stream::iter(bytes.map(Ok)).boxed(),
            Inner::Stream(stream) => stream.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The bytes if it is buffered, else the stream.
    #[cfg(feature = "reqwest")]
    pub(super) fn into_buffered(self) -> Result<Bytes, Chunks> {
        match self.0 {
            Inner::Buffered(bytes) => Ok(bytes.unwrap_or_default()),
            Inner::Stream(stream) => {
                Err(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self(Inner::Buffered(None))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Buffered(Some(bytes)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_buffered() { "Body(buffered)" } else { "Body(stream)" })
    }
}
