//! [`Canned`]: an HTTP client that answers from a list and remembers what it was asked.

use std::sync::{Arc, Mutex};

use authlib_core::message::{Request, Response};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use serde_json::Value;

/// Answers by URL; what is not on the list gets a 404.
#[derive(Clone, Default)]
pub(crate) struct Canned {
    answers: Vec<(String, Response)>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Canned {
    /// Answers `url` with JSON.
    pub(crate) fn json(mut self, url: &str, body: &Value) -> Self {
        self.answers.push((url.to_owned(), json(200, body)));
        self
    }

    /// The one request that was sent to `url`.
    pub(crate) fn only(&self, url: &str) -> Request {
        let seen = self.seen.lock().unwrap();
        let mut hits = seen.iter().filter(|request| request.uri() == url);
        let hit = hits.next().unwrap_or_else(|| panic!("nothing was sent to {url}")).clone();
        assert!(hits.next().is_none(), "more than one request was sent to {url}");
        hit
    }

    pub(crate) fn count(&self, url: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.uri() == url).count()
    }
}

impl HttpClient for Canned {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let url = request.uri().to_string();
        let answer = self.answers.iter().find(|(known, _)| *known == url);
        let answer = answer.map_or_else(|| json(404, &Value::Null), |(_, answer)| answer.clone());
        self.seen.lock().unwrap().push(request);
        Box::pin(async { Ok(answer) })
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(body.to_string().into_bytes())
        .unwrap()
}
