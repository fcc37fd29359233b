//! Authlib's OAuth 2 authorization server.

use authlib_conformance::{Browser, InteropKind, InteropServer, TestKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE, as_client, authorized, client, post, text};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ALICE: [(&str, &str); 3] =
    [("grant_type", "password"), ("username", "alice"), ("password", "wonderland")];

async fn server(grant_types: &[&str]) -> Option<InteropServer> {
    let settings = json!({ "clients": [client(grant_types)], "device_interval": 0 });
    InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await
}

/// A token for alice with the password grant.
async fn alice(server: &InteropServer, scope: &str) -> Value {
    let fields = [&ALICE[..], &[("scope", scope)]].concat();
    let (status, token) = as_client(&server.url("/token"), &fields).await;
    assert_eq!(status, 200, "{token}");
    token
}

async fn active(server: &InteropServer, token: &str) -> Value {
    as_client(&server.url("/introspect"), &[("token", token)]).await.1
}

#[tokio::test]
async fn metadata_and_health_endpoints_respond() {
    let Some(server) = server(&[]).await else { return };
    let browser = Browser::new();
    assert_eq!(browser.get(server.url("/healthz")).await.body, "ok");
    let metadata = browser.get(server.url("/.well-known/oauth-authorization-server")).await.json();
    assert_eq!(metadata["issuer"], server.issuer());
    assert_eq!(metadata["token_endpoint"], server.url("/token"));
}

#[tokio::test]
async fn password_grant_token_works_and_refreshes_once() {
    let Some(server) = server(&["password", "refresh_token"]).await else { return };
    let token = alice(&server, "read email").await;
    let bearer = format!("Bearer {}", text(&token, "access_token"));
    let me = authorized(Method::GET, &server.url("/api/me"), &bearer).await.json();
    assert_eq!((&me["sub"], &me["client_id"]), (&json!("alice"), &json!("app")));
    assert_eq!(Browser::new().get(server.url("/api/me")).await.status, 401);
    let refresh_token = text(&token, "refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
    let (status, refreshed) = as_client(&server.url("/token"), &refresh).await;
    assert_eq!((status, &refreshed["scope"]), (200, &json!("read email")), "{refreshed}");
    let (status, again) = as_client(&server.url("/token"), &refresh).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn resource_requires_scope() {
    let Some(server) = server(&["password"]).await else { return };
    for (scope, status) in [("read", 403), ("email", 200)] {
        let bearer = format!("Bearer {}", text(&alice(&server, scope).await, "access_token"));
        let page = authorized(Method::GET, &server.url("/api/email"), &bearer).await;
        assert_eq!(page.status, status, "{scope}: {}", page.body);
    }
}

#[tokio::test]
async fn client_credentials_need_correct_secret() {
    let Some(server) = server(&["client_credentials"]).await else { return };
    let url = server.url("/token");
    let (status, token) = as_client(&url, &[("grant_type", "client_credentials")]).await;
    assert_eq!((status, &token["token_type"]), (200, &json!("Bearer")), "{token}");
    let wrong =
        [("client_id", "app"), ("client_secret", "x"), ("grant_type", "client_credentials")];
    let refused = post(&url, &wrong).await;
    assert_eq!(refused.json()["error"], "invalid_client");
}

#[tokio::test]
async fn device_token_is_issued_once_after_approval() {
    let Some(server) = server(&[DEVICE_CODE]).await else { return };
    let started = as_client(&server.url("/device_authorization"), &[("scope", "read")]).await.1;
    let code = text(&started, "device_code");
    let poll = [("grant_type", DEVICE_CODE), ("device_code", code.as_str())];
    let url = server.url("/token");
    assert_eq!(as_client(&url, &poll).await.1["error"], "authorization_pending");
    let complete = text(&started, "verification_uri_complete");
    let done = server.decide(&Browser::new(), &complete, "bob", "allow").await;
    assert_eq!(done.status, 200, "{}", done.body);
    let (status, token) = as_client(&url, &poll).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(active(&server, &text(&token, "access_token")).await["sub"], "bob");
    assert_eq!(as_client(&url, &poll).await.0, 400);
}

#[tokio::test]
async fn denied_device_gets_access_denied() {
    let Some(server) = server(&[DEVICE_CODE]).await else { return };
    let started = as_client(&server.url("/device_authorization"), &[]).await.1;
    let complete = text(&started, "verification_uri_complete");
    server.decide(&Browser::new(), &complete, "bob", "deny").await;
    let code = text(&started, "device_code");
    let poll = [("grant_type", DEVICE_CODE), ("device_code", code.as_str())];
    assert_eq!(as_client(&server.url("/token"), &poll).await.1["error"], "access_denied");
}

#[tokio::test]
async fn fast_device_poll_gets_slow_down() {
    let settings = json!({ "clients": [client(&[DEVICE_CODE])], "device_interval": 1000 });
    let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await;
    let Some(server) = server else { return };
    let started = as_client(&server.url("/device_authorization"), &[]).await.1;
    let code = text(&started, "device_code");
    let poll = [("grant_type", DEVICE_CODE), ("device_code", code.as_str())];
    for error in ["authorization_pending", "slow_down"] {
        assert_eq!(as_client(&server.url("/token"), &poll).await.1["error"], error);
    }
}

#[tokio::test]
async fn code_needs_verifier_and_response_names_issuer() {
    let mut app = client(&["authorization_code", "refresh_token"]);
    app["redirect_uris"] = json!(["https://app.example.com/cb"]);
    let settings = json!({ "clients": [app] });
    let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await;
    let Some(server) = server else { return };
    // RFC 7636 appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let request = server.url(
        "/authorize?response_type=code&client_id=app&state=s&scope=read\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_challenge_method=S256\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    for (verifier, status) in [("w".repeat(43).as_str(), 400), (verifier, 200)] {
        let sent = server.decide(&Browser::new(), &request, "alice", "allow").await.location();
        let response: Vec<(String, String)> = sent.query_pairs().into_owned().collect();
        let [(_, code), (_, state), (_, issuer)] = &response[..] else { panic!("{sent}") };
        assert_eq!((state.as_str(), issuer.as_str()), ("s", server.issuer()));
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https://app.example.com/cb"),
            ("code_verifier", verifier),
        ];
        assert_eq!(as_client(&server.url("/token"), &grant).await.0, status);
    }
    let denied = server.decide(&Browser::new(), &request, "alice", "deny").await.location();
    assert!(denied.query().unwrap().contains("error=access_denied"), "{denied}");
}

#[tokio::test]
async fn exchanged_token_has_actor_and_audience() {
    let Some(server) = server(&["password", "client_credentials", TOKEN_EXCHANGE]).await else {
        return;
    };
    let url = server.url("/token");
    let subject = text(&alice(&server, "read email").await, "access_token");
    let actor = as_client(&url, &[("grant_type", "client_credentials")]).await.1;
    let actor = text(&actor, "access_token");
    let exchange = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token", subject.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("actor_token", actor.as_str()),
        ("actor_token_type", ACCESS_TOKEN),
        ("audience", "https://api.example.com"),
        ("scope", "read"),
    ];
    let (status, token) = as_client(&url, &exchange).await;
    assert_eq!((status, &token["issued_token_type"]), (200, &json!(ACCESS_TOKEN)), "{token}");
    let state = active(&server, &text(&token, "access_token")).await;
    assert_eq!((&state["sub"], &state["scope"]), (&json!("alice"), &json!("read")));
    assert_eq!(state["act"], json!({ "sub": "app" }));
    assert_eq!(state["aud"], json!(["https://api.example.com"]));
}

#[tokio::test]
async fn revoked_token_is_inactive_and_rejected() {
    let Some(server) = server(&["password"]).await else { return };
    let token = text(&alice(&server, "read").await, "access_token");
    assert_eq!(active(&server, &token).await["active"], true);
    let (status, _) = as_client(&server.url("/revoke"), &[("token", &token)]).await;
    assert_eq!(status, 200);
    assert_eq!(active(&server, &token).await["active"], false);
    let bearer = format!("Bearer {token}");
    assert_eq!(authorized(Method::GET, &server.url("/api/me"), &bearer).await.status, 401);
}

#[tokio::test]
async fn unsigned_assertion_is_rejected() {
    let key = TestKey::for_algorithm("ES256").public_jwk;
    let app = json!({
        "client_id": "app",
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": [JWT_BEARER, "client_credentials"],
        "jwks": { "keys": [key] },
    });
    let server =
        InteropServer::start(InteropKind::AuthlibOAuth2, &json!({ "clients": [app] })).await;
    let Some(server) = server else { return };
    let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    // Valid except for the signature; it expires in the year 2100.
    let claims = json!({
        "iss": "app", "sub": "app", "aud": server.issuer(), "exp": 4_102_444_800_u64, "jti": "1",
    });
    let unsigned = format!("{}.{}.", part(json!({ "alg": "none" })), part(claims));
    let grant = [("grant_type", JWT_BEARER), ("assertion", unsigned.as_str())];
    assert_eq!(post(&server.url("/token"), &grant).await.json()["error"], "invalid_grant");
    let proof = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", unsigned.as_str()),
    ];
    assert_eq!(post(&server.url("/token"), &proof).await.json()["error"], "invalid_client");
}

#[tokio::test]
async fn client_registers_reads_and_deletes_itself() {
    let settings = json!({ "registration": "initial" });
    let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await;
    let Some(server) = server else { return };
    let url = server.url("/register");
    let body = json!({ "redirect_uris": ["https://app.example.com/cb"], "client_name": "An app" });
    let mut headers = vec![("content-type", "application/json")];
    let browser = Browser::new();
    let refused = browser.request(Method::POST, &url, &headers, Some(body.to_string())).await;
    assert_eq!(refused.json()["error"], "access_denied");
    headers.push(("authorization", "Bearer initial"));
    let made = browser.request(Method::POST, &url, &headers, Some(body.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let uri = text(&made.json(), "registration_client_uri");
    let bearer = format!("Bearer {}", text(&made.json(), "registration_access_token"));
    let read = authorized(Method::GET, &uri, &bearer).await.json();
    assert_eq!(read["client_name"], "An app");
    assert_eq!(authorized(Method::DELETE, &uri, &bearer).await.status, 204);
    assert_eq!(authorized(Method::GET, &uri, &bearer).await.json()["error"], "access_denied");
}
