//! API requests that are retried after a 401, and those that are not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::config::Refresh;
use authlib_core::message::{Request, Response};
use authlib_core::store::TokenOwner;
use authlib_core::transport::{Body, BoxFuture, HttpClient, TransportError};
use authlib_core::{
    ApiRequest, ClientConfig, ErrorKind, Multipart, OAuth2Client, RegisteredClient, Result,
    TokenUpdate,
};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::future::join_all;
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::test_bed::service::{WAYS, service, service_bed};
use crate::test_bed::{Browser, ISSUER, ProviderHttp, TestBed, builder, client, listen};

/// Alice's login, and an API that rejects her unexpired token.
async fn refused(bed: &TestBed) -> (RegisteredClient, TokenOwner) {
    let owner = bed.log_in(&Browser::default()).await.unwrap().owner();
    bed.provider.expire_access_tokens();
    bed.provider.clear_requests();
    (bed.app(), owner)
}

/// Creates a request.
type Make = fn(&RegisteredClient, &TokenOwner) -> ApiRequest;

const WHOLE: [(&str, Make); 5] = [
    ("get", |app, owner| app.get("echo", owner).query([("q", "1")])),
    ("json", |app, owner| app.post("echo", owner).json(&json!({"a": "b"}))),
    ("form", |app, owner| app.put("echo", owner).form([("a", "b"), ("a", "c")])),
    ("multipart", |app, owner| app.post("echo", owner).multipart(&Multipart::new().text("a", "b"))),
    ("bytes", |app, owner| app.patch("echo", owner).body("text/plain", "a b")),
];

#[tokio::test]
async fn rejected_token_refreshes_once_and_repeats_request() {
    for (name, make) in WHOLE {
        for streamed in [false, true] {
            let bed = TestBed::new();
            let (app, owner) = refused(&bed).await;
            let heard = listen(&bed.oauth);
            let body: Value = if streamed {
                let response = make(&app, &owner).send_streaming().await.unwrap();
                assert_eq!(response.status(), 200, "{name}");
                let body = response.into_body().bytes(1 << 20).await.unwrap();
                serde_json::from_slice(&body).unwrap()
            } else {
                make(&app, &owner).send().await.unwrap().error_for_status().unwrap().json().unwrap()
            };
            assert_eq!(body["sub"], "alice", "{name}");
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{name}");
            let requests = bed.provider.received_requests();
            let api: Vec<_> =
                requests.iter().filter(|seen| seen.endpoint == Endpoint::Api).collect();
            assert_eq!(api.len(), 2, "{name}");
            assert_eq!(api[0].fields, api[1].fields, "{name}");
            assert_eq!(api[0].header("content-type"), api[1].header("content-type"), "{name}");
            assert_ne!(api[0].header("authorization"), api[1].header("authorization"), "{name}");
            let updates: Vec<TokenUpdate> = heard.lock().unwrap().clone();
            assert_eq!(updates.len(), 1, "{name}");
            let bearer = format!("Bearer {}", updates[0].token.access_token.expose());
            assert_eq!(api[1].header("authorization"), Some(bearer.as_str()));
            // The new token is used for the next request.
            assert_eq!(make(&app, &owner).send().await.unwrap().status(), 200);
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{name}");
        }
    }
}

/// An API with configured responses, which counts requests.
#[derive(Clone)]
struct Api {
    wire: Arc<ProviderHttp>,
    status: u16,
    challenge: &'static str,
    asked: Arc<AtomicUsize>,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Api {
    fn new(bed: &TestBed, status: u16, challenge: &'static str) -> Self {
        let wire = Arc::new(ProviderHttp(bed.provider.clone()));
        Self { wire, status, challenge, asked: Arc::default(), bodies: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn client(&self, bed: &TestBed) -> OAuth2Client {
        self.client_with(bed, |config| config)
    }

    fn client_with(
        &self,
        bed: &TestBed,
        change: impl FnOnce(ClientConfig) -> ClientConfig,
    ) -> OAuth2Client {
        let config = change(service().refresh_with(Refresh::ClientCredentials));
        builder(bed, config).http_client(self.clone()).build().unwrap()
    }
}

impl HttpClient for Api {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            if !request.uri().path().starts_with("/api/") {
                return self.wire.send(request).await;
            }
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.bodies.lock().unwrap().push(request.into_body().to_vec());
            let mut response = Response::new(b"no".to_vec());
            *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
            if !self.challenge.is_empty() {
                let challenge = HeaderValue::from_static(self.challenge);
                response.headers_mut().insert("www-authenticate", challenge);
            }
            Ok(response)
        })
    }
}

/// RFC 6750 §3.1: only `invalid_token` means that another token may work.
#[tokio::test]
async fn only_invalid_token_401_is_retried_once() {
    for (status, challenge, sent) in [
        (401, r#"Bearer realm="api", error="invalid_token""#, 2),
        (401, r#"bearer error=invalid_token"#, 2),
        (401, r#"Basic realm="x, y", Bearer error="invalid_token", error_description="no""#, 2),
        (401, "", 1),
        (401, "Bearer", 1),
        (401, r#"Bearer error="insufficient_scope""#, 1),
        (401, r#"Bearer error="invalid_request""#, 1),
        (401, r#"Basic realm="Bearer error=invalid_token""#, 1),
        (401, r#"Digest error="invalid_token""#, 1),
        (401, r#"Bearer realm="error=\"invalid_token\"""#, 1),
        (403, r#"Bearer error="insufficient_scope""#, 1),
        (403, r#"Bearer error="invalid_token""#, 1),
        (400, r#"Bearer error="invalid_token""#, 1),
        (200, r#"Bearer error="invalid_token""#, 1),
        (429, r#"Bearer error="invalid_token""#, 1),
        (500, r#"Bearer error="invalid_token""#, 1),
        (502, r#"Bearer error="invalid_token""#, 1),
        (503, r#"Bearer error="invalid_token""#, 1),
        (504, r#"Bearer error="invalid_token""#, 1),
    ] {
        for streamed in [false, true] {
            let bed = service_bed();
            let api = Api::new(&bed, status, challenge);
            let client = api.client(&bed);
            let request = client.post("x").body("text/plain", "hello");
            // The second 401 is returned to the caller.
            let response = if streamed {
                request.send_streaming().await.unwrap().status()
            } else {
                request.send().await.unwrap().status()
            };
            assert_eq!(response.as_u16(), status, "{challenge}");
            assert_eq!(api.asked(), sent, "{status} {challenge}");
            assert_eq!(*api.bodies.lock().unwrap(), vec![b"hello".to_vec(); sent]);
            assert_eq!(bed.provider.count(Endpoint::Token), sent, "{status} {challenge}");
        }
    }
}

/// Salesforce and others send a 401 without a challenge.
#[tokio::test]
async fn bare_401_is_retried_once_if_configured() {
    for (status, challenge, sent) in [
        (401, "", 2),
        (401, "Token", 2),
        (401, "Bearer", 2),
        (401, r#"Basic realm="x""#, 2),
        (401, INVALID, 2),
        (401, r#"Bearer error="insufficient_scope""#, 1),
        (401, r#"Basic realm="x", Bearer error="invalid_request""#, 1),
        (403, "", 1),
        (200, "", 1),
        (429, INVALID, 1),
        (500, "", 1),
        (503, INVALID, 1),
    ] {
        let bed = service_bed();
        let api = Api::new(&bed, status, challenge);
        let client = api.client_with(&bed, ClientConfig::refresh_on_bare_401);
        let streamed = client.get("x").send_streaming().await.unwrap();
        assert_eq!(streamed.status(), status, "{challenge}");
        assert_eq!(api.asked(), sent, "{status} {challenge}");
        assert_eq!(bed.provider.count(Endpoint::Token), sent, "{status} {challenge}");
        // An API that rejects every token does not cause a flood of token requests.
        for _ in 0..20 {
            assert_eq!(client.get("x").send().await.unwrap().status(), status);
        }
        assert_eq!(bed.provider.count(Endpoint::Token), sent, "{status} {challenge}");
    }
}

const INVALID: &str = r#"Bearer error="invalid_token""#;

#[tokio::test]
async fn streaming_body_is_sent_once() {
    let bed = service_bed();
    let api = Api::new(&bed, 401, INVALID);
    let client = api.client(&bed);
    let body = || Body::stream(stream::iter([Ok(b"ab".to_vec()), Ok(b"cd".to_vec())]));
    let response = client.post("x").stream("text/plain", body()).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let response = client.post("x").stream("text/plain", body()).send_streaming().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(*api.bodies.lock().unwrap(), [b"abcd", b"abcd"]);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn request_without_token_gets_none_after_401() {
    let bed = service_bed();
    let api = Api::new(&bed, 401, INVALID);
    let client = api.client(&bed);
    assert_eq!(client.get("x").without_token().send().await.unwrap().status(), 401);
    let response = client.get("x").without_token().send_streaming().await.unwrap();
    assert_eq!((response.status().as_u16(), api.asked()), (401, 2));
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn without_refresh_method_401_is_returned() {
    for refresh in [Refresh::Off, Refresh::RefreshToken] {
        let bed = TestBed::with(|p| p, |client| client.refresh_with(refresh), |oauth| oauth);
        bed.provider.inject(Fault::TokenMissing("refresh_token".into()));
        let (app, owner) = refused(&bed).await;
        for (name, make) in WHOLE {
            bed.provider.clear_requests();
            assert_eq!(make(&app, &owner).send().await.unwrap().status(), 401, "{name}");
            assert_eq!(bed.provider.received_requests().len(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn failed_refresh_is_the_request_error() {
    for (fault, kind) in [
        (Fault::RefreshRefused, ErrorKind::Unauthenticated),
        (Fault::Response(Endpoint::Token, Reply::Reset), ErrorKind::Transport),
        (Fault::Response(Endpoint::Token, Reply::html(500)), ErrorKind::InvalidResponse),
        (Fault::RefreshedClaim("sub".into(), json!("mallory")), ErrorKind::InvalidIdToken),
    ] {
        let bed = TestBed::new();
        let (app, owner) = refused(&bed).await;
        bed.provider.inject(fault.clone());
        let error = app.get("echo", &owner).send().await.unwrap_err();
        assert_eq!((error.kind(), error.client()), (kind, Some("op")), "{fault:?}");
        // No second attempt at once, although the API rejects the token again.
        for _ in 0..10 {
            let _ = app.get("echo", &owner).send().await;
        }
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn hundred_concurrent_401s_share_one_refresh() {
    let bed = TestBed::new();
    let (app, owner) = refused(&bed).await;
    let responses = join_all((0..100).map(|_| app.get("echo", &owner).send())).await;
    for response in responses {
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    assert_eq!(bed.provider.count(Endpoint::Api), 200);
    for way in WAYS {
        let bed = service_bed();
        let client = client(&bed, way.config(&bed));
        client.active_token().await.unwrap();
        bed.provider.expire_access_tokens();
        let responses = join_all((0..100).map(|_| client.get("echo").send())).await;
        for response in responses {
            assert_eq!(response.unwrap().status(), 200, "{way:?}");
        }
        assert_eq!(bed.provider.count(Endpoint::Token), 2, "{way:?}");
    }
}

/// A late request with the old token uses the new one, without another refresh.
#[tokio::test]
async fn late_401_uses_already_refreshed_token() {
    let bed = TestBed::new();
    let (app, owner) = refused(&bed).await;
    let mut late = Box::pin(app.get("echo", &owner).send());
    // Sent to the API with the old token.
    for _ in 0..2 {
        assert!(futures_util::FutureExt::now_or_never(&mut late).is_none());
    }
    app.refresh_token(&owner).await.unwrap();
    assert_eq!(late.await.unwrap().status(), 200);
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// An API that rejects every token, for example because of the audience, does not cause a flood of
/// token requests.
#[tokio::test]
async fn api_rejecting_all_tokens_differs_from_expired_token() {
    for streamed in [false, true] {
        let bed = service_bed();
        let api = Api::new(&bed, 401, INVALID);
        let client = api.client(&bed);
        let calls = async || {
            for _ in 0..50 {
                let request = client.get("x");
                let status = if streamed {
                    request.send_streaming().await.unwrap().status()
                } else {
                    request.send().await.unwrap().status()
                };
                assert_eq!(status, 401);
            }
            bed.provider.count(Endpoint::Token)
        };
        assert_eq!(calls().await, 2, "the first, and one more");
        for (pause, requests) in [(1, 3), (1, 3), (1, 4), (3, 4), (1, 5)] {
            bed.clock.advance(Duration::from_secs(pause));
            assert_eq!(calls().await, requests);
        }
    }
    // If the API accepts the new token, there is no backoff.
    let bed = service_bed();
    let client = client(&bed, service().refresh_with(Refresh::ClientCredentials));
    client.active_token().await.unwrap();
    for requests in 2..10 {
        bed.provider.expire_access_tokens();
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
        assert_eq!(bed.provider.count(Endpoint::Token), requests);
    }
}

/// The user info endpoint is a protected resource (OpenID Connect Core §5.3).
#[tokio::test]
async fn userinfo_is_retried_with_refreshed_token() {
    let bed = TestBed::new();
    let browser = Browser::default();
    let login = bed.log_in(&browser).await.unwrap();
    bed.provider.expire_access_tokens();
    bed.provider.clear_requests();
    let user = bed.app().userinfo(&login.owner()).await.unwrap();
    assert_eq!(user.sub(), "alice");
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
    assert_eq!(bed.provider.count(Endpoint::UserInfo), 2);
}

/// A user info endpoint that rejects every token does not cause a flood either.
#[tokio::test]
async fn userinfo_rejecting_all_tokens_refreshes_once_per_backoff() {
    let bed = service_bed();
    let api = Api::new(&bed, 401, INVALID);
    let config = service().refresh_with(Refresh::ClientCredentials);
    let config = config.userinfo_endpoint(format!("{ISSUER}/api/me"));
    let client = builder(&bed, config).http_client(api.clone()).build().unwrap();
    for (pause, requests) in [(0, 2), (1, 3), (1, 3), (1, 4)] {
        bed.clock.advance(Duration::from_secs(pause));
        for _ in 0..20 {
            assert_eq!(client.userinfo().await.unwrap_err().kind(), ErrorKind::InvalidResponse);
        }
        assert_eq!(bed.provider.count(Endpoint::Token), requests);
    }
}
