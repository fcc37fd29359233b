//! Slow, cut and dead connections between app and store.

use std::time::Duration;

use authlib_conformance::{Browser, Fixture, Gate, KEYS, SharedDatabase};
use authlib_provider::Endpoint;

use crate::{APP, config, now, report, with_expired_token};

/// How long a request may take whose store does not respond: it fails then.
const LONGEST: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_be_slow_cut_off_or_silent() {
    let Some(database) = SharedDatabase::postgres().await else { return };
    store_may_be_slow_cut_off_or_silent(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_be_slow_cut_off_or_silent() {
    let Some(database) = SharedDatabase::redis().await else { return };
    store_may_be_slow_cut_off_or_silent(database).await;
}

async fn store_may_be_slow_cut_off_or_silent(database: SharedDatabase) {
    let gate = Gate::start(database.port()).await;
    let variable = database.variable(gate.port());
    let vars = [KEYS[0], KEYS[1], (variable.0, variable.1.as_str())];
    let fixture = Fixture::configured(APP, &config(""), &vars).await;
    slow_store_slows_requests_down(&fixture, &gate).await;
    cut_connections_are_made_again(&fixture, &gate).await;
    silent_store_is_503(&fixture, &gate, variable.0).await;
    unsaved_token_is_stored_later(&fixture, &gate).await;
}

async fn slow_store_slows_requests_down(fixture: &Fixture, gate: &Gate) {
    gate.delay(Duration::from_millis(100));
    let browser = with_expired_token(fixture).await;
    assert_eq!(browser.get(fixture.url("/api/op/echo")).await.status, 200);
    assert!(fixture.is_alice(&browser).await);
    gate.delay(Duration::ZERO);
}

/// The first request after a cut may fail; none logs anybody in or out.
async fn cut_connections_are_made_again(fixture: &Fixture, gate: &Gate) {
    let browser = Browser::new();
    fixture.log_in(&browser).await;
    for _ in 0..5 {
        gate.cut();
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(browser.get_json(fixture.url("/profile")).await.status);
            if statuses.last() == Some(&200) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(statuses.pop(), Some(200));
        assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    }
    assert_eq!(Browser::new().get_json(fixture.url("/profile")).await.status, 401);
}

/// A connection over which nothing comes any more, as after a failure of the network.
async fn silent_store_is_503(fixture: &Fixture, gate: &Gate, name: &str) {
    let (browser, stranger) = (Browser::new(), Browser::new());
    fixture.log_in(&browser).await;
    gate.close(true);
    let began = now();
    let pages =
        [browser.get_json(fixture.url("/profile")), browser.get_json(fixture.url("/api/op/echo"))];
    for page in futures_util::future::join_all(pages).await {
        assert_eq!(page.status, 503, "{}", page.body);
    }
    let waited = began.elapsed();
    assert!(waited < LONGEST, "{waited:?}");
    report(&format!(
        "{name}: a request over a dead connection failed after {:.1} s",
        waited.as_secs_f32()
    ));
    gate.cut();
    gate.close(false);
    until_it_works(fixture, &browser).await;
    assert_eq!(stranger.get_json(fixture.url("/profile")).await.status, 401);
}

/// The store is lost between the provider's response and the save.
async fn unsaved_token_is_stored_later(fixture: &Fixture, gate: &Gate) {
    let browser = with_expired_token(fixture).await;
    let before = fixture.count(Endpoint::Token);
    fixture.provider().inject(authlib_provider::Fault::Held(Endpoint::Token));
    let (copy, url) = (browser.copy(), fixture.url("/api/op/echo"));
    let call = tokio::spawn(async move { copy.get_json(url).await });
    while fixture.count(Endpoint::Token) == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gate.close(true);
    gate.cut();
    fixture.provider().clear_faults();
    let page = call.await.unwrap();
    assert_eq!(page.status, 503, "{}", page.body);
    gate.close(false);
    until_it_works(fixture, &browser).await;
    assert_eq!(browser.get_json(fixture.url("/api/op/echo")).await.status, 200);
    assert_eq!(fixture.count(Endpoint::Token) - before, 1, "the token was kept, and stored later");
}

async fn until_it_works(fixture: &Fixture, browser: &Browser) {
    for _ in 0..100 {
        let page = browser.get_json(fixture.url("/profile")).await;
        if page.status == 200 {
            return;
        }
        assert_eq!(page.status, 503, "{}", page.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the app did not recover: {}", fixture.app.log());
}
