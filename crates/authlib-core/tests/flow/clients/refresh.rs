//! Refresh of standalone clients: with the refresh token or client credentials, once for all
//! concurrent requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use authlib_core::clock::Clock as _;
use authlib_core::config::Refresh;
use authlib_core::{ErrorKind, Grant, OAuth2Client, Token, TokenUpdate};
use authlib_provider::{Endpoint, Fault};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::test_bed::standalone::{carol, registered, standalone_bed};
use crate::test_bed::{Browser, HOUR, TestBed, builder, client, sent};

type Heard = Arc<Mutex<Vec<TokenUpdate>>>;

/// A client with this refresh method, and its token updates.
fn listening(bed: &TestBed, refresh: Refresh) -> (OAuth2Client, Heard) {
    let heard = Heard::default();
    let ear = heard.clone();
    let builder = builder(bed, registered().refresh_with(refresh));
    let builder = builder.on_token_update(move |update| ear.lock().unwrap().push(update.clone()));
    (builder.build().unwrap(), heard)
}

/// T101, T155.
#[tokio::test]
async fn expired_token_is_not_sent() {
    let bed = standalone_bed();
    let mut old = Token::bearer("of long ago");
    old.expires_at = Some(SystemTime::UNIX_EPOCH);
    assert!(old.is_expired(SystemTime::UNIX_EPOCH, Duration::ZERO));
    let client = builder(&bed, registered()).token(old).build().unwrap();
    assert_eq!(client.get("echo").send().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
}

/// T102, T103: Unlike in Authlib, which then fetches a token for each request, a token is used for
/// half its lifetime.
#[tokio::test]
async fn leeway_decides_if_ten_second_token_is_expired() {
    for leeway in [15, 5] {
        let bed = TestBed::with(
            |provider| provider.access_token_lifetime(Duration::from_secs(10)),
            |client| client,
            |oauth| oauth,
        );
        let leeway = Duration::from_secs(leeway);
        let config = registered().refresh_before_expiry(leeway);
        let client = client(&bed, config.refresh_with(Refresh::ClientCredentials));
        for requests in [1, 1, 2, 2] {
            assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
            assert_eq!(bed.provider.count(Endpoint::Token), requests, "leeway {leeway:?}");
            bed.clock.advance(Duration::from_millis(2500));
        }
        let token = client.fetch_token(Grant::client_credentials()).await.unwrap();
        assert_eq!(token.is_expired(bed.clock.now(), leeway), leeway.as_secs() == 15);
    }
}

/// T106.
#[tokio::test]
async fn expired_token_without_refresh_fails_unsent() {
    let bed = standalone_bed();
    for (config, says) in [
        (registered(), "no refresh token"),
        (registered().refresh_with(Refresh::Off), "has expired"),
    ] {
        let client = client(&bed, config);
        client.fetch_token(Grant::client_credentials()).await.unwrap();
        bed.clock.advance(HOUR);
        bed.provider.clear_requests();
        let error = client.get("echo").send().await.unwrap_err();
        assert_eq!((error.kind(), error.client()), (ErrorKind::Unauthenticated, Some("solo")));
        assert!(error.to_string().contains(says), "{error}");
        assert!(bed.provider.received_requests().is_empty());
    }
}

/// T107, T161.
#[tokio::test]
async fn standalone_request_without_token_is_not_sent() {
    let bed = standalone_bed();
    let client = client(&bed, registered());
    for sent in [client.get("echo"), client.post("echo").json(&json!({}))] {
        assert_eq!(sent.send().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(
        client.get("echo").send_streaming().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert_eq!(client.refresh_token().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let told = client.active_token().await.unwrap_err().to_string();
    assert!(told.contains("no token") && told.contains("`refresh_with`"), "{told}");
    assert_eq!(client.revoke_token().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert!(bed.provider.received_requests().is_empty());
}

/// T109, T156.
#[tokio::test]
async fn refresh_on_use_reports_old_token() {
    let bed = standalone_bed();
    let (client, heard) = listening(&bed, Refresh::RefreshToken);
    let old = client.fetch_token(carol()).await.unwrap();
    assert!(heard.lock().unwrap().is_empty(), "a first token is no update");
    bed.clock.advance(HOUR);
    bed.provider.clear_requests();
    assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
    let asked = sent(&bed, Endpoint::Token).pop().unwrap();
    assert_eq!(asked.names, ["grant_type", "refresh_token"]);
    assert_eq!(asked.secret("refresh_token"), Some(old.refresh_token.as_ref().unwrap().expose()));
    let kept = client.token().await.unwrap().unwrap();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let [update] = heard.as_slice() else { panic!("{} updates", heard.len()) };
    assert_eq!(update.token.access_token, kept.access_token);
    assert_eq!(update.old.refresh_token, old.refresh_token);
    assert_eq!(update.owner, *client.owner());

    // Without a refresh token in the response, the old one stays (RFC 6749 §6).
    bed.provider.inject(Fault::NoRotation);
    bed.clock.advance(HOUR);
    let renewed = client.active_token().await.unwrap();
    assert_ne!(renewed.access_token, kept.access_token);
    assert_eq!(renewed.refresh_token, kept.refresh_token);
}

/// T110, T157.
#[tokio::test]
async fn client_credentials_refetch_reports_old_token() {
    let bed = standalone_bed();
    let quiet = client(&bed, registered().refresh_with(Refresh::ClientCredentials));
    let (client, heard) = listening(&bed, Refresh::ClientCredentials);
    for client in [&quiet, &client] {
        // The first token is fetched automatically too.
        let old = client.active_token().await.unwrap();
        assert!(heard.lock().unwrap().is_empty());
        bed.clock.advance(HOUR);
        bed.provider.clear_requests();
        assert_eq!(client.get("echo").send().await.unwrap().status(), 200);
        let asked = sent(&bed, Endpoint::Token);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].names, ["grant_type", "scope"]);
        assert_eq!(asked[0].field("grant_type"), Some("client_credentials"));
        let new = client.token().await.unwrap().unwrap();
        assert_ne!(new.access_token, old.access_token);
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        if let Some(update) = heard.first() {
            assert_eq!(update.old.access_token, old.access_token);
            assert_eq!(update.token.access_token, new.access_token);
        }
        assert_eq!(heard.len(), usize::from(!std::ptr::eq(client, &raw const quiet)));
    }
}

/// T158.
#[tokio::test]
async fn refresh_before_post_keeps_json_body() {
    let bed = standalone_bed();
    for (config, grant) in [
        (registered(), carol()),
        (registered().refresh_with(Refresh::ClientCredentials), Grant::client_credentials()),
    ] {
        let client = client(&bed, config);
        let old = client.fetch_token(grant).await.unwrap();
        bed.clock.advance(HOUR);
        let body = json!({"name": "x & y=z", "list": [1, 2]});
        let echo: Value = client.post("echo").json(&body).send().await.unwrap().json().unwrap();
        assert_eq!((&echo["method"], &echo["token_in"]), (&json!("POST"), &json!("header")));
        assert_eq!(echo["content_type"], "application/json");
        assert_eq!(echo["body"], body.to_string());
        assert_ne!(client.token().await.unwrap().unwrap().access_token, old.access_token);
    }
}

/// T159, H24: For one client: Authlib's blocking clients have no lock at all.
#[tokio::test]
async fn ten_concurrent_requests_share_one_refresh() {
    let bed = standalone_bed();
    for (config, grant) in [
        (registered(), carol()),
        (registered().refresh_with(Refresh::ClientCredentials), Grant::client_credentials()),
    ] {
        let client = client(&bed, config);
        client.fetch_token(grant).await.unwrap();
        bed.clock.advance(HOUR);
        bed.provider.clear_requests();
        let clones: Vec<_> = (0..10).map(|_| client.clone()).collect();
        let responses = join_all(clones.iter().map(|client| client.get("echo").send())).await;
        assert!(responses.iter().all(|response| response.as_ref().unwrap().status() == 200));
        assert_eq!(bed.provider.count(Endpoint::Token), 1);
        assert_eq!(bed.provider.count(Endpoint::Api), 10);
    }
}

/// The API rejects the token before it expires: Authlib returns the 401.
#[tokio::test]
async fn standalone_401_refreshes_once_and_repeats_request() {
    let bed = standalone_bed();
    let client = client(&bed, registered().refresh_with(Refresh::ClientCredentials));
    client.active_token().await.unwrap();
    bed.provider.expire_access_tokens();
    let response = client.post("echo").form([("a", "b")]).send().await.unwrap();
    assert_eq!(response.json::<Value>().unwrap()["body"], "a=b");
    assert_eq!(bed.provider.count(Endpoint::Token), 2);
    assert_eq!(bed.provider.count(Endpoint::Api), 2);
}

/// A refresh callback of the application receives the previous token.
#[tokio::test]
async fn standalone_client_can_use_refresh_callback() {
    let bed = standalone_bed();
    let config = registered().refresh_with(Refresh::callback(|old| async move {
        let count = old.map_or(0, |old| old.access_token.expose().len());
        let mut token = Token::bearer("x".repeat(count + 1));
        token.expires_at = Some(SystemTime::UNIX_EPOCH);
        Ok(token)
    }));
    let client = client(&bed, config);
    for expected in ["x", "xx", "xxx"] {
        assert_eq!(client.active_token().await.unwrap().access_token.expose(), expected);
    }
    assert!(bed.provider.received_requests().is_empty());
}

/// RFC 6749 §6: a manual refresh keeps the refresh token if the response has none.
#[tokio::test]
async fn manual_refresh_keeps_unrotated_refresh_token() {
    let bed = TestBed::new();
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let client = OAuth2Client::for_owner(&bed.app(), login.owner());
    bed.provider.inject(Fault::NoRotation);
    let old = login.token().unwrap().refresh_token.clone().unwrap();
    let token = client.fetch_token(Grant::refresh_token(&old)).await.unwrap();
    assert_ne!(token.access_token, login.token().unwrap().access_token);
    assert_eq!(client.token().await.unwrap().unwrap().refresh_token, Some(old));
}
