//! A browser's cookies, and requests to a router of axum in the same process.

use axum::Router;
use axum::body::Body;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request};
use tower::ServiceExt as _;

use crate::now;

/// The cookies of one browser.
#[derive(Default)]
pub struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// The `Cookie` header; empty without cookies.
    pub fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Keeps the cookies of a response.
    pub fn keep(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let mut parts = header.to_str().expect("it is text").split("; ");
            let pair = parts.next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie has a name");
            self.0.retain(|(known, _)| known != name);
            if !parts.any(|part| part == "Max-Age=0") {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Sends a GET, and returns the status and where it redirects to.
    pub fn get(&mut self, router: &Router, path: &str) -> (u16, String) {
        let mut request = Request::get(path);
        if !self.0.is_empty() {
            request = request.header(COOKIE, self.header());
        }
        let request = request.body(Body::empty()).expect("the path is valid");
        let response = now(router.clone().oneshot(request)).expect("a router does not fail");
        self.keep(response.headers());
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        (response.status().as_u16(), location.unwrap_or_default().to_owned())
    }
}

/// The value of a parameter of a URL or form, which needs no decoding.
pub fn parameter<'a>(text: &'a str, name: &str) -> &'a str {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(known, value)| (known == name).then_some(value)).unwrap_or("")
}
