//! [`FaultyBody`]: response bodies that are larger than memory, compressed, or cut off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use authlib_core::message::Response;
use flate2::{Compress, Compression, FlushCompress};
use http::HeaderValue;
use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::reply::Reply;
use crate::response::TransportFault;

/// How many bytes are sent, or compressed, at once.
const CHUNK: usize = 64 * 1024;

pub(super) enum FaultyBody {
    /// The body, complete.
    Buffered(Option<Bytes>),
    /// So many spaces.
    Oversized(usize),
    /// An error that resets the connection before the response begins.
    Reset,
    /// The body, and an error that resets the connection when the body has been sent.
    Truncated(Option<Bytes>),
}

/// Applies the transport fault of a response, if it has one.
pub(super) fn apply(response: Response) -> http::Response<FaultyBody> {
    let (mut parts, body) = response.into_parts();
    let fault = parts.extensions.remove::<TransportFault>().map(|TransportFault(reply)| reply);
    let body = match fault {
        Some(Reply::Oversized(size)) => FaultyBody::Oversized(size),
        Some(Reply::GzipBomb(size)) => {
            parts.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            FaultyBody::Buffered(Some(gzip_bomb(size).into()))
        }
        Some(Reply::Truncated) => {
            parts.headers.insert("content-length", HeaderValue::from_static("4096"));
            FaultyBody::Truncated(Some(Bytes::from_static(b"{\"access_token\":")))
        }
        Some(Reply::Reset) => FaultyBody::Reset,
        _ => FaultyBody::Buffered(Some(body.into())),
    };
    http::Response::from_parts(parts, body)
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match &mut *self {
            Self::Buffered(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Self::Oversized(0) => None,
            Self::Oversized(left) => {
                let size = CHUNK.min(*left);
                *left -= size;
                Some(Ok(Frame::data(vec![b' '; size].into())))
            }
            Self::Truncated(bytes) => match bytes.take() {
                Some(bytes) => Some(Ok(Frame::data(bytes))),
                None => {
                    // hyper sends what it has while it waits for the body.
                    *self = Self::Reset;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            },
            Self::Reset => Some(Err(io::Error::other("injected fault: connection reset"))),
        })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Buffered(Some(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// `size` spaces as gzip (RFC 1952). Only one chunk is compressed, because a client that waits half a second must
/// not wait for 100 MiB to be compressed; a full flush makes it repeatable (RFC 1951 §2).
fn gzip_bomb(size: usize) -> Vec<u8> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut deflate = Compress::new(Compression::best(), false);
    // On an error, the chunk is empty and so is the body: the test that injects this fault fails.
    let _ = deflate.compress_vec(&[b' '; CHUNK], &mut chunk, FlushCompress::Full);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    gzip.extend(chunk.repeat(size / CHUNK));
    // The last, empty block and a wrong checksum, which a client with a limit never reads.
    gzip.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    gzip
}
