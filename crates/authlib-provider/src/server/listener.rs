//! [`Server`]: a provider on a loopback port.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use authlib_core::message::Request;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::faulty_body::{self, FaultyBody};
use crate::endpoint::Endpoint;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::response::{TransportFault, respond};

/// The largest request body, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The most concurrent connections.
const MAX_CONNECTIONS: usize = 1024;

/// How often a response that is held back looks whether it may go.
const HOLD: Duration = Duration::from_millis(5);

/// A provider that listens on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Server {
    provider: Provider,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port. `make` gets the issuer, whose port is known only now.
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
    /// If no port can be bound.
    pub async fn start(make: impl FnOnce(String) -> Provider) -> io::Result<Self> {
        Self::start_on(0, make).await
    }

    /// As [`start`](Self::start), on this port.
    ///
    /// # Errors
    ///
    /// If the port cannot be bound.
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
    // The connections are dropped with this task, that is, with the server.
    let mut connections = JoinSet::new();
    loop {
        // An error concerns one connection or is temporary: keep listening.
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
        async move { Ok::<_, Infallible>(respond_to(&provider, request).await) }
    });
    let builder = hyper::server::conn::http1::Builder::new();
    // The client may close the connection at any time.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond_to(
    provider: &Provider,
    request: http::Request<Incoming>,
) -> http::Response<FaultyBody> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return faulty_body::apply(respond(413, "text/plain", "the request body is too large\n"));
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let response = provider.handle(&request);
    if let Some(TransportFault(Reply::Hang)) = response.extensions().get() {
        std::future::pending::<()>().await;
    }
    let endpoint = response.extensions().get::<Endpoint>().copied();
    while endpoint.is_some_and(|endpoint| provider.is_held(endpoint)) {
        tokio::time::sleep(HOLD).await;
    }
    faulty_body::apply(response)
}
