//! Requests of standalone clients: token placement, and origins that never get the token.

use authlib_core::config::Refresh;
use std::time::Duration;

use authlib_core::message::Request;
use authlib_core::oauth2::TokenLocation;
use authlib_core::transport::{Body, HttpClient as _};
use authlib_core::{ErrorKind, Grant, OAuth2Client, Token};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::stream;
use http::Method;
use serde_json::{Value, json};

use crate::test_bed::standalone::{registered, standalone_bed};
use crate::test_bed::{ISSUER, TestBed, builder, client, sent};

/// A client with this token placement.
async fn placing(bed: &TestBed, location: TokenLocation) -> OAuth2Client {
    let config = registered().token_location(location).refresh_with(Refresh::ClientCredentials);
    let client = client(bed, config);
    client.active_token().await.unwrap();
    client
}

/// T086.
#[tokio::test]
async fn token_of_unknown_type_is_not_sent() {
    let bed = standalone_bed();
    let mut token = Token::bearer("t");
    token.token_type = "mac".to_owned();
    let client = builder(&bed, registered()).token(token).build().unwrap();
    assert_eq!(client.get("echo").send().await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(bed.provider.received_requests().is_empty());
}

/// T087, T088, T089, T142, T143: The API returns where the token was. Unlike in Authlib, a GET has
/// no body (RFC 6750 §2.2).
#[tokio::test]
async fn client_or_request_chooses_token_placement() {
    for (location, placement, other) in [
        (TokenLocation::Header, "header", TokenLocation::Query),
        (TokenLocation::Query, "query", TokenLocation::Header),
        (TokenLocation::Body, "body", TokenLocation::Header),
    ] {
        let bed = standalone_bed();
        let client = placing(&bed, location).await;
        for streamed in [false, true] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH] {
                let request = || client.request(method.clone(), "echo").query([("q", "a b")]);
                let said = said(request(), streamed).await;
                if placement == "body" && method == Method::GET {
                    let error = said.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
                    assert!(error.to_string().contains("RFC 6750 §2.2"), "{error}");
                } else {
                    let said = said.unwrap();
                    assert_eq!(said["token_in"], placement, "{method}");
                    assert_eq!(said["query"][0], json!(["q", "a b"]));
                }
                let said = self::said(request().token_location(other), streamed).await.unwrap();
                assert_ne!(said["token_in"], placement, "{method}");
            }
        }
    }
}

/// The response of the echo API.
async fn said(request: authlib_core::ApiRequest, streamed: bool) -> authlib_core::Result<Value> {
    if !streamed {
        return request.send().await?.json();
    }
    let body = request.send_streaming().await?.into_body().bytes(1 << 20).await.unwrap();
    Ok(serde_json::from_slice(&body).unwrap())
}

/// T088: Authlib parses a JSON body as a form and damages it.
#[tokio::test]
async fn token_in_non_form_body_is_rejected() {
    let bed = standalone_bed();
    let client = placing(&bed, TokenLocation::Body).await;
    let form = client.post("echo").form([("a", "b c"), ("a", "d")]);
    let echo: Value = form.send().await.unwrap().json().unwrap();
    let token = client.token().await.unwrap().unwrap().access_token;
    assert_eq!(echo["body"], format!("a=b+c&a=d&access_token={}", token.expose()));
    for request in [
        client.post("echo").json(&json!({"a": 1})),
        client.post("echo").body("text/plain", "a=b"),
        client.post("echo").stream("text/plain", Body::from("a=b")),
        client.post("echo").form([("access_token", "of another")]),
    ] {
        assert_eq!(request.send().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    assert_eq!(bed.provider.count(Endpoint::Api), 1);
}

/// T144.
#[tokio::test]
async fn standalone_bodies_stream_in_both_directions() {
    let bed = standalone_bed();
    let client = placing(&bed, TokenLocation::Header).await;
    let pieces = stream::iter([b"one ".to_vec(), b"two".to_vec()].map(Ok));
    let request = client.put("echo").stream("text/plain", Body::stream(pieces));
    let mut response = request.send_streaming().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/json".parse::<http::HeaderValue>().unwrap())
    );
    let mut text = Vec::new();
    while let Some(piece) = response.body_mut().chunk().await.unwrap() {
        text.extend_from_slice(&piece);
    }
    let echo: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&echo["body"], &echo["method"]), (&json!("one two"), &json!("PUT")));
    // `send` accepts a streaming body too, and returns the whole response.
    let pieces = stream::iter([Ok(b"three".to_vec())]);
    let response = client.put("echo").stream("text/plain", Body::stream(pieces)).send().await;
    assert_eq!(response.unwrap().json::<Value>().unwrap()["body"], "three");
}

/// T118: Authlib exposes its signer to a plain HTTP session; here `active_token` returns a fresh
/// token.
#[tokio::test]
async fn active_token_can_be_used_by_another_http_client() {
    let bed = standalone_bed();
    let client = client(&bed, registered().refresh_with(Refresh::ClientCredentials));
    let token = client.active_token().await.unwrap();
    let mut request = Request::default();
    *request.uri_mut() = format!("{ISSUER}/api/echo").parse().unwrap();
    let value = format!("{} {}", token.token_type, token.access_token.expose());
    request.headers_mut().insert("authorization", value.parse().unwrap());
    let response = bed.provider.send(request).await.unwrap();
    assert_eq!(response.status(), 200);
}

/// H20, H22: The token is sent to its API and to the listed origins; redirects are returned to the
/// caller.
#[tokio::test]
async fn absolute_url_and_redirect_do_not_leak_token() {
    let bed = standalone_bed();
    let client = placing(&bed, TokenLocation::Header).await;
    // No refresh for a request that is not sent.
    bed.clock.advance(Duration::from_secs(3600));
    bed.provider.clear_requests();
    for url in ["https://evil.example/", "//evil.example/", "/token", "http://op.example/api/"] {
        for request in [client.get(url), client.post(url).form([("a", "b")])] {
            assert_eq!(
                request.send().await.unwrap_err().kind(),
                ErrorKind::InvalidRequest,
                "{url}"
            );
        }
        let streamed = client.get(url).send_streaming().await;
        assert_eq!(streamed.unwrap_err().kind(), ErrorKind::InvalidRequest, "{url}");
    }
    assert!(bed.provider.received_requests().is_empty());

    for status in [301, 302, 303, 307, 308] {
        let away = Reply::Redirect(status, "https://evil.example/".to_owned());
        bed.provider.inject(Fault::Response(Endpoint::Api, away));
        let response = client.get("echo").send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["location"], "https://evil.example/");
        bed.provider.clear_faults();
    }
    assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);

    // Requests without the token may go anywhere.
    let foreign = client.get("https://evil.example/x").without_token().send().await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::Transport);
    assert!(sent(&bed, Endpoint::Unmatched)[0].authorization.is_none());
    let config =
        registered().api_origin("https://files.example").refresh_with(Refresh::ClientCredentials);
    let wide = self::client(&bed, config);
    assert!(wide.get("https://files.example/upload").send().await.is_err());
    assert!(wide.get("https://files.example:444/upload").send().await.is_err());
    let reached = sent(&bed, Endpoint::Unmatched);
    assert_eq!(reached.len(), 2);
    assert_eq!(reached[1].authorization.as_deref(), Some("Bearer"));
}

/// A client without `api_base_url` can still fetch tokens.
#[tokio::test]
async fn client_without_api_base_url_sends_no_token() {
    let bed = standalone_bed();
    let config = registered().api_base_url("");
    let client = client(&bed, config);
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    let error = client.get(&format!("{ISSUER}/api/echo")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("token is not sent"), "{error}");
    assert_eq!(bed.provider.count(Endpoint::Api), 0);
}
