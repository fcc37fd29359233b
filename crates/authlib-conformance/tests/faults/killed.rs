//! `kill -9` of a refreshing process at ten points of the exchange. Another process continues.

use std::collections::HashMap;

use authlib_conformance::{App, Browser, Fixture, Gate, KEYS, Moment, SharedDatabase, Trap};
use authlib_provider::Endpoint;
use futures_util::future::join_all;

use crate::{APP, LEASE, config, now, report, with_expired_token};

/// Where the exchange is held while the process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    LeaseIsAsked,
    LeaseIsGranted,
    TokenIsLoadedAgain,
    TokenRequestIsSent,
    TokenIsRotated,
    ResponseIsHalfRead,
    SaveIsSent,
    SaveIsDone,
    ReleaseIsSent,
    ReleaseIsDone,
}

const POINTS: [Point; 10] = [
    Point::LeaseIsAsked,
    Point::LeaseIsGranted,
    Point::TokenIsLoadedAgain,
    Point::TokenRequestIsSent,
    Point::TokenIsRotated,
    Point::ResponseIsHalfRead,
    Point::SaveIsSent,
    Point::SaveIsDone,
    Point::ReleaseIsSent,
    Point::ReleaseIsDone,
];

impl Point {
    /// The documented window: the provider has a new refresh token, and the store does not have it yet.
    fn is_in_window(self) -> bool {
        matches!(self, Self::TokenIsRotated | Self::ResponseIsHalfRead | Self::SaveIsSent)
    }

    /// The trap in front of the store. PostgreSQL prepares each statement before it runs: one message more.
    fn in_store(self, database: &SharedDatabase) -> Option<Trap> {
        let prepared = usize::from(database.is_postgres());
        let (is_first, skip, at): (fn(&[u8]) -> bool, _, _) = match self {
            Self::LeaseIsAsked => (is_acquire, 0, Moment::Request),
            Self::LeaseIsGranted => (is_acquire, prepared, Moment::Answer(0)),
            Self::TokenIsLoadedAgain => (is_acquire, prepared + 1, Moment::Request),
            Self::SaveIsSent => (is_replace, 0, Moment::Request),
            Self::SaveIsDone => (is_replace, prepared, Moment::Answer(0)),
            Self::ReleaseIsSent => (is_release, 0, Moment::Request),
            Self::ReleaseIsDone => (is_release, prepared, Moment::Answer(0)),
            _ => return None,
        };
        Some(Trap::new(is_first, skip, at))
    }

    /// The trap in front of the token endpoint.
    fn at_provider(self) -> Option<Trap> {
        let at = match self {
            Self::TokenRequestIsSent => Moment::Request,
            Self::TokenIsRotated => Moment::Answer(0),
            Self::ResponseIsHalfRead => Moment::Answer(200),
            _ => return None,
        };
        Some(Trap::new(|message| has(message, "POST /token"), 0, at))
    }
}

fn has(message: &[u8], text: &str) -> bool {
    message.windows(text.len()).any(|window| window == text.as_bytes())
}

fn is_acquire(message: &[u8]) -> bool {
    let is_script = has(message, "EVALSHA") && has(message, ":lease") && has(message, ":fence");
    is_script || has(message, "RETURNING fence")
}

fn is_replace(message: &[u8]) -> bool {
    let is_script = has(message, "EVALSHA") && has(message, ":row") && has(message, ":fence");
    is_script
        || (has(message, "UPDATE authlib_token SET\n    token = $4")
            && has(message, " AND hash = $"))
}

fn is_release(message: &[u8]) -> bool {
    let is_script = has(message, "EVALSHA") && has(message, ":lease") && !has(message, ":fence");
    is_script || has(message, "SET held_until = 0")
}

/// A process whose refresh is held at a point.
struct Victim {
    point: Point,
    browser: Browser,
    app: App,
    store: Gate,
    token_endpoint: Gate,
}

impl Victim {
    async fn start(fixture: &Fixture, database: &SharedDatabase, point: Point) -> Self {
        let store = Gate::start(database.port()).await;
        let issuer = url::Url::parse(fixture.provider().issuer()).unwrap();
        let token_endpoint = Gate::start(issuer.port().unwrap()).await;
        let variable = database.variable(store.port());
        let own = format!("token_endpoint = 'http://127.0.0.1:{}/token'\n", token_endpoint.port());
        let vars = [KEYS[0], KEYS[1], (variable.0, &variable.1)];
        let app = fixture.replica(APP, &config(&own), &vars).await;
        Self { point, browser: with_expired_token(fixture).await, app, store, token_endpoint }
    }

    /// Starts a refresh, and kills the process where the trap holds it.
    async fn kill(&mut self, database: &SharedDatabase) {
        let (gate, trap) = match (self.point.in_store(database), self.point.at_provider()) {
            (Some(trap), _) => (&self.store, trap),
            (None, trap) => (&self.token_endpoint, trap.unwrap()),
        };
        gate.set_trap(trap);
        let (browser, url) = (self.browser.copy(), self.app.own_url("/api/op/echo"));
        let call = tokio::spawn(async move { browser.get(url).await });
        gate.closed().await;
        assert!(!call.is_finished(), "{:?}: the response is there already", self.point);
        call.abort();
        self.app.stop("KILL").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_refresh_over_postgres_blocks_nobody_for_long() {
    let Some(database) = SharedDatabase::postgres().await else { return };
    killed_refresh_blocks_nobody_for_long(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_refresh_over_redis_blocks_nobody_for_long() {
    let Some(database) = SharedDatabase::redis().await else { return };
    killed_refresh_blocks_nobody_for_long(database).await;
}

async fn killed_refresh_blocks_nobody_for_long(database: SharedDatabase) {
    let variable = database.variable(database.port());
    let vars = [KEYS[0], KEYS[1], (variable.0, variable.1.as_str())];
    let fixture = Fixture::configured(APP, &config(""), &vars).await;
    // Redis has the scripts from here on.
    let first = with_expired_token(&fixture).await;
    assert_eq!(first.get(fixture.url("/api/op/echo")).await.status, 200);

    let mut victims = Vec::new();
    for point in POINTS {
        victims.push(Victim::start(&fixture, &database, point).await);
    }
    fixture.provider().clear_requests();
    join_all(victims.iter_mut().map(|victim| victim.kill(&database))).await;

    let began = now();
    let calls = victims.iter().map(async |victim| {
        let page = victim.browser.get_json(fixture.url("/api/op/echo")).await;
        (victim.point, page, began.elapsed())
    });
    let calls = join_all(calls).await;
    let (mut lost, mut lost_outside, mut longest) = (0, 0, std::time::Duration::ZERO);
    for (point, page, waited) in &calls {
        report(&format!("{point:?}: {} after {:.1} s", page.status, waited.as_secs_f32()));
        let expected = if point.is_in_window() { 401 } else { 200 };
        assert_eq!(page.status, expected, "{point:?}: {}", page.body);
        lost += usize::from(page.status == 401);
        lost_outside += usize::from(page.status == 401 && !point.is_in_window());
        longest = longest.max(*waited);
    }
    assert!(longest < LEASE + std::time::Duration::from_secs(5), "{longest:?}");

    let twice = used_twice(&fixture);
    assert_eq!(twice, POINTS.iter().filter(|point| point.is_in_window()).count());
    // A new login is all that a user needs who lost the token.
    for victim in &victims {
        assert_eq!(fixture.log_in(&victim.browser).await.status, 303);
        assert_eq!(victim.browser.get(fixture.url("/api/op/echo")).await.status, 200);
    }
    report(&format!(
        "{}: logins tried: {}; tokens lost: {lost}, outside the documented window: {lost_outside}; refresh tokens \
         used twice: {twice}, outside the window: {}; longest wait: {:.1} s of a lease of {} s",
        variable.0,
        1 + 2 * POINTS.len(),
        twice - lost,
        longest.as_secs_f32(),
        LEASE.as_secs()
    ));
}

/// How many refresh tokens the provider has received more than once.
fn used_twice(fixture: &Fixture) -> usize {
    let mut used: HashMap<String, usize> = HashMap::new();
    for request in fixture.provider().received_requests() {
        if request.endpoint == Endpoint::Token
            && let Some(token) = request.secret("refresh_token")
        {
            *used.entry(token.to_owned()).or_default() += 1;
        }
    }
    used.values().filter(|times| **times > 1).count()
}
