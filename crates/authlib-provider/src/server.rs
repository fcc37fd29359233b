//! [`Server`]: the provider on a loopback port.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use authlib_core::message::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::exchange::{Spoilt, respond};
use crate::fault::Reply;
use crate::provider::Provider;

/// The most bytes of a request's body.
const MAX_BODY: usize = 1024 * 1024;

/// The most connections at once.
const MAX_CONNECTIONS: usize = 1024;

/// A provider that listens on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Server {
    provider: Provider,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port; `make` gets the issuer, which holds the port.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use authlib_provider::{Provider, Server};
    ///
    /// let server = Server::start(Provider::new).await?;
    /// assert!(server.issuer().starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(make: impl FnOnce(String) -> Provider) -> io::Result<Self> {
        Self::start_on(0, make).await
    }

    /// Listens on a port of your choice.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn start_on(port: u16, make: impl FnOnce(String) -> Provider) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let provider = make(format!("http://{}", listener.local_addr()?));
        let task = tokio::spawn(accept(listener, provider.clone()));
        Ok(Self { provider, task })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.provider.issuer()
    }

    /// The provider behind the port.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, provider: Provider) {
    // The connections end with this task, that is, with the server.
    let mut connections = JoinSet::new();
    loop {
        // An error is of that one connection, or passes: the listener stays good.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, provider.clone()));
        }
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
    }
}

async fn serve(stream: TcpStream, provider: Provider) {
    let service = service_fn(|request: http::Request<Incoming>| {
        let provider = provider.clone();
        async move { Ok::<_, Infallible>(answer(&provider, request).await) }
    });
    let builder = hyper::server::conn::http1::Builder::new();
    // A connection that breaks off is the peer's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(provider: &Provider, request: http::Request<Incoming>) -> http::Response<Reel> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return reel(respond(413, "text/plain", "too large\n"));
    };
    let request = Request::from_parts(parts, body.to_bytes().to_vec());
    let response = provider.handle(&request);
    if let Some(Spoilt(Reply::Hang)) = response.extensions().get() {
        std::future::pending::<()>().await;
    }
    reel(response)
}

/// A body that may be larger than memory, or end before its end.
enum Reel {
    Whole(Option<Bytes>),
    Endless(usize),
    Broken(Option<Bytes>),
}

fn reel(response: Response) -> http::Response<Reel> {
    let (mut parts, body) = response.into_parts();
    let spoilt = parts.extensions.remove::<Spoilt>().map(|Spoilt(reply)| reply);
    let body = match spoilt {
        Some(Reply::Oversized(size)) => Reel::Endless(size),
        Some(Reply::GzipBomb(size)) => {
            parts.headers.insert("content-encoding", http::HeaderValue::from_static("gzip"));
            Reel::Whole(Some(bomb(size).into()))
        }
        Some(Reply::Truncated) => {
            parts.headers.insert("content-length", http::HeaderValue::from_static("4096"));
            Reel::Broken(Some(Bytes::from_static(b"{\"access_token\":")))
        }
        Some(Reply::Reset) => Reel::Broken(None),
        _ => Reel::Whole(Some(body.into())),
    };
    http::Response::from_parts(parts, body)
}

impl Body for Reel {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        const CHUNK: usize = 64 * 1024;
        Poll::Ready(match &mut *self {
            Self::Whole(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Self::Endless(0) => None,
            Self::Endless(left) => {
                let size = CHUNK.min(*left);
                *left -= size;
                Some(Ok(Frame::data(vec![b' '; size].into())))
            }
            Self::Broken(bytes) => Some(match bytes.take() {
                Some(bytes) => Ok(Frame::data(bytes)),
                None => Err(io::Error::other("broken on purpose")),
            }),
        })
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(Some(bytes)) => hyper::body::SizeHint::with_exact(bytes.len() as u64),
            _ => hyper::body::SizeHint::default(),
        }
    }
}

/// A gzip member of `size` blanks: one fixed-Huffman block that repeats one match (RFC 1951 §3.2.6).
fn bomb(size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b1, 1);
    bits.put(0b01, 2);
    bits.code(0x30 + u16::from(b' '), 8);
    let eight = |bits: &mut Bits| {
        for _ in 0..8 {
            // Length 258 is symbol 285, 8 bits; distance 1 is symbol 0, 5 bits.
            bits.code(0b1100_0101, 8);
            bits.code(0, 5);
        }
    };
    // Eight matches are 13 whole bytes, and from the second time on always the same ones: a client that
    // waits half a second should not wait for the making of this.
    eight(&mut bits);
    let begun = bits.bytes.len();
    eight(&mut bits);
    let same = bits.bytes.get(begun..).unwrap_or_default().repeat(size / (8 * 258));
    bits.bytes.extend(same);
    bits.code(0, 7);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    out.extend(bits.done());
    // Nobody who keeps a limit reads as far as the checksum.
    out.extend([0; 8]);
    out
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
    last: u8,
}

impl Bits {
    /// Bits from the lowest up.
    fn put(&mut self, value: u16, count: u8) {
        for place in 0..count {
            let bit = u8::from(value >> place & 1 == 1);
            self.last |= bit << self.used;
            self.used += 1;
            if self.used == 8 {
                self.bytes.push(std::mem::take(&mut self.last));
                self.used = 0;
            }
        }
    }

    /// A Huffman code, from its highest bit down.
    fn code(&mut self, value: u16, count: u8) {
        for place in (0..count).rev() {
            self.put(value >> place & 1, 1);
        }
    }

    fn done(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push(self.last);
        }
        self.bytes
    }
}
