//! Errors of the token endpoint that only the user can resolve: OpenID Connect Core §3.1.2.6, and Entra's
//! `suberror`.

use authlib_core::{ErrorKind, Remedy};
use authlib_provider::{Endpoint, Fault, Reply};

use crate::test_bed::service::{WAYS, service_bed};
use crate::test_bed::{Browser, TestBed, client, expired};

/// Responses after which the user must log in again.
const NEED_USER: [&str; 7] = [
    r#"{"error":"invalid_grant"}"#,
    r#"{"error":"interaction_required","suberror":"basic_action"}"#,
    r#"{"error":"login_required"}"#,
    r#"{"error":"consent_required"}"#,
    r#"{"error":"account_selection_required"}"#,
    r#"{"error":"invalid_request","suberror":"user_password_expired"}"#,
    r#"{"error":"invalid_request","suberror":"message_only"}"#,
];

fn refuse(bed: &TestBed, status: u16, body: &str) {
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::json(status, body)));
}

#[tokio::test]
async fn refresh_that_needs_the_user_is_401_and_final() {
    for status in [400, 401, 403] {
        for body in NEED_USER {
            let bed = TestBed::new();
            let (browser, owner, _) = expired(&bed).await;
            refuse(&bed, status, body);
            for call in 0..3 {
                let error = bed.app().active_token(&owner).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{body} {call}: {error}");
                assert_eq!(error.remedy(), Remedy::LogInAgain, "{body}");
            }
            assert_eq!(bed.provider.count(Endpoint::Token), 1, "{body}");
            assert!(!bed.is_anonymous(&browser).await, "{body}: the login itself stays");
            // The refresh token is not tried again, the next login replaces it.
            bed.provider.clear_faults();
            bed.app().active_token(&owner).await.unwrap_err();
            let owner = bed.log_in(&browser).await.unwrap().owner();
            bed.app().active_token(&owner).await.unwrap();
        }
    }
}

/// Other errors of Entra are not the user's: the refresh token stays.
#[tokio::test]
async fn refresh_token_survives_errors_of_the_client() {
    for body in [
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"invalid_request","suberror":"something_new"}"#,
        r#"{"error":"invalid_request","suberror":7}"#,
        r#"{"error":"payment_required"}"#,
    ] {
        let bed = TestBed::new();
        let (_, owner, _) = expired(&bed).await;
        refuse(&bed, 400, body);
        let error = bed.app().active_token(&owner).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        bed.provider.clear_faults();
        bed.clock.advance(std::time::Duration::from_secs(1));
        bed.app().active_token(&owner).await.unwrap();
    }
}

/// Entra evaluates its policies when the code is redeemed, too.
#[tokio::test]
async fn login_that_needs_the_user_again_is_401() {
    let bed = TestBed::new();
    refuse(&bed, 400, r#"{"error":"interaction_required","suberror":"basic_action"}"#);
    let error = bed.log_in(&Browser::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let text = error.to_string();
    assert!(text.contains(r#"suberror "basic_action""#), "{text}");
    assert!(text.contains("the user must log in again"), "{text}");
}

/// A service without a user waits between its attempts, as after any other error.
#[tokio::test]
async fn service_is_not_freed_from_backoff_by_user_errors() {
    for way in WAYS {
        let bed = service_bed();
        let client = client(&bed, way.config(&bed));
        refuse(&bed, 400, r#"{"error":"interaction_required"}"#);
        for _ in 0..5 {
            let error = client.active_token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{way:?}");
        }
        assert_eq!(bed.provider.count(Endpoint::Token), 1, "{way:?}");
    }
}
