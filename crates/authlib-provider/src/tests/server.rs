//! The provider over HTTP and as an `HttpClient`: faults of the transport.

use std::time::Duration;

use authlib_core::message::{BodyLimit, Request, Response};
use authlib_core::transport::{HttpClient, TransportError};
use serde_json::Value;

use super::flow::{CALLBACK, basic, encoded, json, post_with};
use crate::{Endpoint, Fault, Provider, ProviderBuilder, Reply, Server, TestClient, TestUser};

/// More than a client should read.
const HUGE: usize = 4 * 1024 * 1024;

fn fast(issuer: impl Into<String>) -> ProviderBuilder {
    Provider::builder(issuer).signing_alg("ES256")
}

fn get(url: &str) -> Request {
    let mut request = Request::default();
    *request.uri_mut() = url.parse().unwrap();
    request.extensions_mut().insert(BodyLimit(4096));
    request
}

/// The outcome for a client with a timeout of half a second and a limit of 4 KiB.
async fn over_http(client: &reqwest::Client, url: &str) -> String {
    let outcome = async {
        let mut answer = client.get(url).send().await?;
        let mut size = 0;
        while let Some(chunk) = answer.chunk().await? {
            size += chunk.len();
            if size > 4096 {
                return Ok("too large".to_owned());
            }
        }
        Ok(format!("{}", answer.status().as_u16()))
    };
    match outcome.await {
        Ok(outcome) => outcome,
        Err(error) if reqwest::Error::is_timeout(&error) => "timeout".to_owned(),
        Err(_) => "broken".to_owned(),
    }
}

fn summary(result: Result<Response, TransportError>) -> String {
    match result {
        Ok(response) => format!("{}", response.status().as_u16()),
        Err(TransportError::Broken(_) | TransportError::Closed(_)) => "broken".to_owned(),
        Err(TransportError::Connect(_)) => "no connection".to_owned(),
        Err(TransportError::Timeout) => "timeout".to_owned(),
        Err(TransportError::TooLarge { .. }) => "too large".to_owned(),
        Err(other) => other.to_string(),
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap()
}

#[tokio::test]
async fn faults_are_the_same_with_and_without_a_socket() {
    let server = Server::start(|issuer| fast(issuer).build()).await.unwrap();
    let provider = server.provider();
    let http = client();
    let url = format!("{}/jwks", server.issuer());
    let rows = [
        (None, "200"),
        (Some(Reply::Reset), "broken"),
        (Some(Reply::GzipBomb(HUGE)), "too large"),
        (Some(Reply::Truncated), "broken"),
        (Some(Reply::Hang), "timeout"),
        (Some(Reply::Oversized(HUGE)), "too large"),
        (Some(Reply::Redirect(307, "http://canary.example/".to_owned())), "307"),
        (Some(Reply::html(200)), "200"),
        (Some(Reply::json(500, "{}")), "500"),
    ];
    for (reply, expected) in rows {
        provider.clear_faults();
        if let Some(reply) = reply.clone() {
            provider.inject(Fault::Response(Endpoint::Jwks, reply));
        }
        provider.clear_requests();
        assert_eq!(over_http(&http, &url).await, expected, "{reply:?} over HTTP");
        assert_eq!(summary(provider.send(get(&url)).await), expected, "{reply:?} as a function");
        assert_eq!(provider.count(Endpoint::Jwks), 2, "{reply:?}");
        // Other endpoints are not affected.
        let discovery = format!("{}/.well-known/openid-configuration", server.issuer());
        assert_eq!(over_http(&http, &discovery).await, "200");
    }
}

#[tokio::test]
async fn reset_comes_before_the_first_byte() {
    let server = Server::start(|issuer| fast(issuer).build()).await.unwrap();
    server.provider().inject(Fault::Response(Endpoint::Jwks, Reply::Reset));
    let url = format!("{}/jwks", server.issuer());
    // Not even a status arrives.
    assert!(client().get(url).send().await.is_err());
}

/// A refresh token that was used while its response was lost cannot be used again.
#[tokio::test]
async fn lost_response_follows_a_processed_request() {
    let server = Server::start(|issuer| {
        let client = TestClient::confidential("id", "secret").redirect_uri(CALLBACK);
        fast(issuer).client(client).user(TestUser::new("alice").password("hunter2")).build()
    });
    let server = server.await.unwrap();
    let provider = server.provider();
    let http = client();
    let url = format!("{}/token", server.issuer());
    let over_http = async |fields: &[(&str, &str)]| -> Result<Value, ()> {
        let request = http.post(&url).basic_auth("id", Some("secret")).body(encoded(fields));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.map_err(|_| ())?;
        Ok(serde_json::from_slice(&answer.bytes().await.map_err(|_| ())?).unwrap())
    };
    let in_process = async |fields: &[(&str, &str)]| -> Result<Value, ()> {
        let mut request = get(&url);
        *request.method_mut() = http::Method::POST;
        *request.headers_mut() = basic("id", "secret");
        let form = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert("content-type", form);
        *request.body_mut() = encoded(fields).into();
        match provider.send(request).await {
            Ok(answer) => Ok(json(&answer)),
            Err(TransportError::Closed(_)) => Err(()),
            Err(other) => panic!("{other}"),
        }
    };
    let log_in = [("grant_type", "password"), ("username", "alice"), ("password", "hunter2")];
    for socket in [true, false] {
        let ask = async |fields: &[(&str, &str)]| {
            if socket { over_http(fields).await } else { in_process(fields).await }
        };
        let token = ask(&log_in).await.unwrap();
        let token = token["refresh_token"].as_str().unwrap();
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
        provider.inject(Fault::ResponseLost(Endpoint::Token));
        assert_eq!(ask(&refresh).await, Err(()), "socket: {socket}");
        assert_eq!(ask(&refresh).await.unwrap()["error"], "invalid_grant", "socket: {socket}");
    }
}

#[tokio::test]
async fn http_client_rejects_bodies_over_the_limit() {
    let client = TestClient::confidential("id", "secret");
    let provider = fast("https://op.example").client(client).build();
    let fields = [("grant_type", "client_credentials")];
    let token = post_with(&provider, "https://op.example/token", &fields, basic("id", "secret"));
    let token = json(&token)["access_token"].as_str().unwrap().to_owned();
    for (size, expected) in [(4096, "200"), (4097, "too large")] {
        let url = format!("https://op.example/api/stream?bytes={size}&access_token={token}");
        assert_eq!(summary(provider.send(get(&url)).await), expected);
    }
}

#[tokio::test]
async fn followed_redirects_are_recorded_as_unmatched() {
    let provider = fast("https://op.example").build();
    for url in ["https://canary.example/token", "http://op.example/token"] {
        assert_eq!(summary(provider.send(get(url)).await), "no connection");
    }
    assert_eq!(summary(provider.send(get("https://op.example/nowhere")).await), "404");
    assert_eq!(provider.count(Endpoint::Unmatched), 3);
    assert_eq!(provider.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn server_limits_bodies_and_stops_when_dropped() {
    let server = Server::start(|issuer| fast(issuer).build()).await.unwrap();
    let http = client();
    let url = format!("{}/token", server.issuer());
    let send = async |size: usize| {
        let answer = http.post(&url).body(vec![b'a'; size]).send().await;
        answer.map(|answer| answer.status().as_u16())
    };
    assert_eq!(send(10).await.unwrap(), 401);
    assert_eq!(send(2 * 1024 * 1024).await.unwrap_or(413), 413);
    let port: u16 = server.issuer().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Server::start_on(port, |issuer| fast(issuer).build()).await.is_err());
    // Open connections are closed with the server.
    drop(server);
    tokio::task::yield_now().await;
    assert!(send(10).await.is_err());
    let server = Server::start_on(port, |issuer| fast(issuer).build()).await.unwrap();
    assert_eq!(server.issuer(), format!("http://127.0.0.1:{port}"));
}
