//! [`HttpExchange`]: sends the requests of one client.

use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderValue, Method, Uri};

use crate::error::{Error, ErrorKind, Result, clipped};
use crate::message::{Request, Response, SourceUri, Timeout};
use crate::transport::{BoxFuture, HttpClient, StreamedRequest, StreamingResponse, TransportError};

/// The `User-Agent` of every request, unless the client is configured with another. Some providers reject
/// requests without one.
pub(crate) const DEFAULT_USER_AGENT: &str = concat!("authlib-rs/", env!("CARGO_PKG_VERSION"));

/// Sends requests with the `User-Agent` and the timeout of one registered client, and logs them.
#[derive(Clone)]
pub(crate) struct HttpExchange {
    http: Arc<dyn HttpClient>,
    user_agent: HeaderValue,
    timeout: Option<Duration>,
}

impl HttpExchange {
    pub(crate) fn new(
        http: Arc<dyn HttpClient>,
        user_agent: Option<&str>,
        timeout: Option<Duration>,
    ) -> Self {
        let user_agent = user_agent
            .and_then(|text| HeaderValue::from_str(text).ok())
            .unwrap_or_else(|| HeaderValue::from_static(DEFAULT_USER_AGENT));
        Self { http, user_agent, timeout }
    }

    /// Sends `request`. `what` names it in errors and log events, which contain neither the query nor the
    /// body.
    pub(crate) async fn send(&self, what: &str, mut request: Request) -> Result<Response> {
        let host = self.prepare(what, &mut request)?;
        let uri = request.uri().clone();
        let response = self.http.send(request).await;
        received(what, &host, response).map(|response| from(uri, response))
    }

    /// Sends a GET to the provider, and once more if the connection was closed before a response arrived: a GET is
    /// idempotent (RFC 9110 §9.2.2), and the connection may be one that the server had closed since the last
    /// request (RFC 9112 §9.3.1). No other request is repeated: codes and refresh tokens can be used once.
    pub(crate) async fn fetch(&self, what: &str, mut request: Request) -> Result<Response> {
        if request.method() != Method::GET {
            return self.send(what, request).await;
        }
        let host = self.prepare(what, &mut request)?;
        let uri = request.uri().clone();
        let mut response = self.http.send(request.clone()).await;
        if let Err(TransportError::Closed(cause)) = &response {
            tracing::debug!(what, host, %cause, "connection closed; request sent once more");
            response = self.http.send(request).await;
        }
        received(what, &host, response).map(|response| from(uri, response))
    }

    /// As [`send`](Self::send), with streaming bodies.
    pub(crate) async fn send_streaming(
        &self,
        what: &str,
        mut request: StreamedRequest,
    ) -> Result<StreamingResponse> {
        let host = self.prepare(what, &mut request)?;
        let response = self.http.send_streaming(request).await;
        received(what, &host, response)
    }

    pub(crate) fn spawn(&self, task: BoxFuture<'static, ()>) -> bool {
        self.http.spawn(task).is_ok()
    }

    fn prepare<B>(&self, what: &str, request: &mut http::Request<B>) -> Result<String> {
        // An HTTP client for one server may send such a request there, with its token.
        if request.uri().host().is_none() {
            let check = format!("{what} is not sent: its URL has no host, or more than 64 KiB");
            return Err(Error::new(ErrorKind::InvalidRequest, check));
        }
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        if let Some(timeout) = self.timeout {
            request.extensions_mut().get_or_insert_with(|| Timeout(timeout));
        }
        let host = host_of(request.uri());
        tracing::debug!(what, host, method = %request.method(), "request sent");
        Ok(host)
    }
}

/// The response with the URL that it came from, for errors.
fn from(uri: Uri, mut response: Response) -> Response {
    response.extensions_mut().insert(SourceUri(uri));
    response
}

/// Host and port, without a user name and password.
fn host_of(uri: &Uri) -> String {
    // It may come from the provider's metadata.
    let host = clipped(uri.host().unwrap_or_default());
    uri.port_u16().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

fn received<B>(
    what: &str,
    host: &str,
    response: Result<http::Response<B>, TransportError>,
) -> Result<http::Response<B>> {
    let response = response.map_err(|cause| {
        let hint = match &cause {
            TransportError::Connect(cause) if cause.to_string().contains("CaUsedAsEndEntity") => {
                format!(
                    "{host} uses the certificate of a CA (`CA:TRUE`) as its own: give it one with `CA:FALSE`, which that CA \
                     or its own key signed"
                )
            }
            TransportError::Connect(cause) if cause.to_string().contains("peer certificate") => {
                format!(
                    "if {host} has a certificate of a private CA, set `ca_certificate`, or the variable SSL_CERT_FILE"
                )
            }
            TransportError::Connect(cause)
            | TransportError::Closed(cause)
            | TransportError::Broken(cause)
                if cause.to_string().contains("received fatal alert") =>
            {
                format!(
                    "{host} refused the connection: check the client's certificate (`tls_client_certificate`)"
                )
            }
            TransportError::Connect(_) => {
                format!("check that {host} is the provider's host and can be reached from here")
            }
            TransportError::TooLarge { .. } => {
                format!("check that {host} is the provider: its responses are much smaller")
            }
            _ => format!("{host} may be down or slow"),
        };
        Error::new(ErrorKind::Transport, SendError { what: what.to_owned(), cause }).with_hint(hint)
    })?;
    tracing::debug!(what, host, status = response.status().as_u16(), "response received");
    Ok(response)
}

#[derive(Debug, thiserror::Error)]
#[error("{what} failed")]
struct SendError {
    what: String,
    #[source]
    cause: TransportError,
}

debug_fields!(HttpExchange { user_agent });
