//! Outages of the JWKS endpoint: logins recover afterwards, and no refresh token is lost.

use std::time::Duration;

use authlib_core::{ErrorKind, Remedy, Result};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::FutureExt as _;
use serde_json::json;

use crate::test_bed::stores::{Shared, replica};
use crate::test_bed::{Browser, HOUR, ProviderHttp, TestBed, expired};

fn no_keys() -> Fault {
    Fault::Response(Endpoint::Jwks, Reply::html(500))
}

/// A key rotation while the JWKS is unavailable is an outage, not a forgery; it ends when the JWKS
/// is available again.
#[tokio::test]
async fn key_rotation_during_jwks_outage_recovers() {
    let bed = TestBed::new();
    bed.log_in(&Browser::default()).await.unwrap();
    bed.provider.rotate_keys();
    bed.provider.inject(no_keys());
    for _ in 0..2 {
        let error = bed.log_in(&Browser::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
    }
    bed.provider.clear_faults();
    bed.log_in(&Browser::default()).await.unwrap();
}

/// The same during a refresh: the rotated refresh token is kept for the next attempt.
#[tokio::test]
async fn unverifiable_refresh_keeps_rotated_refresh_token() {
    let bed = TestBed::new();
    let (_, owner, _) = expired(&bed).await;
    bed.provider.rotate_keys();
    bed.provider.inject(no_keys());
    let error = bed.app().active_token(&owner).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
    bed.provider.clear_faults();
    bed.clock.advance(Duration::from_secs(1));
    let token = bed.app().active_token(&owner).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 2, "no refresh token was spent twice");
    assert_eq!(token.userinfo().unwrap().sub(), "alice");
}

/// A new process has no keys: it fetches them before it uses the refresh token.
#[tokio::test]
async fn refresh_waits_until_provider_keys_are_available() {
    let store = Shared::default();
    let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(store.clone()));
    let (_, owner, _) = expired(&bed).await;
    let restarted = replica(&bed, store.clone(), ProviderHttp(bed.provider.clone()));
    bed.provider.inject(no_keys());
    let app = restarted.client("op").unwrap();
    app.active_token(&owner).await.unwrap_err();
    assert_eq!(bed.provider.count(Endpoint::Token), 0);
    bed.provider.clear_faults();
    bed.clock.advance(Duration::from_secs(1));
    app.active_token(&owner).await.unwrap();
    assert_eq!(bed.provider.count(Endpoint::Token), 1);
}

/// RFC 6585 §4, RFC 9110 §15.6: an overloaded or broken server decides nothing, whatever its body says.
#[tokio::test]
async fn outage_of_any_endpoint_logs_nobody_out() {
    for endpoint in [
        Endpoint::Api,
        Endpoint::Discovery,
        Endpoint::Introspect,
        Endpoint::Jwks,
        Endpoint::Token,
        Endpoint::UserInfo,
    ] {
        for status in [429, 500, 502, 503, 504, 599] {
            for code in ["invalid_grant", "invalid_token", "interaction_required", "access_denied"]
            {
                let case = format!("{endpoint:?} {status} {code}");
                let bed = TestBed::new();
                let (browser, owner, _) = expired(&bed).await;
                // Metadata and keys are fetched again.
                bed.clock.advance(HOUR * 2);
                let body = format!(r#"{{"error":"{code}","suberror":"bad_token","active":false}}"#);
                bed.provider.inject(Fault::Response(endpoint, Reply::json(status, body)));
                let app = bed.app();
                let refreshed = app.active_token(&owner).await.map(drop);
                let userinfo = app.userinfo(&owner).await.map(drop);
                let introspected = app.introspect_token(&"token".into(), None).await.map(drop);
                let api = app.get("echo", &owner).send().await.map(drop);
                for error in
                    [refreshed, userinfo, introspected, api].into_iter().filter_map(Result::err)
                {
                    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{case}: {error}");
                    assert_eq!(error.remedy(), Remedy::Wait, "{case}: {error}");
                }
                bed.provider.clear_faults();
                bed.clock.advance(Duration::from_secs(10));
                assert!(!bed.is_anonymous(&browser).await, "{case}");
                app.refresh_token(&owner).await.unwrap_or_else(|error| panic!("{case}: {error}"));
            }
        }
    }
}

/// Claims about the login are taken from the ID token only: user info is not signed.
#[tokio::test]
async fn userinfo_cannot_replace_id_token() {
    let bed = TestBed::new();
    for fault in [
        Fault::without_claim("auth_time"),
        Fault::user_info("auth_time", "yesterday"),
        Fault::user_info("azp", "somebody"),
        Fault::user_info("acr", "gold"),
        Fault::user_info("iss", "https://evil.example"),
        Fault::user_info("nickname", json!("Al")),
    ] {
        bed.provider.inject(fault);
    }
    let login = bed.log_in(&Browser::default()).await.unwrap();
    let user = login.token().unwrap().userinfo().unwrap();
    for name in ["auth_time", "azp", "acr"] {
        assert!(!user.as_map().contains_key(name), "{name}");
    }
    assert_eq!(user.iss(), Some(crate::test_bed::ISSUER));
    assert_eq!(user.nickname(), Some("Al"));
}

/// If a refresh is dropped while it fetches a document, other requests still get the document.
#[tokio::test]
async fn dropped_refresh_does_not_block_others() {
    for polls in 1..8 {
        let bed = TestBed::new();
        let (_, owner, _) = expired(&bed).await;
        bed.provider.rotate_keys();
        let app = bed.app();
        let mut refresh = Box::pin(app.active_token(&owner));
        for _ in 0..polls {
            let _ = (&mut refresh).now_or_never();
        }
        drop(refresh);
        bed.log_in(&Browser::default()).await.unwrap();
        app.active_token(&owner).await.unwrap();
    }
}
