//! [`FaultyBody`]: response bodies that are larger than memory, compressed, or cut off.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use authlib_core::message::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
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
    /// The body, then an error that resets the connection.
    Reset(Option<Bytes>),
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
            FaultyBody::Reset(Some(Bytes::from_static(b"{\"access_token\":")))
        }
        Some(Reply::Reset) => FaultyBody::Reset(None),
        _ => FaultyBody::Buffered(Some(body.into())),
    };
    http::Response::from_parts(parts, body)
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match &mut *self {
            Self::Buffered(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Self::Oversized(0) => None,
            Self::Oversized(left) => {
                let size = CHUNK.min(*left);
                *left -= size;
                Some(Ok(Frame::data(vec![b' '; size].into())))
            }
            Self::Reset(bytes) => Some(match bytes.take() {
                Some(bytes) => Ok(Frame::data(bytes)),
                None => Err(io::Error::other("injected fault: connection reset")),
            }),
        })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Buffered(Some(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// `size` spaces as gzip. The members of a gzip file may be repeated (RFC 1952 §2.2), so only one chunk is
/// compressed: a client that waits half a second must not wait for 100 MiB to be compressed.
fn gzip_bomb(size: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let member = encoder.write_all(&[b' '; CHUNK]).and_then(|()| encoder.finish());
    member.unwrap_or_default().repeat(size / CHUNK)
}
