//! The drivers: one exchange with a provider over the [`HttpClient`] port.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use http::header::USER_AGENT;

use crate::error::{Error, ErrorKind, Result};
use crate::message::{Request, Response};
use crate::transport::{HttpClient, TransportError};

pub(crate) mod oauth2;

/// The `User-Agent` of every request, unless the client is registered with another. Some providers
/// refuse requests without one.
pub(crate) const DEFAULT_USER_AGENT: &str = concat!("authlib-rs/", env!("CARGO_PKG_VERSION"));

/// Sends requests in the name of one registered client.
#[derive(Clone)]
pub(crate) struct Driver {
    http: Arc<dyn HttpClient>,
    user_agent: HeaderValue,
}

impl Driver {
    pub(crate) fn new(http: Arc<dyn HttpClient>, user_agent: Option<&str>) -> Self {
        let user_agent = user_agent
            .and_then(|text| HeaderValue::from_str(text).ok())
            .unwrap_or_else(|| HeaderValue::from_static(DEFAULT_USER_AGENT));
        Self { http, user_agent }
    }

    /// Sends `request`; `what` names the exchange in errors and logs, which never hold the URL's query
    /// or a body.
    pub(crate) async fn send(&self, what: &str, mut request: Request) -> Result<Response> {
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        tracing::debug!(what, host, method = %request.method(), "sending");
        let response = self.http.send(request).await.map_err(|cause| {
            let hint = match &cause {
                TransportError::Connect(_) => {
                    format!("check that {host} is right and can be reached from this machine")
                }
                TransportError::TooLarge { .. } => {
                    format!("check that {host} is the provider: its answers are never that large")
                }
                _ => format!("{host} may be down or slow"),
            };
            Error::new(ErrorKind::Transport, Failed { what: what.to_owned(), cause }).hint(hint)
        })?;
        tracing::debug!(what, host, status = response.status().as_u16(), "answered");
        Ok(response)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{what} failed")]
struct Failed {
    what: String,
    #[source]
    cause: TransportError,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("user_agent", &self.user_agent).finish_non_exhaustive()
    }
}
