//! Secrets are sent to their endpoint only, tokens to the API only, whatever hooks and settings
//! say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authlib_core::config::Refresh;
use authlib_core::hooks::{self, ClientAuth, ClientIdentity, EndpointRequest, RequestHook};
use authlib_core::message::{BodyLimit, Request, Response, Timeout};
use authlib_core::oauth2::AuthMethod;
use authlib_core::transport::{Body, BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, Error, ErrorKind, Grant, OAuth2Client, Result, Token};
use authlib_provider::{Endpoint, Fault};
use futures_util::stream;
use serde_json::Value;

use crate::test_bed::service::{service, service_bed};
use crate::test_bed::{ISSUER, TestBed, builder, client};

/// Sends the client secret in a header, to `url` if it is set.
struct Own {
    url: Option<&'static str>,
}

impl ClientAuth for Own {
    fn authenticate<'a>(
        &'a self,
        client: ClientIdentity<'a>,
        mut request: EndpointRequest,
    ) -> BoxFuture<'a, Result<EndpointRequest>> {
        Box::pin(async move {
            if let Some(url) = self.url {
                request.url = url.parse().unwrap();
            }
            request.form.set("client_id", client.client_id);
            request.form.set("client_secret", client.client_secret.unwrap().expose());
            request.headers.insert("x-endpoint", format!("{:?}", client.endpoint).parse().unwrap());
            Ok(request)
        })
    }
}

/// One request to each endpoint with client authentication.
async fn all(client: &OAuth2Client) -> Vec<Result<()>> {
    client.set_token(&Token::bearer("token")).await.unwrap();
    vec![
        client.registered_client().fetch_token(Grant::client_credentials()).await.map(drop),
        client.registered_client().fetch_token(Grant::refresh_token(&"rt".into())).await.map(drop),
        client.start_device_login(None).await.map(drop),
        client.introspect_token(&"token".into(), None).await.map(drop),
        client.revoke_token().await,
    ]
}

fn with_device() -> ClientConfig {
    service().device_authorization_endpoint(format!("{ISSUER}/device_authorization"))
}

fn asked(bed: &TestBed) -> Vec<Endpoint> {
    bed.provider.received_requests().iter().map(|seen| seen.endpoint).collect()
}

#[tokio::test]
async fn custom_authentication_cannot_change_origin() {
    let all_five = [
        Endpoint::Token,
        Endpoint::Token,
        Endpoint::DeviceAuthorization,
        Endpoint::Introspect,
        Endpoint::Revoke,
    ];
    let bed = service_bed();
    all(&client(&bed, with_device().client_auth(Own { url: None }))).await;
    assert_eq!(asked(&bed), all_five);
    for seen in bed.provider.received_requests() {
        assert!(seen.header("x-endpoint").is_some() && seen.authorization.is_none());
    }
    bed.provider.clear_requests();
    let same = Own { url: Some("https://op.example:443/token?tenant=7") };
    all(&client(&bed, with_device().client_auth(same))).await;
    assert_eq!(asked(&bed), [Endpoint::Token; 5]);
    assert!(bed.provider.received_requests().iter().all(|seen| seen.field("tenant") == Some("7")));
    for url in [
        "https://evil.example/token",
        "https://op.example.evil.example/token",
        "https://op.example:444/token",
        "http://op.example/token",
        "http://127.0.0.1/token",
        "data:text/plain,x",
    ] {
        let bed = service_bed();
        let client = client(&bed, with_device().client_auth(Own { url: Some(url) }));
        for result in all(&client).await {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
            assert_eq!(error.client(), Some("service"));
            assert!(!format!("{error:?}").contains("secret-of-the-service"));
        }
        assert!(bed.provider.received_requests().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn endpoint_authentication_applies_to_that_endpoint_only() {
    struct Locked;
    impl ClientAuth for Locked {
        fn authenticate<'a>(
            &'a self,
            _: ClientIdentity<'a>,
            _: EndpointRequest,
        ) -> BoxFuture<'a, Result<EndpointRequest>> {
            Box::pin(async { Err(Error::new(ErrorKind::Unsupported, "the card is locked")) })
        }
    }
    let bed = service_bed();
    let config = with_device().client_auth_for(hooks::Endpoint::Introspection, Locked);
    let results = all(&client(&bed, config)).await;
    let error = results[3].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("the card is locked"), "{error}");
    assert_eq!(bed.provider.count(Endpoint::Introspect), 0);
    for seen in bed.provider.received_requests() {
        assert_eq!(seen.authorization.as_deref(), Some("Basic"));
    }
}

/// Endpoint-specific authentication overrides the general one, and code overrides a named method.
#[tokio::test]
async fn endpoint_authentication_overrides_general_one() {
    let named = || {
        service()
            .client_auth(Own { url: None })
            .revocation_endpoint_auth_method(AuthMethod::ClientSecretBasic)
    };
    let own = |config: ClientConfig| {
        config.client_auth_for(hooks::Endpoint::Revocation, Own { url: None })
    };
    for (config, by_name) in [(named(), true), (own(named()), false)] {
        let bed = service_bed();
        let client = client(&bed, config);
        client.set_token(&Token::bearer("token")).await.unwrap();
        client.revoke_token().await.unwrap();
        let requests = bed.provider.received_requests();
        let [seen] = requests.as_slice() else { panic!("{} requests", requests.len()) };
        assert_eq!(seen.authorization.is_some(), by_name);
        assert_eq!(seen.header("x-endpoint").is_none(), by_name);
    }
}

/// Parameters of client authentication can't be set by a grant (RFC 6749 §2.3).
#[tokio::test]
async fn grant_cannot_override_client_id() {
    let bed = service_bed();
    let client = client(&bed, service());
    for name in ["client_id", "client_secret", "client_assertion", "grant_type"] {
        let grant = Grant::client_credentials().param(name, "x");
        let error = client.fetch_token(grant).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(bed.provider.received_requests().is_empty());
}

fn astray(request: &mut Request) -> Result<()> {
    *request.uri_mut() = "https://evil.example/api/".parse().unwrap();
    Ok(())
}

#[tokio::test]
async fn hook_cannot_redirect_secret_or_token() {
    use RequestHook::{
        AccessTokenRequest, IntrospectTokenRequest, ProtectedRequest, RefreshTokenRequest,
        RevokeTokenRequest,
    };
    let bed = service_bed();
    let mut config = with_device();
    for at in [
        AccessTokenRequest,
        IntrospectTokenRequest,
        ProtectedRequest,
        RefreshTokenRequest,
        RevokeTokenRequest,
    ] {
        config = config.on_request(at, astray);
    }
    let client = client(&bed, config);
    for (index, result) in all(&client).await.into_iter().enumerate() {
        // There is no hook for device authorization.
        assert_eq!(result.is_ok(), index == 2);
        assert!(result.err().is_none_or(|error| error.kind() == ErrorKind::Config));
    }
    client.set_token(&Token::bearer("token")).await.unwrap();
    let error = client.get("echo").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("\"token\""));
    let body = Body::stream(stream::iter([Ok(b"a".to_vec())]));
    let error = client.post("echo").stream("text/plain", body).send_streaming().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(asked(&bed), [Endpoint::DeviceAuthorization]);
}

/// The user info endpoint may be on another host than the API, such as Google's. The token is sent
/// to the configured endpoint only.
#[tokio::test]
async fn userinfo_request_follows_no_redirect() {
    let bed = service_bed();
    let config = service().userinfo_endpoint(format!("{ISSUER}/userinfo")).api_base_url("");
    let client = client(&bed, config);
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    assert_eq!(client.userinfo().await.unwrap().sub(), "service");
    assert_eq!(
        client.get(&format!("{ISSUER}/userinfo")).send().await.unwrap_err().kind(),
        ErrorKind::Config
    );
    let away = authlib_provider::Reply::Redirect(302, "https://evil.example/".into());
    bed.provider.inject(Fault::Response(Endpoint::UserInfo, away));
    client.userinfo().await.unwrap_err();
    assert_eq!(bed.provider.count(Endpoint::Unmatched), 0);
    assert_eq!(bed.provider.count(Endpoint::UserInfo), 2);
    for url in ["http://op.example/userinfo", "https://u:p@op.example/userinfo"] {
        let config = service().userinfo_endpoint(url);
        assert_eq!(OAuth2Client::new(config).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn only_listed_origins_get_token() {
    let bed = service_bed();
    let config = service().api_origin(ISSUER).api_base_url("");
    let client = client(&bed, config);
    client.fetch_token(Grant::client_credentials()).await.unwrap();
    for path in ["/api/echo", "/api/../api/echo", "/api/x?y=z#fragment"] {
        let response = client.get(&format!("{ISSUER}{path}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    bed.provider.clear_requests();
    for url in [
        "https://op.example:444/api/echo",
        "http://op.example/api/echo",
        "https://sub.op.example/api/echo",
        "https://op.example@evil.example/",
        "https://u:p@op.example/api/echo",
        "/api/echo",
    ] {
        let error = client.get(url).send().await.unwrap_err();
        let relative = url.starts_with('/');
        let kind = if relative { ErrorKind::Config } else { ErrorKind::InvalidRequest };
        assert_eq!(error.kind(), kind, "{url}");
        // Without the token any URL is allowed.
        if url.starts_with("https://op.example:") {
            let error = client.get(url).without_token().send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transport);
        }
    }
    assert_eq!(asked(&bed), [Endpoint::Unmatched]);
    assert!(bed.provider.received_requests()[0].authorization.is_none());
}

/// An HTTP client without streaming buffers bodies up to the request's limit. A hook may return a
/// new request, which must get the same limits.
#[tokio::test]
async fn request_replaced_by_hook_keeps_limits() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let limits = Limits { seen: seen.clone() };
    let hook = RequestHook::ProtectedRequest;
    let config = service().on_request_async(hook, |request: Request| async move {
        let (head, body) = request.into_parts();
        let mut fresh = Request::new(body);
        (*fresh.method_mut(), *fresh.uri_mut()) = (head.method, head.uri);
        *fresh.headers_mut() = head.headers;
        Ok(fresh)
    });
    let bed = service_bed();
    let client = builder(&bed, config).token(Token::bearer("t")).http_client(limits);
    let client = client.build().unwrap();
    let request = client.get("echo").max_response_size(7).timeout(Duration::from_secs(3));
    request.send().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [(7, Some(Duration::from_secs(3)))]);
}

/// Size limit and timeout.
type Limit = (usize, Option<Duration>);

/// Records the limits of each request.
struct Limits {
    seen: Arc<Mutex<Vec<Limit>>>,
}

impl HttpClient for Limits {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let timeout = Timeout::of(request.extensions());
        self.seen.lock().unwrap().push((BodyLimit::of(&request), timeout));
        Box::pin(async { Ok(Response::new(Vec::new())) })
    }
}

#[tokio::test]
async fn buffered_response_uses_request_limit() {
    let bed = service_bed();
    let client = client(&bed, service().refresh_with(Refresh::ClientCredentials));
    let pieces =
        |count: usize| Body::stream(stream::iter((0..count).map(|_| Ok(vec![b'.'; 1 << 20]))));
    let request = client.post("echo").stream("text/plain", pieces(3));
    let echo: Value = request.send().await.unwrap().json().unwrap();
    assert_eq!(echo["body_length"], 3 << 20);
    let request = client.post("echo").stream("text/plain", pieces(3)).max_response_size(2 << 20);
    let error = request.send().await.unwrap_err();
    assert!(error.report().to_string().contains("does not support streams"), "{error}");
    let request = client.get("stream").query([("bytes", "3145728")]);
    let body = request.send_streaming().await.unwrap().into_body();
    assert_eq!(body.bytes(4 << 20).await.unwrap().len(), 3 << 20);
}
