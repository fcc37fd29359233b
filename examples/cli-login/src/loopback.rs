//! [`Loopback`]: the loopback redirect (RFC 8252 §7.3).

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const PATH: &str = "/callback";

/// The most connections at once; browsers open a few spare ones.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection may take to send its request headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The page after every callback, successful or not. It contains nothing from the request.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>cli-login</title>\
                    <h1>Return to the terminal</h1><p>It shows the result of the login. This window can be \
                    closed.</p>";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    // The URL of the page contains the authorization code.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A listener for one callback.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    /// The expected `Host` header. A page whose host name resolves to this machine (DNS rebinding) sends
    /// another one.
    host: Arc<str>,
}

impl Loopback {
    /// Listens on a port of 127.0.0.1, which other machines cannot reach; 0 is any free port.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let host = listener.local_addr()?.to_string().into();
        Ok(Self { listener, host })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.host)
    }

    /// Waits for the callback, responds with the page, and returns the callback's URL. Other requests get a
    /// response and do not end the wait.
    pub(crate) async fn callback(self) -> String {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    // An error concerns this connection only, or is temporary.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(serve(stream, self.host.clone()));
                    }
                }
                Some(served) = connections.join_next() => {
                    if let Ok(Some(query)) = served {
                        return format!("{}?{query}", self.redirect_uri());
                    }
                }
            }
        }
    }
}

/// Responds to one request. Returns the query if the request is the callback.
async fn serve(stream: TcpStream, host: Arc<str>) -> Option<String> {
    let callback = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let query = callback_query(&request, &host);
        let response = respond(query.as_ref().err().copied());
        if let Ok(query) = query {
            *callback.lock().unwrap_or_else(PoisonError::into_inner) = Some(query);
        }
        async move { Ok::<_, Infallible>(response) }
    });
    // An error after the request is ignored: the query has been read.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    callback.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn callback_query<B>(request: &Request<B>, host: &str) -> Result<String, StatusCode> {
    let named = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    if named != Some(host.as_bytes()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    if request.method() != Method::GET || request.uri().path() != PATH {
        return Err(StatusCode::NOT_FOUND);
    }
    // A prefetch is not shown to the user; the actual visit follows.
    let purposes = request.headers().get_all("sec-purpose");
    if purposes.iter().any(|purpose| purpose.as_bytes().starts_with(b"prefetch")) {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(request.uri().query().unwrap_or_default().to_owned())
}

fn respond(refusal: Option<StatusCode>) -> Response<Full<Bytes>> {
    let page = if refusal.is_none() { PAGE } else { "" };
    let mut response = Response::new(Full::new(Bytes::from_static(page.as_bytes())));
    *response.status_mut() = refusal.unwrap_or_default();
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_is_a_get_of_the_path_at_the_loopback_host() {
        let us = "127.0.0.1:4000";
        for (method, uri, host, expected) in [
            ("GET", "/callback?code=c&state=s", us, Ok("code=c&state=s")),
            ("GET", "/callback", us, Ok("")),
            ("POST", "/callback?code=c", us, Err(404)),
            ("HEAD", "/callback?code=c", us, Err(404)),
            ("GET", "/callback/?code=c", us, Err(404)),
            ("GET", "/favicon.ico", us, Err(404)),
            ("GET", "/callback?code=c", "127.0.0.1", Err(400)),
            ("GET", "/callback?code=c", "localhost:4000", Err(400)),
            ("GET", "/callback?code=c", "evil.example:4000", Err(400)),
        ] {
            let request = Request::builder().method(method).uri(uri).header("host", host);
            let query = callback_query(&request.body(()).unwrap(), us);
            let query = query.as_deref().map_err(|status| status.as_u16());
            assert_eq!(query, expected, "{method} {uri} {host}");
        }
        let ahead = Request::builder().uri("/callback?code=c").header("host", us);
        let ahead = ahead.header("sec-purpose", "prefetch;prerender").body(()).unwrap();
        assert!(callback_query(&ahead, us).is_err());
        let nameless = Request::builder().uri("/callback?code=c").body(()).unwrap();
        assert!(callback_query(&nameless, us).is_err());
    }
}
