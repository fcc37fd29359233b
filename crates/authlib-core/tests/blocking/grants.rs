//! Grants and refresh of the blocking clients, assertions included; one refresh for all threads.

use authlib_core::config::Refresh;
use authlib_core::oauth2::AuthMethod;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::SystemTime;

use authlib_core::client::blocking::AssertionClient;
use authlib_core::hooks::{RequestHook, ResponseHook, default_token_type_bearer};
use authlib_core::{AuthorizeOptions, ErrorKind, Grant, Secret, Token};
use authlib_provider::{Endpoint, Fault, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use crate::test_bed::{CALLBACK, HOUR, ROBOT, RSA, SECRET, TestBed, carol};

fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// T164, T165.
#[test]
fn authorization_url_has_all_parameters_and_s256_challenge() {
    let bed = TestBed::new();
    let endpoint = bed.at("/authorize?tenant=1");
    let config = bed.registered().authorization_endpoint(endpoint);
    let client = bed.client(config.authorize_param("prompt", "login"));
    let (url, pending) = client.create_authorization_url(AuthorizeOptions::new()).unwrap();
    for (name, value) in [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("scope", "read write"),
        ("prompt", "login"),
        ("state", pending.state().expose()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(param(&url, name).as_deref(), Some(value));
    }
    assert_eq!(param(&url, "code_challenge").unwrap().len(), 43);
}

/// T166.
#[test]
fn fragment_parameters_become_token() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    let url = format!("{CALLBACK}#access_token=2Y&token_type=bearer&state=sent");
    client.token_from_fragment(&url, &Secret::new("sent")).unwrap();
    assert_eq!(client.token().unwrap().unwrap().access_token.expose(), "2Y");
    let error = client.token_from_fragment(&url, &Secret::new("other")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCallback);
}

/// T167, T168, H04, H05.
#[test]
fn code_is_exchanged_by_post_but_error_callback_is_not() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered().token_endpoint(bed.at("/token?tenant=1")));
    let (pending, back) = bed.answered(&client);
    let token = client.fetch_access_token(pending, &format!("{back}#_=_")).unwrap();
    assert_eq!(client.token().unwrap().unwrap().access_token, token.access_token);
    let asked = bed.last(Endpoint::Token);
    assert_eq!((asked.method.as_str(), asked.field("tenant")), ("POST", Some("1")));
    assert_eq!(asked.field("grant_type"), Some("authorization_code"));
    assert!(asked.secret("code_verifier").is_some());

    bed.respond(Endpoint::Token, Reply::json(400, r#"{"error":"invalid_grant"}"#));
    let (pending, back) = bed.answered(&client);
    let error = client.fetch_access_token(pending, &back).unwrap_err();
    assert_eq!(error.provider_error().unwrap().error, "invalid_grant");
    bed.provider().clear_requests();
    let (url, pending) = client.create_authorization_url(AuthorizeOptions::new()).unwrap();
    let denied = bed.provider().deny(url.as_str()).unwrap();
    let error = client.fetch_access_token(pending, denied.as_str()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(bed.provider().count(Endpoint::Token), 0);
}

/// T169.
#[test]
fn client_secret_post_sends_id_and_secret_in_form() {
    let bed = TestBed::new();
    let config = bed.registered().token_endpoint_auth_method(AuthMethod::ClientSecretPost);
    bed.client(config).fetch_token(Grant::client_credentials()).unwrap();
    let asked = bed.last(Endpoint::Token);
    assert_eq!(
        (asked.field("client_id"), asked.secret("client_secret")),
        (Some("app"), Some(SECRET))
    );
    assert!(asked.authorization.is_none());
}

/// T170.
#[test]
fn async_hook_repairs_token_response() {
    let bed = TestBed::new();
    bed.provider().inject(Fault::TokenMissing("token_type".to_owned()));
    let plain = bed.client(bed.registered());
    assert_eq!(plain.fetch_token(carol()).unwrap_err().kind(), ErrorKind::InvalidResponse);
    let config = bed
        .registered()
        .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
        .on_request_async(RequestHook::AccessTokenRequest, |mut request| async move {
            let (send, receive) = tokio::sync::oneshot::channel();
            thread::spawn(move || send.send("by another thread".parse()));
            request.headers_mut().insert("x-hook", receive.await.unwrap().unwrap());
            Ok(request)
        });
    assert_eq!(bed.client(config).fetch_token(carol()).unwrap().token_type, "Bearer");
    assert_eq!(bed.last(Endpoint::Token).header("x-hook"), Some("by another thread"));
}

/// T171, T172.
#[test]
fn each_grant_sends_grant_type_and_client_scope() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    client.fetch_token(carol()).unwrap();
    let names = bed.last(Endpoint::Token).names;
    assert_eq!(names, ["grant_type", "username", "password", "scope"]);
    let token = client.fetch_token(Grant::client_credentials()).unwrap();
    assert_eq!(token.scope.as_deref(), Some("read write"));
    assert_eq!(bed.last(Endpoint::Token).names, ["grant_type", "scope"]);
}

/// T173, T174.
#[test]
fn expired_token_can_be_replaced_by_new_fetch() {
    let bed = TestBed::new();
    let mut old = Token::bearer("of long ago");
    old.expires_at = Some(SystemTime::UNIX_EPOCH);
    let client = bed.begun(bed.registered()).token(old).build().unwrap();
    assert_eq!(client.get("echo").send().unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider().received_requests().is_empty());
    client.fetch_token(Grant::client_credentials()).unwrap();
    assert_eq!(client.get("echo").send().unwrap().status(), 200);
}

/// T175, T176, T177.
#[test]
fn expired_token_refreshes_and_json_body_stays_intact() {
    for (refresh, name, grant) in [
        (Refresh::RefreshToken, "refresh_token", carol()),
        (Refresh::ClientCredentials, "client_credentials", Grant::client_credentials()),
    ] {
        let bed = TestBed::new();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        let builder = bed.begun(bed.registered().refresh_with(refresh));
        let builder =
            builder.on_token_update(move |update| ear.lock().unwrap().push(update.clone()));
        let client = builder.build().unwrap();
        let old = client.fetch_token(grant).unwrap();
        bed.clock.advance(HOUR);
        let body = json!({"a": "b & c"});
        let echo: Value = client.post("echo").json(&body).send().unwrap().json().unwrap();
        assert_eq!(echo["body"], body.to_string());
        assert_eq!(bed.last(Endpoint::Token).field("grant_type"), Some(name));
        let new = client.token().unwrap().unwrap();
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].token.access_token, new.access_token);
        assert_eq!(heard[0].old.access_token, old.access_token);
        assert_eq!(heard[0].old.refresh_token, old.refresh_token);
    }
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    client.fetch_token(Grant::client_credentials()).unwrap();
    bed.clock.advance(HOUR);
    assert_eq!(client.get("echo").send().unwrap_err().kind(), ErrorKind::Unauthenticated);
}

/// T176: Authlib's blocking clients have no lock: each thread refreshes separately.
#[test]
fn ten_threads_share_one_refresh() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    client.fetch_token(carol()).unwrap();
    bed.clock.advance(HOUR);
    bed.provider().clear_requests();
    thread::scope(|scope| {
        let calls: Vec<_> =
            (0..10).map(|_| scope.spawn(|| client.get("echo").send().unwrap().status())).collect();
        assert!(calls.into_iter().all(|call| call.join().unwrap() == 200));
    });
    assert_eq!(bed.provider().count(Endpoint::Token), 1);
}

/// T178.
#[test]
fn revocation_sends_token_type_hint_and_clears_token() {
    let bed = TestBed::new();
    let client = bed.client(bed.registered());
    let token = client.fetch_token(carol()).unwrap();
    assert!(client.introspect_token(&token.access_token, None).unwrap().active());
    client.revoke_token().unwrap();
    let asked = bed.last(Endpoint::Revoke);
    assert_eq!(asked.names, ["token", "token_type_hint"]);
    assert_eq!(asked.field("token_type_hint"), Some("refresh_token"));
    assert!(client.token().unwrap().is_none());
    assert!(!client.introspect_token(&token.access_token, None).unwrap().active());
}

/// T194, T195, T196.
#[test]
fn blocking_assertion_client_signs_new_assertion_per_token() {
    let bed = TestBed::new();
    let builder = || {
        AssertionClient::builder(bed.at("/token"), ROBOT, RSA)
            .key_id("k1")
            .subject("alice")
            .scope("read")
            .client_id("robot-client")
            .api_base_url(bed.at("/api/"))
            .clock(bed.clock.clone())
    };
    let robot = builder().build().unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            let echo: Value = robot.get("echo").send().unwrap().json().unwrap();
            assert_eq!((&echo["sub"], &echo["scope"]), (&json!("alice"), &json!("read")));
        }
        let asked = bed.last(Endpoint::Token);
        assert_eq!(asked.field("client_id"), Some("robot-client"));
        ids.push(asked.secret("assertion").unwrap().to_owned());
        bed.clock.advance(HOUR);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(bed.provider().count(Endpoint::Token), 2);
    for request in [
        robot.get("echo"),
        robot.post("echo"),
        robot.put("echo"),
        robot.patch("echo"),
        robot.delete("echo"),
        robot.head("echo"),
        robot.options("echo"),
    ] {
        assert_eq!(request.send().unwrap().status(), 200);
    }
    let seen = bed.provider().received_requests();
    let api = seen.iter().filter(|seen| seen.endpoint == Endpoint::Api);
    let methods: Vec<_> = api.map(|seen| seen.method.as_str()).skip(4).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
    let named = builder().header("x5t", "thumb").build().unwrap();
    named.active_token().unwrap();
    let head = bed.last(Endpoint::Token).secret("assertion").unwrap().to_owned();
    let head = URL_SAFE_NO_PAD.decode(head.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&head).unwrap()["x5t"], "thumb");
    let wrong = builder().alg("ES256").build().unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Config);
}

/// RFC 8707: with the refresh token, and by the client's own grant.
#[test]
fn each_resource_has_a_token_of_its_own() {
    for refresh in [Refresh::RefreshToken, Refresh::ClientCredentials] {
        let bed = TestBed::new();
        let client = bed.client(bed.registered().refresh_with(refresh.clone()));
        if matches!(refresh, Refresh::RefreshToken) {
            client.fetch_token(carol()).unwrap();
        }
        let (mail, files) = (bed.at("/api/mail/"), bed.at("/api/files/"));
        for resource in [&mail, &files, &mail] {
            let client = client.for_resource(resource);
            let seen: Value = client.get("inbox").send().unwrap().json().unwrap();
            assert_eq!(seen["resource"], json!([resource]), "{refresh:?}");
            assert_eq!(client.resource(), resource);
        }
        assert_eq!(bed.provider().count(Endpoint::Token), 3, "{refresh:?}: its own, and two");
        let error = client.for_resource("urn:mail").get("x").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let token = client.for_resource(mail).active_token().unwrap();
        assert_ne!(token.access_token, client.token().unwrap().unwrap().access_token);
    }
}
