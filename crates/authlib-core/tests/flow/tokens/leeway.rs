//! How long before its expiry a token is refreshed.

use std::time::Duration;

use authlib_core::{ErrorKind, JwtBearer};
use authlib_provider::{Endpoint, Fault};
use serde_json::json;

use crate::test_bed::keys::P256;
use crate::test_bed::service::{WAYS, Way, service, service_bed};
use crate::test_bed::{SECOND, client};

#[tokio::test]
async fn leeway_sets_time_of_refresh_before_expiry() {
    for (leeway, before, requests) in [
        (None, 61, 1),
        (None, 60, 2),
        (Some(0), 1, 1),
        (Some(0), 0, 2),
        (Some(300), 301, 1),
        (Some(300), 300, 2),
        // At most half its lifetime; otherwise each call would refresh.
        (Some(u64::MAX), 3600, 1),
        (Some(u64::MAX), 1801, 1),
        (Some(u64::MAX), 1800, 2),
    ] {
        for way in WAYS {
            let bed = service_bed();
            let config = match leeway {
                Some(leeway) => way.config(&bed).refresh_before_expiry(Duration::from_secs(leeway)),
                None => way.config(&bed),
            };
            let client = client(&bed, config);
            client.active_token().await.unwrap();
            bed.clock.advance(Duration::from_secs(3600 - before));
            client.active_token().await.unwrap();
            let sent = bed.provider.count(Endpoint::Token);
            assert_eq!(sent, requests, "{way:?}: {leeway:?}, {before} seconds before the end");
        }
    }
}

/// No lifetime causes a panic or a loop.
#[tokio::test]
async fn extreme_token_lifetimes_do_not_fail() {
    let bed = service_bed();
    for expires_in in [json!(1e300), json!(u64::MAX), json!("99999999999999999999")] {
        bed.provider.inject(Fault::token("expires_in", expires_in));
        let config = Way::ClientCredentials.config(&bed);
        let config = config.refresh_before_expiry(Duration::from_secs(3600));
        let client = client(&bed, config);
        bed.provider.clear_requests();
        client.active_token().await.unwrap();
        client.active_token().await.unwrap();
        assert_eq!(bed.provider.count(Endpoint::Token), 1);
        bed.provider.clear_faults();
    }
    let bearer = JwtBearer::new("robot", P256).key_id("k1").lifetime(Duration::MAX);
    let client = client(&bed, service().refresh_with(bearer));
    assert_eq!(client.active_token().await.unwrap_err().kind(), ErrorKind::InvalidResponse);
}

/// A token whose lifetime is not longer than the leeway is not refreshed with each call: Keycloak's
/// tokens live for a minute.
#[tokio::test]
async fn short_lived_token_is_used_for_half_its_lifetime() {
    for way in WAYS {
        let bed = service_bed();
        bed.provider.inject(Fault::token("expires_in", 60));
        let client = client(&bed, way.config(&bed));
        for minute in 1..5 {
            for _ in 0..30 {
                client.active_token().await.unwrap();
                bed.clock.advance(SECOND);
            }
            assert_eq!(bed.provider.count(Endpoint::Token), minute, "{way:?}");
        }
        // Tokens with a longer lifetime are refreshed in time again.
        bed.provider.clear_faults();
        client.active_token().await.unwrap();
        bed.clock.advance(Duration::from_secs(3541));
        client.active_token().await.unwrap();
        assert_eq!(bed.provider.count(Endpoint::Token), 6, "{way:?}");
    }
}
