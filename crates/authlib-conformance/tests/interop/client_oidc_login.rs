//! Clients at oidc-provider with a user: logins, device flow, refresh, API and registration.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authlib_conformance::{Browser, InteropServer};
use authlib_core::clock::{Clock as _, FixedClock, SystemClock};
use authlib_core::hooks::RequestHook;
use authlib_core::oauth2::{ClientMetadata, TokenLocation};
use authlib_core::{
    ClientConfig, ErrorKind, Grant, LoginPoll, OAuth2Client, Registration, Secret, Token,
};
use serde_json::Value;

use crate::DEVICE_CODE;
use crate::clients::{
    CALLBACK, error_code, log_in, login_client, machine_client, oidc, oidc_settings, with_secret,
};

const USER: &[&str] = &["authorization_code", "refresh_token"];
const SCOPE: &str = "openid profile email offline_access";

fn config(server: &InteropServer) -> ClientConfig {
    with_secret(oidc_settings(server, "app")).scope(SCOPE)
}

async fn for_users() -> Option<InteropServer> {
    oidc(&[login_client(USER)], &["introspection"]).await
}

#[tokio::test]
async fn login_identifies_user_and_revokes_tokens() {
    let Some(server) = for_users().await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    let token = log_in(&server, &client, "allow").await.unwrap();
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    let user = client.userinfo().await.unwrap();
    assert_eq!((user.name(), user.email()), (Some("Alice Example"), Some("alice@example.com")));
    client.revoke_token().await.unwrap();
    assert!(client.token().await.unwrap().is_none());
    for ended in [token.refresh_token.unwrap(), token.access_token] {
        assert!(!client.introspect_token(&ended, None).await.unwrap().active());
    }
}

#[tokio::test]
async fn denied_consent_is_an_error_without_token() {
    let Some(server) = for_users().await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    let refused = log_in(&server, &client, "deny").await.unwrap_err();
    assert_eq!((refused.kind(), error_code(&refused)), (ErrorKind::AccessDenied, "access_denied"));
    assert!(client.token().await.unwrap().is_none());
}

/// Each refresh token can be used once: a second use revokes the family (RFC 9700 §4.14.2).
#[tokio::test(flavor = "multi_thread")]
async fn twenty_tasks_share_one_refresh() {
    let Some(server) = for_users().await else { return };
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let config = config(&server).on_request(RequestHook::RefreshTokenRequest, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let clock = Arc::new(FixedClock::new(SystemClock.now()));
    let client = OAuth2Client::builder(config).clock(clock.clone()).build().unwrap();
    let mut before = log_in(&server, &client, "allow").await.unwrap();
    for round in 1..=2 {
        // The token lives for ten minutes, and is refreshed in the last one.
        clock.advance(Duration::from_secs(9 * 60 + 30));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.active_token().await })
            })
            .collect();
        let mut tokens: Vec<Token> = Vec::new();
        for task in tasks {
            tokens.push(task.await.unwrap().unwrap());
        }
        let after = tokens.pop().unwrap();
        assert!(tokens.iter().all(|token| token.access_token == after.access_token));
        assert_ne!(after.refresh_token, before.refresh_token);
        assert_eq!(sent.load(Ordering::SeqCst), round);
        before = after;
    }
    assert_eq!(client.userinfo().await.unwrap().sub(), "alice");
}

#[tokio::test]
async fn reused_refresh_token_revokes_family_and_is_reported() {
    let Some(server) = for_users().await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    let first = log_in(&server, &client, "allow").await.unwrap();
    client.refresh_token().await.unwrap();
    let used = Grant::refresh_token(&first.refresh_token.unwrap());
    let refused = client.fetch_token(used).await.unwrap_err();
    assert_eq!(
        (refused.kind(), error_code(&refused)),
        (ErrorKind::InvalidResponse, "invalid_grant")
    );
    let ended = client.refresh_token().await.unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::Unauthenticated, "{ended}");
}

#[tokio::test]
async fn rejected_token_is_refreshed_and_request_repeated() {
    let Some(server) = for_users().await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    let first = log_in(&server, &client, "allow").await.unwrap();
    // A revocation would revoke the refresh token too, so an unknown access token is used.
    let mut dead = first.clone();
    dead.access_token = Secret::new("of-another-time");
    client.set_token(&dead).await.unwrap();
    let response = client.get("me").send().await.unwrap().error_for_status().unwrap();
    assert_eq!(response.json::<Value>().unwrap()["sub"], "alice");
    let second = client.token().await.unwrap().unwrap();
    assert!(![first.access_token, dead.access_token].contains(&second.access_token));
}

#[tokio::test]
async fn token_is_accepted_in_header_form_and_query() {
    let Some(server) = for_users().await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    log_in(&server, &client, "allow").await.unwrap();
    let requests = [
        client.get("me"),
        client.post("me"),
        client.post("me").token_location(TokenLocation::Body),
        client.get("me").token_location(TokenLocation::Query),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text());
        assert_eq!(response.json::<Value>().unwrap()["email"], "alice@example.com");
    }
    assert_eq!(client.get("me").without_token().send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn device_flow_is_approved_or_denied_on_provider_pages() {
    let grants = [DEVICE_CODE, "refresh_token"];
    let Some(server) = oidc(&[machine_client(&grants)], &["deviceFlow"]).await else { return };
    let client = OAuth2Client::new(config(&server)).unwrap();
    for decision in ["allow", "deny"] {
        let mut device = client.start_device_login(None).await.unwrap();
        let LoginPoll::Pending { wait } = device.poll().await.unwrap() else { panic!("approved") };
        assert_eq!(wait, Duration::from_secs(5));
        let page = device.verification_uri_complete().unwrap().to_owned();
        assert!(page.starts_with(device.verification_uri()), "{page}");
        server.decide(&Browser::new(), &page, "bob", decision).await;
        match device.poll().await {
            Ok(LoginPoll::Token(token)) if decision == "allow" => {
                assert_eq!(token.userinfo().unwrap().sub(), "bob");
                client.set_token(&token).await.unwrap();
                assert_eq!(client.userinfo().await.unwrap().name(), Some("Bob Example"));
                assert_ne!(client.refresh_token().await.unwrap().access_token, token.access_token);
            }
            Err(refused) if decision == "deny" => {
                assert_eq!(refused.kind(), ErrorKind::AccessDenied, "{refused}");
            }
            other => panic!("{decision}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn device_polling_stops_when_code_expires() {
    let Some(server) = oidc(&[machine_client(&[DEVICE_CODE])], &["deviceFlow"]).await else {
        return;
    };
    let clock = Arc::new(FixedClock::new(SystemClock.now()));
    let client = OAuth2Client::builder(config(&server)).clock(clock).build().unwrap();
    let mut device = client.start_device_login(Some("openid")).await.unwrap();
    let mut questions = 0;
    let waited = device.wait_while(|_| {
        questions += 1;
        true
    });
    let expired = waited.await.unwrap_err();
    assert_eq!(expired.kind(), ErrorKind::Unauthenticated, "{expired}");
    // Ten minutes, with an interval of five seconds.
    assert!((110..=120).contains(&questions), "{questions}");
}

#[tokio::test]
async fn client_registers_updates_works_and_deletes_itself() {
    let features = ["registration", "registrationManagement", "clientCredentials"];
    let Some(server) = oidc(&[], &features).await else { return };
    let uninvited = Registration::at_issuer(server.issuer()).unwrap();
    let metadata = ClientMetadata::new()
        .client_name("An app")
        .redirect_uris([CALLBACK])
        .grant_types(["authorization_code", "refresh_token", "client_credentials"])
        .scope("openid profile offline_access read");
    let refused = uninvited.register(&metadata).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidResponse, "{refused}");
    let registration = uninvited.initial_access_token("initial");
    let mut made = registration.register(&metadata).await.unwrap();
    assert_eq!(made.metadata.client_name.as_deref(), Some("An app"));
    assert!(made.client_secret.is_some() && made.client_id_issued_at.is_some());
    made.metadata.client_name = Some("Another name".to_owned());
    let changed = registration.update(&made).await.unwrap();
    let read = registration.read(&changed).await.unwrap();
    assert_eq!(read.metadata.client_name.as_deref(), Some("Another name"));
    let client = OAuth2Client::new(registration.config("peer", &read)).unwrap();
    let token = log_in(&server, &client, "allow").await.unwrap();
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
    client.fetch_token(Grant::client_credentials().scope("read")).await.unwrap();
    registration.delete(&read).await.unwrap();
    assert!(registration.read(&read).await.is_err());
    let gone = client.fetch_token(Grant::client_credentials()).await.unwrap_err();
    assert_eq!(error_code(&gone), "invalid_client");
}
