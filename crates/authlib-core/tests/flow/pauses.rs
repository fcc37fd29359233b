//! A renewal that fails is not tried again at once, by whomever it is asked for.

use std::time::Duration;

use authlib_core::hooks::ResponseHook;
use authlib_core::{ErrorKind, OAuth2Client};
use authlib_provider::{Endpoint, Quirk, Reply};
use futures_util::future::join_all;

use crate::renewal::{HOUR, WAYS, Way, client, world};
use crate::tokens::expired;
use crate::world::{Browser, World};

/// What a hundred calls send in the first `seconds` after a failure, and whether they all fail.
async fn calls(world: &World, client: &OAuth2Client, advance: u64) -> (usize, Vec<ErrorKind>) {
    world.clock.advance(Duration::from_secs(advance));
    world.provider.clear_requests();
    let results = join_all((0..100).map(|_| client.active_token())).await;
    let mut kinds: Vec<_> =
        results.into_iter().filter_map(|result| result.err().map(|error| error.kind())).collect();
    kinds.dedup();
    (world.provider.count(Endpoint::Token), kinds)
}

/// Each refusal, a final one as well: a service that is refused must not storm its provider.
#[tokio::test]
async fn a_renewal_that_failed_is_not_tried_again_at_once_and_later_ever_less_often() {
    for way in WAYS {
        for (reply, kind) in [
            (Reply::Cut, ErrorKind::Transport),
            (Reply::json(503, "{}"), ErrorKind::BadAnswer),
            (Reply::json(400, r#"{"error":"invalid_grant"}"#), ErrorKind::BadAnswer),
            (Reply::json(401, r#"{"error":"invalid_client"}"#), ErrorKind::BadAnswer),
            (Reply::html(200), ErrorKind::BadAnswer),
        ] {
            let world = world();
            let client = client(&world, way.config(&world));
            let case = format!("{way:?} {reply:?}");
            world.provider.misbehave(Quirk::Answer(Endpoint::Token, reply));
            let mut pause = 0;
            for next in [1, 2, 4, 8, 16, 32, 60, 60] {
                assert_eq!(calls(&world, &client, pause).await, (1, vec![kind]), "{case}");
                assert_eq!(calls(&world, &client, next - 1).await, (0, vec![kind]), "{case}");
                pause = 1;
            }
            world.provider.behave();
            assert_eq!(calls(&world, &client, 1).await, (1, vec![]), "{case}");
            // A success begins the row anew.
            world.provider.misbehave(Quirk::Answer(Endpoint::Token, Reply::Cut));
            assert_eq!(calls(&world, &client, 3600).await.0, 1, "{case}");
            assert_eq!(calls(&world, &client, 1).await.0, 1, "{case}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_an_hour() {
    for (said, pause) in
        [("90", 90), ("3600", 3600), ("99999999999999999", 3600), ("0", 1), ("soon", 1), ("-5", 1)]
    {
        for way in [Way::Assertion, Way::ClientCredentials] {
            let world = world();
            world.provider.misbehave(Quirk::Answer(Endpoint::Token, Reply::json(503, "{}")));
            let hook = ResponseHook::AccessTokenResponse;
            let config = way.config(&world).on_response(hook, move |response| {
                response.headers_mut().insert("retry-after", said.parse().unwrap());
                Ok(())
            });
            let client = client(&world, config);
            assert_eq!(calls(&world, &client, 0).await.0, 1, "{way:?} {said}");
            assert_eq!(calls(&world, &client, pause - 1).await.0, 0, "{way:?} {said}");
            assert_eq!(calls(&world, &client, 1).await.0, 1, "{way:?} {said}");
        }
    }
}

#[tokio::test]
async fn one_owners_pause_is_nobody_elses() {
    let world = World::new();
    let (_, alice, _) = expired(&world).await;
    let browser = Browser::default();
    let url = world.start(&browser).await.unwrap();
    let bob = world.finish(&browser, &world.provider.approve(&url, "bob")).await.unwrap().owner;
    world.clock.advance(HOUR);
    world.provider.misbehave(Quirk::Answer(Endpoint::Token, Reply::Cut));
    assert!(world.app().active_token(&alice).await.is_err());
    world.provider.behave();
    assert!(world.app().active_token(&alice).await.is_err());
    assert!(world.app().active_token(&bob).await.is_ok());
}
