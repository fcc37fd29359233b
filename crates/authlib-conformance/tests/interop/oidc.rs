//! oidc-provider's optional features.

use authlib_conformance::{Browser, InteropKind, InteropServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{DEVICE_CODE, as_client, authorized, client, text};

pub(crate) const API: &str = "https://api.example.com/";

async fn server(grant_types: &[&str], features: &[&str]) -> Option<InteropServer> {
    let mut app = client(grant_types);
    app["response_types"] = json!([]);
    app["redirect_uris"] = json!([]);
    if features.contains(&"jwtIntrospection") {
        app["introspection_signed_response_alg"] = "RS256".into();
    }
    let resources = json!({ API: { "scope": "read write", "accessTokenFormat": "jwt" } });
    let settings = json!({ "clients": [app], "features": features, "resources": resources });
    InteropServer::start(InteropKind::OidcProvider, &settings).await
}

#[tokio::test]
async fn features_exist_only_if_enabled() {
    let cases: [(&str, &[&str], bool); 2] =
        [(DEVICE_CODE, &["deviceFlow"], true), ("refresh_token", &[], false)];
    for (grant_type, features, there) in cases {
        let Some(server) = server(&[grant_type], features).await else { return };
        let document = Browser::new().get(server.url("/.well-known/openid-configuration")).await;
        assert_eq!(document.json().get("device_authorization_endpoint").is_some(), there);
    }
}

#[tokio::test]
async fn client_credentials_token_is_introspected_as_json_and_jwt() {
    let features = ["clientCredentials", "introspection", "jwtIntrospection"];
    let Some(server) = server(&["client_credentials"], &features).await else { return };
    let grant = [("grant_type", "client_credentials"), ("scope", "read")];
    let (status, token) = as_client(&server.url("/token"), &grant).await;
    assert_eq!(status, 200, "{token}");
    let token = text(&token, "access_token");
    let url = server.url("/token/introspection");
    let state = as_client(&url, &[("token", &token)]).await.1;
    assert_eq!((&state["active"], &state["client_id"]), (&json!(true), &json!("app")));
    let body = format!("client_id=app&client_secret={}&token={token}", crate::SECRET);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/token-introspection+jwt"),
    ];
    let page = Browser::new().request(Method::POST, &url, &headers, Some(body)).await;
    assert!(page.header("content-type").starts_with("application/token-introspection+jwt"));
    assert_eq!(page.body.split('.').count(), 3, "{}", page.body);
}

#[tokio::test]
async fn unknown_resource_is_rejected() {
    let features = ["clientCredentials", "resourceIndicators"];
    let Some(server) = server(&["client_credentials"], &features).await else { return };
    let ask = async |resource: &str| -> (u16, Value) {
        let grant =
            [("grant_type", "client_credentials"), ("scope", "read"), ("resource", resource)];
        as_client(&server.url("/token"), &grant).await
    };
    let (status, token) = ask(API).await;
    assert_eq!((status, text(&token, "access_token").split('.').count()), (200, 3), "{token}");
    assert_eq!(ask("https://other.example.com/").await.1["error"], "invalid_target");
}

#[tokio::test]
async fn device_token_is_issued_after_approval_on_pages() {
    let grants = [DEVICE_CODE, "refresh_token"];
    let Some(server) = server(&grants, &["deviceFlow"]).await else { return };
    for (decision, outcome) in [("allow", None), ("deny", Some("access_denied"))] {
        let scope = [("scope", "openid offline_access")];
        let started = as_client(&server.url("/device/auth"), &scope).await.1;
        let code = text(&started, "device_code");
        let poll = [("grant_type", DEVICE_CODE), ("device_code", code.as_str())];
        let url = server.url("/token");
        assert_eq!(as_client(&url, &poll).await.1["error"], "authorization_pending");
        let complete = text(&started, "verification_uri_complete");
        server.decide(&Browser::new(), &complete, "bob", decision).await;
        let response = as_client(&url, &poll).await.1;
        assert_eq!(response.get("error").and_then(Value::as_str), outcome, "{response}");
        assert_eq!(response.get("refresh_token").is_some(), outcome.is_none(), "{response}");
    }
}

#[tokio::test]
async fn client_registers_reads_and_deletes_itself() {
    let features = ["registration", "registrationManagement"];
    let Some(server) = server(&["refresh_token"], &features).await else { return };
    let body = json!({ "redirect_uris": ["https://app.example.com/cb"], "client_name": "An app" });
    let headers = [("content-type", "application/json")];
    let browser = Browser::new();
    let made =
        browser.request(Method::POST, server.url("/reg"), &headers, Some(body.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let uri = text(&made.json(), "registration_client_uri");
    let bearer = format!("Bearer {}", text(&made.json(), "registration_access_token"));
    let read = authorized(Method::GET, &uri, &bearer).await.json();
    assert_eq!(read["client_name"], "An app");
    assert_eq!(authorized(Method::DELETE, &uri, &bearer).await.status, 204);
    assert_eq!(authorized(Method::GET, &uri, &bearer).await.status, 401);
}

#[tokio::test]
async fn revoked_token_is_inactive() {
    let features = ["clientCredentials", "introspection"];
    let Some(server) = server(&["client_credentials"], &features).await else { return };
    let grant = [("grant_type", "client_credentials")];
    let token = text(&as_client(&server.url("/token"), &grant).await.1, "access_token");
    let proof = [("client_id", "app"), ("client_secret", crate::SECRET), ("token", &token)];
    let revoked = crate::post(&server.url("/token/revocation"), &proof).await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    let state = as_client(&server.url("/token/introspection"), &[("token", &token)]).await.1;
    assert_eq!(state, json!({ "active": false }));
}
