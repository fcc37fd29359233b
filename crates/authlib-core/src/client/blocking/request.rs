//! The blocking [`ApiRequest`], and bodies as readers.

use std::io::{self, Read};
use std::thread;

use bytes::{Buf as _, Bytes};
use futures_util::stream::unfold;
use tokio::sync::mpsc;

use super::runtime::block_on;
use crate::api::{self, ApiResponse, Async};
use crate::error::Result;
use crate::transport::{Body, Cause, TransportError};

/// The size of the chunks that are read from a reader.
const PIECE: usize = 64 * 1024;

/// An [`ApiRequest`](api::ApiRequest) that is sent without an async runtime.
pub type ApiRequest = api::ApiRequest<Blocking>;

/// An [`ApiRequest`](api::ApiRequest) that is sent by blocking code.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Blocking;

impl ApiRequest {
    /// Sets a body that is streamed from `reader`. The request is then not repeated after a 401.
    pub fn stream(self, content_type: &str, reader: impl Read + Send + 'static) -> Self {
        self.with_mode::<Async>().stream(content_type, read_body(reader)).with_mode()
    }

    /// As [`send`](api::ApiRequest::send).
    pub fn send(self) -> Result<ApiResponse> {
        block_on(self.with_mode::<Async>().send())
    }

    /// As [`send_streaming`](api::ApiRequest::send_streaming), with a body to be read.
    pub fn send_streaming(self) -> Result<http::Response<BodyReader>> {
        let response = block_on(self.with_mode::<Async>().send_streaming())?;
        Ok(response.map(|body| BodyReader { body, piece: Bytes::new() }))
    }
}

/// The body of a response, to be read as it arrives.
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

debug_fields!(BodyReader { body });

/// A body from a reader, which is read on its own thread, because it may block. The thread ends with the
/// reader, or when the body is dropped.
fn read_body(mut reader: impl Read + Send + 'static) -> Body {
    // `None` is the end of the body. A reader that panicked, or a thread that could not be started, must not
    // look like it.
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
                let cause = Cause::new("the reader of the request body ended early");
                Some((Err(TransportError::Broken(cause)), None))
            }
        }
    }))
}
