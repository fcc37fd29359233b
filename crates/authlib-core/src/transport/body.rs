//! [`Body`]: a message's body, whole or as a stream.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};

use super::TransportError;

/// A request whose body may be a stream.
pub type StreamedRequest = http::Request<Body>;

/// An answer whose body comes in pieces.
pub type StreamingResponse = http::Response<Body>;

/// A body: all of it at hand, or a stream of pieces.
///
/// ```
/// use authlib_core::transport::Body;
///
/// # fn file() -> impl futures_util::Stream<Item = Result<Vec<u8>, authlib_core::transport::TransportError>> + Send {
/// #     futures_util::stream::empty()
/// # }
/// let whole = Body::from(b"hello".to_vec());
/// let stream = Body::stream(file());
/// assert!(whole.is_whole() && !stream.is_whole());
/// ```
pub struct Body(Inner);

enum Inner {
    Whole(Option<Bytes>),
    /// In a lock that is never waited for: it lets a shared reference to a body cross threads.
    Stream(Mutex<Pieces>),
}

type Pieces = BoxStream<'static, Result<Bytes, TransportError>>;

impl Body {
    /// A body that comes in pieces. An error breaks the exchange off.
    pub fn stream<T: Into<Bytes>>(
        pieces: impl Stream<Item = Result<T, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Stream(Mutex::new(pieces.map(|piece| piece.map(Into::into)).boxed())))
    }

    /// Whether all of it is at hand, so that it can be sent again.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.0, Inner::Whole(_))
    }

    /// The next piece, or nothing at the end.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] when the exchange broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.0 {
            Inner::Whole(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Inner::Stream(stream) => {
                let stream = stream.get_mut().unwrap_or_else(PoisonError::into_inner);
                stream.next().await.transpose()
            }
        }
    }

    /// All of it, if it is no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`TransportError::TooLarge`] when it is, and why the exchange broke off.
    pub async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if all.len().saturating_add(piece.len()) > limit {
                return Err(TransportError::TooLarge { limit });
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// The pieces, as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        match self.0 {
            Inner::Whole(bytes) => futures_util::stream::iter(bytes.map(Ok)).boxed(),
            Inner::Stream(stream) => stream.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// All of it, where it is at hand.
    #[cfg(feature = "reqwest")]
    pub(super) fn into_whole(self) -> Result<Bytes, Pieces> {
        match self.0 {
            Inner::Whole(bytes) => Ok(bytes.unwrap_or_default()),
            Inner::Stream(stream) => {
                Err(stream.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self(Inner::Whole(None))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Inner::Whole(Some(bytes.into())))
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
        f.write_str(if self.is_whole() { "Body(whole)" } else { "Body(stream)" })
    }
}
