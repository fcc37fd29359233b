//! [`Server`]: a provider on a loopback port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use authlib_core::message::Request;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::faulty_body::{self, FaultyBody};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::endpoint::Endpoint;
use crate::peer_certificate::PeerCertificate;
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
    tasks: Vec<JoinHandle<()>>,
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
        let task = tokio::spawn(accept(listener, provider.clone(), plain));
        Ok(Self { provider, tasks: vec![task] })
    }

    /// As [`start`](Self::start), over TLS with a certificate of [`certificates::CA`](crate::certificates::CA) for
    /// `localhost`, on two ports: that of the issuer, and one that asks for client certificates. `make` gets the URLs of
    /// both; the second is for [`mtls_endpoint_aliases`](crate::ProviderBuilder::mtls_endpoint_aliases).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use authlib_provider::{Provider, Server, TestClient, certificates};
    ///
    /// let client = TestClient::public("app").auth_method("tls_client_auth").tls_certificate(certificates::CLIENT);
    /// let server = Server::start_tls(|issuer, mtls| {
    ///     Provider::builder(issuer).mtls_endpoint_aliases(mtls).client(client).build()
    /// });
    /// assert!(server.await?.issuer().starts_with("https://localhost:"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    #[cfg(feature = "tls")]
    pub async fn start_tls(make: impl FnOnce(String, String) -> Provider) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (first, second) = (TcpListener::bind(any).await?, TcpListener::bind(any).await?);
        let url = |listener: &TcpListener| -> io::Result<String> {
            Ok(format!("https://localhost:{}", listener.local_addr()?.port()))
        };
        let provider = make(url(&first)?, url(&second)?);
        let mut tasks = Vec::new();
        for (listener, asks) in [(first, false), (second, true)] {
            let tls = Tls::new(asks)?;
            let serve = move |stream, provider| over_tls(tls.clone(), stream, provider);
            tasks.push(tokio::spawn(accept(listener, provider.clone(), serve)));
        }
        Ok(Self { provider, tasks })
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
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn accept<F>(
    listener: TcpListener,
    provider: Provider,
    serve: impl Fn(TcpStream, Provider) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
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

async fn plain(stream: TcpStream, provider: Provider) {
    serve(stream, provider, None).await;
}

#[cfg(feature = "tls")]
async fn over_tls(tls: Tls, stream: TcpStream, provider: Provider) {
    // The client may refuse the server's certificate.
    if let Ok((stream, peer)) = tls.accept(stream).await {
        serve(stream, provider, peer).await;
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    provider: Provider,
    peer: Option<PeerCertificate>,
) {
    let service = service_fn(|mut request: http::Request<Incoming>| {
        let provider = provider.clone();
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
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
