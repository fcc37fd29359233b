//! The blocking [`ApiRequest`], and bodies as readers.

use std::fmt;
use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::mpsc;

use super::block_on;
use crate::api::{self, ApiResponse};
use crate::error::Result;
use crate::multipart::Multipart;
use crate::oauth2::TokenPlacement;
use crate::params::Params;
use crate::transport::{Body, Cause, TransportError};

/// The bytes of one piece of a body that is read.
const PIECE: usize = 64 * 1024;

/// An [`ApiRequest`](api::ApiRequest) whose calls return when they are done.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct ApiRequest {
    inner: api::ApiRequest,
}

impl ApiRequest {
    pub(super) fn of(inner: api::ApiRequest) -> Self {
        Self { inner }
    }

    fn with(self, change: impl FnOnce(api::ApiRequest) -> api::ApiRequest) -> Self {
        Self::of(change(self.inner))
    }

    /// As [`query`](api::ApiRequest::query).
    pub fn query(self, params: impl Into<Params>) -> Self {
        self.with(|request| request.query(params))
    }

    /// As [`header`](api::ApiRequest::header).
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|request| request.header(name, value))
    }

    /// As [`body`](api::ApiRequest::body).
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| request.body(content_type, body))
    }

    /// As [`json`](api::ApiRequest::json).
    pub fn json(self, value: &impl Serialize) -> Self {
        self.with(|request| request.json(value))
    }

    /// As [`form`](api::ApiRequest::form).
    pub fn form(self, params: impl Into<Params>) -> Self {
        self.with(|request| request.form(params))
    }

    /// As [`multipart`](api::ApiRequest::multipart).
    pub fn multipart(self, form: &Multipart) -> Self {
        self.with(|request| request.multipart(form))
    }

    /// Sends what `reader` gives as it comes. The request can't be repeated after a 401.
    pub fn stream(self, content_type: &str, reader: impl Read + Send + 'static) -> Self {
        self.with(|request| request.stream(content_type, read_body(reader)))
    }

    /// As [`timeout`](api::ApiRequest::timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|request| request.timeout(timeout))
    }

    /// As [`max_response_size`](api::ApiRequest::max_response_size).
    pub fn max_response_size(self, bytes: usize) -> Self {
        self.with(|request| request.max_response_size(bytes))
    }

    /// As [`token_placement`](api::ApiRequest::token_placement).
    pub fn token_placement(self, placement: TokenPlacement) -> Self {
        self.with(|request| request.token_placement(placement))
    }

    /// As [`without_token`](api::ApiRequest::without_token).
    pub fn without_token(self) -> Self {
        self.with(api::ApiRequest::without_token)
    }

    /// As [`send`](api::ApiRequest::send).
    ///
    /// # Errors
    ///
    /// Those of the async one.
    pub fn send(self) -> Result<ApiResponse> {
        block_on(self.inner.send())
    }

    /// As [`send_streaming`](api::ApiRequest::send_streaming): the body is read as it comes.
    ///
    /// # Errors
    ///
    /// Those of the async one.
    pub fn send_streaming(self) -> Result<http::Response<BodyReader>> {
        let response = block_on(self.inner.send_streaming())?;
        Ok(response.map(|body| BodyReader { body, piece: Bytes::new() }))
    }
}

/// An answer's body, to be read as it comes.
pub struct BodyReader {
    body: Body,
    piece: Bytes,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.piece.has_remaining() {
            match block_on(self.body.chunk()).map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        (&mut self.piece).reader().read(buffer)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader").field("body", &self.body).finish_non_exhaustive()
    }
}

/// A body out of a reader, which is read on a thread of its own: it may take its time. The thread ends
/// with the reader, or when nobody takes the pieces any more.
fn read_body(mut reader: impl Read + Send + 'static) -> Body {
    // `None` is the reader's own word that it is done. A reader that panicked, or a thread that could not
    // be had, must not pass for the end of a whole body.
    let (pieces, taken) = mpsc::channel::<Result<Option<Vec<u8>>, TransportError>>(2);
    let read = move || {
        loop {
            let mut piece = vec![0; PIECE];
            let piece = match reader.read(&mut piece) {
                Ok(0) => Ok(None),
                Ok(length) => {
                    piece.truncate(length);
                    Ok(Some(piece))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(TransportError::Broken(Cause::new(error.to_string()))),
            };
            let last = !matches!(piece, Ok(Some(_)));
            if pieces.blocking_send(piece).is_err() || last {
                break;
            }
        }
    };
    drop(thread::Builder::new().name("authlib-body".to_owned()).spawn(read));
    Body::stream(unfold(Some(taken), |taken| async move {
        let mut taken = taken?;
        match taken.recv().await {
            Some(Ok(piece)) => Some((Ok(piece?), Some(taken))),
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                let cause = Cause::new("the reader of the request's body gave up");
                Some((Err(TransportError::Broken(cause)), None))
            }
        }
    }))
}
