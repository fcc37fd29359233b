//! A failed refresh is not retried at once by any caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authlib_core::config::Refresh;
use authlib_core::hooks::ResponseHook;
use authlib_core::{ErrorKind, OAuth2Client, Token};
use authlib_provider::{Endpoint, Fault, Reply};
use futures_util::future::join_all;

use crate::test_bed::service::{WAYS, Way, service, service_bed};
use crate::test_bed::{Browser, HOUR, TestBed, client, expired};

/// The number of requests of a hundred calls in the first `seconds` after a failure, and their
/// errors.
async fn calls(bed: &TestBed, client: &OAuth2Client, advance: u64) -> (usize, Vec<ErrorKind>) {
    bed.clock.advance(Duration::from_secs(advance));
    bed.provider.clear_requests();
    let results = join_all((0..100).map(|_| client.active_token())).await;
    let mut kinds: Vec<_> =
        results.into_iter().filter_map(|result| result.err().map(|error| error.kind())).collect();
    kinds.dedup();
    (bed.provider.count(Endpoint::Token), kinds)
}

/// Also for final rejections: a rejected service must not flood its provider.
#[tokio::test]
async fn failed_refresh_backs_off() {
    for way in WAYS {
        for (reply, kind) in [
            (Reply::Reset, ErrorKind::Transport),
            (Reply::json(503, "{}"), ErrorKind::InvalidResponse),
            (Reply::json(400, r#"{"error":"invalid_grant"}"#), ErrorKind::InvalidResponse),
            (Reply::json(401, r#"{"error":"invalid_client"}"#), ErrorKind::InvalidResponse),
            (Reply::html(200), ErrorKind::InvalidResponse),
        ] {
            let bed = service_bed();
            let client = client(&bed, way.config(&bed));
            let case = format!("{way:?} {reply:?}");
            bed.provider.inject(Fault::Response(Endpoint::Token, reply));
            let mut pause = 0;
            for next in [1, 2, 4, 8, 16, 32, 60, 60] {
                assert_eq!(calls(&bed, &client, pause).await, (1, vec![kind]), "{case}");
                assert_eq!(calls(&bed, &client, next - 1).await, (0, vec![kind]), "{case}");
                pause = 1;
            }
            bed.provider.clear_faults();
            assert_eq!(calls(&bed, &client, 1).await, (1, vec![]), "{case}");
            // A success resets the backoff.
            bed.provider.inject(Fault::Response(Endpoint::Token, Reply::Reset));
            assert_eq!(calls(&bed, &client, 3600).await.0, 1, "{case}");
            assert_eq!(calls(&bed, &client, 1).await.0, 1, "{case}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_one_hour() {
    for (said, pause) in
        [("90", 90), ("3600", 3600), ("99999999999999999", 3600), ("0", 1), ("soon", 1), ("-5", 1)]
    {
        for way in [Way::Assertion, Way::ClientCredentials] {
            let bed = service_bed();
            bed.provider.inject(Fault::Response(Endpoint::Token, Reply::json(503, "{}")));
            let hook = ResponseHook::AccessTokenResponse;
            let config = way.config(&bed).on_response(hook, move |response| {
                response.headers_mut().insert("retry-after", said.parse().unwrap());
                Ok(())
            });
            let client = client(&bed, config);
            assert_eq!(calls(&bed, &client, 0).await.0, 1, "{way:?} {said}");
            assert_eq!(calls(&bed, &client, pause - 1).await.0, 0, "{way:?} {said}");
            assert_eq!(calls(&bed, &client, 1).await.0, 1, "{way:?} {said}");
        }
    }
}

/// A panic in the refresh callback must not affect later refreshes.
#[tokio::test]
async fn panicking_callback_fails_only_its_own_refresh() {
    let bed = service_bed();
    let panics = Arc::new(AtomicBool::new(true));
    let still = panics.clone();
    let client = client(
        &bed,
        service().refresh_with(Refresh::callback(move |_| {
            let panics = still.load(Ordering::Relaxed);
            async move {
                assert!(!panics, "the application's own bug");
                Ok(Token::bearer("new"))
            }
        })),
    );
    let error = client.active_token().await.unwrap_err();
    assert_eq!((error.kind(), error.client()), (ErrorKind::Internal, Some("service")));
    assert!(error.to_string().contains("panicked") && error.to_string().contains("`refresh_with`"));
    panics.store(false, Ordering::Relaxed);
    assert_eq!(client.active_token().await.unwrap_err().kind(), ErrorKind::Internal, "the pause");
    bed.clock.advance(Duration::from_secs(1));
    assert_eq!(client.active_token().await.unwrap().access_token.expose(), "new");
}

#[tokio::test]
async fn refresh_backoff_is_per_token_owner() {
    let bed = TestBed::new();
    let (_, alice, _) = expired(&bed).await;
    let browser = Browser::default();
    let url = bed.start(&browser).await.unwrap();
    let bob =
        bed.finish(&browser, &bed.provider.approve(&url, "bob").unwrap()).await.unwrap().owner();
    bed.clock.advance(HOUR);
    bed.provider.inject(Fault::Response(Endpoint::Token, Reply::Reset));
    assert!(bed.app().active_token(&alice).await.is_err());
    bed.provider.clear_faults();
    assert!(bed.app().active_token(&alice).await.is_err());
    assert!(bed.app().active_token(&bob).await.is_ok());
}
