//! [`ReloadingClient`]: an HTTP client whose certificate is read again when its file changed.

use std::sync::{Arc, Mutex, PoisonError};

use super::tls::{Stamp, Tls};
use super::{
    BoxFuture, HttpClient, ReqwestClient, StreamedRequest, StreamingResponse, TransportError,
};
use crate::error::Error;
use crate::message::{Request, Response};

/// Makes a client, with its runtime.
type Make = fn(&Tls) -> Result<ReqwestClient, Error>;

/// The built-in client for these connections. If a certificate is in files, it follows their changes.
pub(crate) fn client_for(tls: &Tls, make: Make) -> Result<Arc<dyn HttpClient>, Error> {
    // Before the files are read: a change in between is then read again.
    let stamp = tls.stamp();
    let client = make(tls)?;
    if stamp.is_empty() {
        return Ok(Arc::new(client));
    }
    let loaded = Mutex::new(Loaded { client, stamp });
    Ok(Arc::new(ReloadingClient { tls: tls.clone(), make, loaded }))
}

struct ReloadingClient {
    tls: Tls,
    make: Make,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    client: ReqwestClient,
    stamp: Stamp,
}

impl ReloadingClient {
    /// The client with the newest certificate. Each certificate has connections of its own. Two calls of `stat` cost less
    /// than a timer, and need no clock.
    fn current(&self) -> ReqwestClient {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.tls.stamp();
        if stamp != loaded.stamp {
            loaded.stamp = stamp;
            match (self.make)(&self.tls) {
                Ok(client) => {
                    loaded.client = client;
                    tracing::info!("client certificate read again");
                }
                // The key may be written after the certificate: then both change once more.
                Err(error) => {
                    let error = error.report().to_string();
                    tracing::warn!(
                        error,
                        "changed client certificate not used; the old one stays in use"
                    );
                }
            }
        }
        loaded.client.clone()
    }
}

impl HttpClient for ReloadingClient {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let client = self.current();
        Box::pin(async move { client.send(request).await })
    }

    fn send_streaming(
        &self,
        request: StreamedRequest,
    ) -> BoxFuture<'_, Result<StreamingResponse, TransportError>> {
        let client = self.current();
        Box::pin(async move { client.send_streaming(request).await })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.current().spawn(task)
    }
}
