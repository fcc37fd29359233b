//! [`RecordedResponses`]: an HTTP client that responds from a list and records the requests.

use std::sync::{Arc, Mutex};

use authlib_core::message::{Request, Response};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use serde_json::Value;

/// Responses by URL; other URLs get a 404.
#[derive(Clone, Default)]
pub(crate) struct RecordedResponses {
    responses: Vec<(String, Response)>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl RecordedResponses {
    /// Adds a response for `url`.
    pub(crate) fn with(mut self, url: &str, response: Response) -> Self {
        self.responses.push((url.to_owned(), response));
        self
    }

    /// Adds a JSON response for `url`.
    pub(crate) fn json(self, url: &str, body: &Value) -> Self {
        self.with(url, json(200, body))
    }

    /// The one request to `url`.
    pub(crate) fn only(&self, url: &str) -> Request {
        let seen = self.seen.lock().unwrap();
        let mut hits = seen.iter().filter(|request| request.uri() == url);
        let hit = hits.next().unwrap_or_else(|| panic!("no request to {url}")).clone();
        assert!(hits.next().is_none(), "more than one request to {url}");
        hit
    }

    /// The number of requests to `url`.
    pub(crate) fn count(&self, url: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.uri() == url).count()
    }
}

impl HttpClient for RecordedResponses {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let url = request.uri().to_string();
        let response = self.responses.iter().find(|(known, _)| *known == url);
        let response =
            response.map_or_else(|| json(404, &Value::Null), |(_, response)| response.clone());
        self.seen.lock().unwrap().push(request);
        Box::pin(async { Ok(response) })
    }
}

/// A form as response.
pub(crate) fn form(body: &str) -> Response {
    http::Response::builder()
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

/// A JSON response.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(body.to_string().into_bytes())
        .unwrap()
}
