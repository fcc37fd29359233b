//! Requests with the token: placement, streaming bodies, timeouts, redirects.

use authlib_core::config::Refresh;
use authlib_core::oauth2::TokenLocation;
use std::io::{self, Cursor, Read as _};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use authlib_core::client::blocking::ApiRequest;
use authlib_core::{ErrorKind, Result, Token};
use authlib_provider::{Endpoint, Reply};
use serde_json::Value;

use crate::test_bed::TestBed;

/// The response of the echo API.
fn said(request: ApiRequest, streamed: bool) -> Result<Value> {
    if !streamed {
        return request.send()?.json();
    }
    let mut text = String::new();
    request.send_streaming()?.into_body().read_to_string(&mut text).unwrap();
    Ok(serde_json::from_str(&text).unwrap())
}

/// T162, T163.
#[test]
fn token_placement_applies_to_streaming_requests() {
    let bed = TestBed::new();
    for (location, placement) in [
        (TokenLocation::Header, "header"),
        (TokenLocation::Query, "query"),
        (TokenLocation::Body, "body"),
    ] {
        let config =
            bed.registered().token_location(location).refresh_with(Refresh::ClientCredentials);
        let client = bed.client(config);
        for streamed in [false, true] {
            let got = said(client.get("echo"), streamed);
            if placement == "body" {
                // RFC 6750 §2.2; Authlib sends a GET with a body.
                assert_eq!(got.unwrap_err().kind(), ErrorKind::InvalidRequest);
            } else {
                assert_eq!(got.unwrap()["token_in"], placement);
            }
            let echo = said(client.post("echo"), streamed).unwrap();
            assert_eq!(echo["token_in"], placement);
            if placement == "body" {
                let token = client.token().unwrap().unwrap().access_token;
                assert_eq!(echo["body"], format!("access_token={}", token.expose()));
            }
        }
    }
}

/// T163.
#[test]
fn bodies_stream_in_both_directions() {
    const SIZE: usize = 3_000_000;
    let bed = TestBed::new();
    let client = bed.client(bed.registered().refresh_with(Refresh::ClientCredentials));
    let response = client.get("stream").query([("bytes", SIZE.to_string())]).send_streaming();
    let mut body = response.unwrap().into_body();
    let mut piece = [0; 100];
    body.read_exact(&mut piece).unwrap();
    assert_eq!(piece, [b'.'; 100]);
    assert_eq!(body.read_to_end(&mut Vec::new()).unwrap(), SIZE - 100);
    let long = "x".repeat(SIZE / 4);
    let request = client.put("echo").stream("text/plain", Cursor::new(long.clone()));
    assert_eq!(request.send().unwrap().json::<Value>().unwrap()["body_length"], long.len());
}

/// A reader that fails after its first chunk.
struct Torn {
    left: usize,
    panics: bool,
}

impl io::Read for Torn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            assert!(!self.panics, "the application's own bug");
            return Err(io::Error::other("the tape is torn"));
        }
        let length = self.left.min(buffer.len());
        self.left -= length;
        Ok(length)
    }
}

/// T163: A truncated file must not look complete.
#[test]
fn failing_body_reader_fails_request() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered().refresh_with(Refresh::ClientCredentials));
    for panics in [false, true] {
        let request = client.put("echo").stream("text/plain", Torn { left: 1000, panics });
        let outcome = sent(request).recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Transport, "panics: {panics}");
    }
    assert_eq!(bed.provider().count(Endpoint::Api), 0);
}

/// T179.
#[test]
fn blocking_request_without_token_is_not_sent() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    assert_eq!(client.get("echo").send().unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(
        client.post("echo").send_streaming().unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(bed.provider().received_requests().is_empty());
}

/// H20, over real sockets: another server would have received the token.
#[test]
fn api_redirect_is_returned_not_followed() {
    let (bed, other) = (TestBed::new(), TestBed::new());
    let client = bed.client(bed.registered().refresh_with(Refresh::ClientCredentials));
    client.active_token().unwrap();
    for status in [302, 307] {
        bed.respond(Endpoint::Api, Reply::Redirect(status, other.at("/api/echo")));
        assert_eq!(client.get("echo").send().unwrap().status().as_u16(), status);
        bed.provider().clear_faults();
    }
    assert_eq!(
        client.get(&other.at("/api/echo")).send().unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    assert!(other.provider().received_requests().is_empty());
}

/// Sends on another thread, so that a request that never ends fails the test.
fn sent(request: ApiRequest) -> Receiver<Result<Vec<u8>>> {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(request.send().map(|response| response.body().clone())));
    outcome
}

/// T119, T120.
#[test]
fn request_timeout_overrides_client_timeout() {
    let (short, long) = (Duration::from_millis(250), Duration::from_secs(60));
    let bed = TestBed::new();
    bed.respond(Endpoint::Api, Reply::Hang);
    let with = |timeout| {
        let config = bed.registered().timeout(timeout);
        bed.begun(config).token(Token::bearer("t")).build().unwrap()
    };
    for request in [with(short).get("echo"), with(long).get("echo").timeout(short)] {
        // The client's default limit is ten seconds.
        let outcome = sent(request).recv_timeout(Duration::from_secs(5));
        let error = outcome.unwrap_or_else(|_| panic!("it waits longer than it may")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert!(error.report().to_string().contains("in time"), "{error}");
    }
    let patient = sent(with(short).get("echo").timeout(long));
    assert!(patient.recv_timeout(short * 3).is_err(), "the request's own timeout is longer");
}
