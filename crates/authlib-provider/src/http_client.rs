//! The provider as the HTTP client of an application under test, without a socket.

use authlib_core::message::{BodyLimit, Request, Response};
use authlib_core::transport::{BoxFuture, Cause, HttpClient, TransportError};

use crate::endpoint::Endpoint;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::response::TransportFault;
use crate::state::RecordedRequest;

impl HttpClient for Provider {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let limit = BodyLimit::of(&request);
            let uri = request.uri();
            let is_alias = self.0.mtls_base.as_ref().is_some_and(|base| is_at(base, uri));
            if !is_alias && !is_at(self.issuer(), uri) {
                self.0.record(RecordedRequest::new(Endpoint::Unmatched, &request));
                return Err(TransportError::Connect(Cause::new("this host is not the provider")));
            }
            let response = self.handle(&request);
            match response.extensions().get::<TransportFault>().map(|fault| &fault.0) {
                Some(Reply::Hang) => Err(TransportError::Timeout),
                Some(Reply::Reset) => {
                    Err(TransportError::Closed(Cause::new("injected fault: connection reset")))
                }
                Some(Reply::Truncated) => {
                    Err(TransportError::Broken(Cause::new("injected fault: response cut off")))
                }
                Some(Reply::Oversized(size) | Reply::GzipBomb(size)) if *size > limit => {
                    Err(TransportError::TooLarge { limit })
                }
                _ if response.body().len() > limit => Err(TransportError::TooLarge { limit }),
                _ => Ok(response),
            }
        })
    }
}

/// Whether a URL has the origin of this issuer.
fn is_at(issuer: &str, uri: &http::Uri) -> bool {
    let origin = |url: &str| url::Url::parse(url).map(|url| url.origin());
    matches!((origin(issuer), origin(&uri.to_string())), (Ok(a), Ok(b)) if a == b)
}
