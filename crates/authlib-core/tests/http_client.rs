//! The built-in HTTP client over real sockets: the contract of `HttpClient`.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use authlib_core::message::Request;
use authlib_core::transport::{HttpClient, ReqwestClient, TransportError};
use authlib_provider::{Endpoint, Fault, Provider, Reply, Server};
use futures_util::FutureExt as _;
use url::Url;

/// Short, because the tests wait for it.
const TIMEOUT: Duration = Duration::from_millis(400);

async fn server(reply: Option<Reply>) -> (Server, Url) {
    let server = Server::start(Provider::new).await.unwrap();
    if let Some(reply) = reply {
        server.provider().inject(Fault::Response(Endpoint::Jwks, reply));
    }
    let url = Url::parse(&format!("{}/jwks", server.issuer())).unwrap();
    (server, url)
}

fn get(url: &Url) -> Request {
    http::Request::get(url.as_str()).body(Default::default()).unwrap()
}

async fn response(
    reply: Reply,
) -> (Server, Result<authlib_core::message::Response, TransportError>) {
    let (server, url) = server(Some(reply)).await;
    let client = ReqwestClient::with_timeout(TIMEOUT).unwrap();
    let response = client.send(get(&url)).await;
    (server, response)
}

#[tokio::test]
async fn redirects_are_returned_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (canary, to) = server(None).await;
        let (_server, response) = response(Reply::Redirect(status, to.into())).await;
        assert_eq!(response.unwrap().status().as_u16(), status);
        assert!(canary.provider().received_requests().is_empty());
    }
}

#[tokio::test]
async fn oversized_responses_are_rejected() {
    let (_server, response) = response(Reply::Oversized(100 << 20)).await;
    assert!(matches!(response, Err(TransportError::TooLarge { .. })), "{response:?}");
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn compressed_oversized_responses_are_rejected() {
    let (_server, response) = response(Reply::GzipBomb(100 << 20)).await;
    assert!(matches!(response, Err(TransportError::TooLarge { .. })), "{response:?}");
}

/// What the provider sends unasked is not decompressed.
#[cfg(not(feature = "gzip"))]
#[tokio::test]
async fn without_gzip_no_response_is_decompressed() {
    let (_server, response) = response(Reply::GzipBomb(100 << 20)).await;
    let response = response.unwrap();
    assert!(response.body().starts_with(&[0x1f, 0x8b]), "it is still in the format of RFC 1952");
}

#[tokio::test]
async fn broken_and_silent_responses_fail_after_one_request() {
    for reply in [Reply::Truncated, Reply::Reset, Reply::Hang] {
        let hangs = reply == Reply::Hang;
        let (server, response) = response(reply).await;
        let error = response.unwrap_err();
        assert_eq!(hangs, matches!(error, TransportError::Timeout), "{error:?}");
        assert_eq!(server.provider().count(Endpoint::Jwks), 1);
    }
}

/// Only an exchange without any response may be repeated.
#[tokio::test]
async fn closed_connection_differs_from_a_broken_response() {
    for (reply, closed) in [(Reply::Reset, true), (Reply::Truncated, false), (Reply::Hang, false)] {
        let (_server, response) = response(reply.clone()).await;
        let error = response.unwrap_err();
        assert_eq!(closed, matches!(error, TransportError::Closed(_)), "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn closed_port_is_connection_error() {
    let (server, url) = server(None).await;
    drop(server);
    tokio::task::yield_now().await;
    let error = ReqwestClient::new().unwrap().send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(!error.to_string().contains("/jwks"));
}

/// A dropped refresh is not polled until the next request: its response must be available then.
#[tokio::test]
async fn started_exchange_continues_while_unpolled() {
    let (server, url) = server(None).await;
    let client = ReqwestClient::with_timeout(TIMEOUT).unwrap();
    let mut sending = client.send(get(&url));
    assert!((&mut sending).now_or_never().is_none());
    tokio::time::sleep(TIMEOUT * 2).await;
    assert_eq!(server.provider().count(Endpoint::Jwks), 1);
    assert_eq!(sending.await.unwrap().status(), 200);
}
