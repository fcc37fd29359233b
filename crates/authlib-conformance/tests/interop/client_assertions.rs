//! JWT bearer grant (RFC 7523 §2.1) and token exchange (RFC 8693) at Authlib's server.

use std::sync::{Arc, Mutex};

use authlib_conformance::{InteropKind, InteropServer, TestKey};
use authlib_core::client::AssertionClientBuilder;
use authlib_core::hooks::RequestHook;
use authlib_core::oauth2::{TokenExchange, token_type};
use authlib_core::{AssertionClient, ErrorKind, Grant, OAuth2Client, Params, Secret};
use serde_json::{Value, json};

use crate::clients::{authlib, authlib_settings, error_code, with_secret};
use crate::{JWT_BEARER, TOKEN_EXCHANGE, client};

/// A service that is registered with its public key.
fn service(alg: &str) -> Value {
    let key = TestKey::for_algorithm(alg).public_jwk;
    let mut service = client(&[JWT_BEARER]);
    service["client_id"] = alg.into();
    service["jwks"] = json!({ "keys": [key] });
    service
}

fn assertions(server: &InteropServer, alg: &str) -> AssertionClientBuilder {
    let key = TestKey::for_algorithm(alg);
    AssertionClient::builder(server.url("/token"), alg, key.private_pem)
        .key_id(key.public_jwk["kid"].as_str().unwrap())
        .alg(alg)
        .subject("alice")
        .scope("read")
        .api_base_url(server.url("/api/"))
}

/// The server accepts each assertion once, so the second token proves that a new one was signed.
#[tokio::test]
async fn each_token_uses_a_new_assertion() {
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"];
    let Some(server) = authlib(&algorithms.map(service)).await else { return };
    for alg in algorithms {
        let client = assertions(&server, alg).build().unwrap();
        let user: Value = client.get("me").send().await.unwrap().json().unwrap();
        assert_eq!((&user["sub"], &user["client_id"]), (&json!("alice"), &json!(alg)));
        assert_eq!(user["scope"], "read");
        let first = client.active_token().await.unwrap();
        assert!(first.refresh_token.is_none());
        let second = client.refresh_token().await.unwrap();
        assert_ne!(second.access_token, first.access_token);
    }
}

#[tokio::test]
async fn service_account_file_is_sufficient_for_token() {
    let key = TestKey::for_algorithm("RS256");
    let mut account = service("RS256");
    account["client_id"] = "robot@example.com".into();
    let Some(server) = authlib(&[account]).await else { return };
    let file = json!({
        "type": "service_account",
        "client_email": "robot@example.com",
        "private_key": key.private_pem,
        "private_key_id": key.public_jwk["kid"],
        "token_uri": server.url("/token"),
    });
    let client = AssertionClient::from_service_account_json(&Secret::new(file.to_string()))
        .unwrap()
        .api_base_url(server.url("/api/"))
        .build()
        .unwrap();
    let robot: Value = client.get("me").send().await.unwrap().json().unwrap();
    assert_eq!(robot["client_id"], "robot@example.com");
}

#[tokio::test]
async fn replayed_assertion_is_rejected() {
    let Some(server) = authlib(&[service("ES256")]).await else { return };
    let seen = Arc::new(Mutex::new(String::new()));
    let keep = seen.clone();
    let hook = RequestHook::AccessTokenRequest;
    let watched = assertions(&server, "ES256").configure(|config| {
        config.on_request(hook, move |request| {
            let form = Params::parse(std::str::from_utf8(request.body()).unwrap());
            *keep.lock().unwrap() = form.only("assertion").unwrap().unwrap().to_owned();
            Ok(())
        })
    });
    watched.build().unwrap().active_token().await.unwrap();
    let used = Secret::new(seen.lock().unwrap().as_str());
    let client = OAuth2Client::new(authlib_settings(&server, "ES256")).unwrap();
    let refused = client.fetch_token(Grant::jwt_bearer(&used)).await.unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_grant")
    );
}

#[tokio::test]
async fn assertion_with_wrong_audience_or_subject_is_rejected() {
    let Some(server) = authlib(&[service("ES256")]).await else { return };
    for wrong in [
        assertions(&server, "ES256").audience("https://other.example.com/token"),
        assertions(&server, "ES256").subject("nobody"),
        assertions(&server, "ES256").alg("RS256").key_id("none"),
    ] {
        // The last one fails to build: the key does not fit the algorithm.
        let Ok(client) = wrong.build() else { continue };
        let refused = client.active_token().await.unwrap_err();
        assert_eq!(error_code(&refused), "invalid_grant", "{refused}");
    }
}

/// Alice's token and its client, at a server with two audiences.
async fn alice_token() -> Option<(InteropServer, OAuth2Client, Secret)> {
    let settings = json!({
        "clients": [
            client(&["password", "client_credentials", TOKEN_EXCHANGE]),
            { "client_id": "second", "client_secret": crate::SECRET,
              "token_endpoint_auth_method": "client_secret_post",
              "grant_types": ["client_credentials", TOKEN_EXCHANGE] },
        ],
        "audiences": ["https://api.example.com", "billing"],
    });
    let server = InteropServer::start(InteropKind::AuthlibOAuth2, &settings).await?;
    let client = OAuth2Client::new(with_secret(authlib_settings(&server, "app"))).unwrap();
    let password = Grant::dangerous_password("alice", &Secret::new("wonderland"));
    let token = client.fetch_token(password.scope("read email")).await.unwrap();
    Some((server, client, token.access_token))
}

#[tokio::test]
async fn token_exchange_returns_actor_subject_and_audience() {
    let Some((server, app, alice)) = alice_token().await else { return };
    let second = OAuth2Client::new(with_secret(authlib_settings(&server, "second"))).unwrap();
    let mut subject = alice.clone();
    for client in [&app, &second] {
        let actor =
            client.registered_client().fetch_token(Grant::client_credentials()).await.unwrap();
        let exchange = TokenExchange::new(subject, token_type::ACCESS_TOKEN)
            .actor_token(actor.access_token, token_type::ACCESS_TOKEN)
            .resource("https://api.example.com")
            .audience("billing")
            .requested_token_type(token_type::ACCESS_TOKEN)
            .scope("read");
        let exchanged = client.exchange_token(&exchange).await.unwrap();
        assert_eq!(exchanged.issued_token_type, token_type::ACCESS_TOKEN);
        assert_eq!(exchanged.token.scope.as_deref(), Some("read"));
        subject = exchanged.token.access_token;
    }
    let state = app.introspect_token(&subject, None).await.unwrap();
    assert_eq!((state.sub(), state.scope()), (Some("alice"), Some("read")));
    assert_eq!(state.aud(), ["billing", "https://api.example.com"]);
    // RFC 8693 §4.1: the current actor, with the previous one nested.
    let actor = state.act().unwrap().unwrap();
    assert_eq!(actor.sub(), Some("second"));
    assert_eq!(actor.act().and_then(|before| before.sub()), Some("app"));
    // The client still has the user's token.
    assert_eq!(app.token().await.unwrap().unwrap().access_token, alice);
}

#[tokio::test]
async fn token_exchange_rejects_unknown_audience_and_dead_token() {
    let Some((_server, client, alice)) = alice_token().await else { return };
    let exchange = TokenExchange::new(alice, token_type::ACCESS_TOKEN);
    let elsewhere = exchange.clone().audience("https://other.example.com");
    let refused = client.exchange_token(&elsewhere).await.unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_target")
    );
    client.exchange_token(&exchange).await.unwrap();
    client.revoke_token().await.unwrap();
    let refused = client.exchange_token(&exchange).await.unwrap_err();
    assert_eq!(error_code(&refused), "invalid_request");
}
