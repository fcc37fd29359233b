//! [`Loopback`]: where the browser comes back to, a port of this machine (RFC 8252 §7.3).

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

/// The most connections at once: browsers open a few to spare.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the browser shows in the end, whatever came of the login: it holds nothing of the request.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>cli-login</title>\
                    <h1>Back to the terminal</h1><p>It says what came of the login. This window can be \
                    closed.</p>";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    // The page's own URL has the code in it.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A port that waits for one callback.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    /// The `Host` of requests that are meant for us. A page elsewhere whose name was made to lead here
    /// sends another (DNS rebinding).
    host: Arc<str>,
}

impl Loopback {
    /// Takes a port of 127.0.0.1, which nobody outside this machine reaches: any free one for 0.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let host = listener.local_addr()?.to_string().into();
        Ok(Self { listener, host })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.host)
    }

    /// Waits for the browser, shows it the page, and returns the URL that it came to. Whatever else is
    /// asked of the port is answered, and doesn't end the wait.
    pub(crate) async fn callback(self) -> String {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                    // An error is of that one connection, or passes.
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

/// Answers one request; the callback's query, if it was the callback.
async fn serve(stream: TcpStream, host: Arc<str>) -> Option<String> {
    let callback = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let query = callback_query(&request, &host);
        let answer = answer(query.as_ref().err().copied());
        if let Ok(query) = query {
            *callback.lock().unwrap_or_else(PoisonError::into_inner) = Some(query);
        }
        async move { Ok::<_, Infallible>(answer) }
    });
    // Who breaks off after the request has said what there was to say.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    callback.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn callback_query<B>(request: &Request<B>, host: &str) -> Result<String, StatusCode> {
    let asked = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    if asked != Some(host.as_bytes()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    if request.method() != Method::GET || request.uri().path() != PATH {
        return Err(StatusCode::NOT_FOUND);
    }
    // A browser that looks ahead does not show its user the page: the real visit is still to come.
    let purposes = request.headers().get_all("sec-purpose");
    if purposes.iter().any(|purpose| purpose.as_bytes().starts_with(b"prefetch")) {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(request.uri().query().unwrap_or_default().to_owned())
}

fn answer(refusal: Option<StatusCode>) -> Response<Full<Bytes>> {
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
    fn only_a_get_of_the_path_at_our_own_host_is_the_callback() {
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
