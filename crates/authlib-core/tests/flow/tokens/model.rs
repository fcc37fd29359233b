//! A model of the refresh race: the real coordinator of two processes over one store, whose steps a seeded scheduler
//! interleaves, with dropped callers, logout, a new login and expired leases. For each guard there is a test which shows what
//! goes wrong without it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use authlib_core::clock::{Clock, FixedClock};
use authlib_core::message::{Request, Response};
use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, OAuth, RegisteredClient, Result, Token};
use authlib_provider::{Endpoint, Fault, Provider, Reply};

use crate::test_bed::{ISSUER, ProviderHttp, SECRET, TestBed, expired};

/// How many interleavings of each scenario are run.
const SEEDS: u64 = 80;

/// What keeps refreshes apart.
#[derive(Clone, Copy, Debug)]
struct Guards {
    /// One process at a time refreshes.
    lease: bool,
    /// Whoever lost the lease changes nothing.
    fence: bool,
    /// A token that is not the old one is not overwritten.
    compare: bool,
    /// A refresh is a task of its own.
    spawn: bool,
}

const ALL: Guards = Guards { lease: true, fence: true, compare: true, spawn: true };

/// A store whose guards can be switched off. Each step lets others run before and after it.
#[derive(Clone)]
struct Store {
    rows: Arc<Mutex<HashMap<TokenOwner, Row>>>,
    clock: Arc<FixedClock>,
    guards: Guards,
    /// Refresh tokens that a refresh replaced with another one, or with none.
    overwritten: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Default)]
struct Row {
    token: Option<Token>,
    fence: u64,
    held_until: Option<SystemTime>,
}

impl Store {
    fn step<'a, T: Send + 'a>(
        &'a self,
        owner: &'a TokenOwner,
        step: impl FnOnce(&mut Row) -> T + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let done = step(self.rows.lock().unwrap().entry(owner.clone()).or_default());
            tokio::task::yield_now().await;
            Ok(done)
        })
    }

    fn token(&self, owner: &TokenOwner) -> Option<Token> {
        self.rows.lock().unwrap().get(owner).and_then(|row| row.token.clone())
    }
}

impl TokenStore for Store {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        self.step(owner, |row| row.token.clone())
    }

    fn save<'a>(&'a self, new: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        self.step(&new.owner, |row| row.token = Some(new.token.clone()))
    }

    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        let hash = |token: Option<&Token>| token.map(|token| token.access_token.clone());
        self.step(lease.owner(), move |row| {
            let is_ours = !self.guards.fence || row.fence == lease.fencing_number();
            let is_old = !self.guards.compare || hash(row.token.as_ref()) == hash(old);
            if !is_ours || !is_old {
                return ReplaceOutcome::Conflict(row.token.clone().map(Box::new));
            }
            let before = row.token.replace(new.clone()).and_then(|token| token.refresh_token);
            if let Some(before) = before.filter(|before| Some(before) != new.refresh_token.as_ref())
            {
                self.overwritten.lock().unwrap().push(before.expose().to_owned());
            }
            ReplaceOutcome::Replaced
        })
    }

    fn delete<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        self.step(owner, |row| row.token = None)
    }

    fn find_rows<'a>(&'a self, _: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn end_logins<'a>(
        &'a self,
        _: &'a LoginQuery,
        _: SystemTime,
        _: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn logins_ended_at<'a>(
        &'a self,
        _: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(async { Ok(None) })
    }

    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        self.step(owner, move |row| {
            let now = self.clock.now();
            if self.guards.lease && row.held_until.is_some_and(|end| end > now) {
                return None;
            }
            row.held_until = Some(now + ttl);
            row.fence += 1;
            // Without leases, each process has its own: the fence would do the work of the lease.
            let fence = if self.guards.lease { row.fence } else { 0 };
            row.fence = fence;
            Some(Lease::new(owner.clone(), fence))
        })
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let owner = lease.owner().clone();
            self.step(&owner, |row| {
                if row.fence == lease.fencing_number() {
                    row.held_until = None;
                }
            })
            .await
        })
    }
}

/// Waiting takes steps, and no time: a lease expires only when a scenario says so.
struct Steps(Arc<FixedClock>);

impl Clock for Steps {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        })
    }
}

type Tasks = Arc<Mutex<Vec<BoxFuture<'static, ()>>>>;

struct Http {
    provider: ProviderHttp,
    tasks: Tasks,
    spawns: bool,
}

impl HttpClient for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.provider.send(request)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        if !self.spawns {
            return Err(task);
        }
        self.tasks.lock().unwrap().push(task);
        Ok(())
    }
}

/// A small generator (xorshift): the same seed gives the same interleaving.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Two processes, and a user whose access token has expired.
struct World {
    provider: Provider,
    clock: Arc<FixedClock>,
    store: Store,
    tasks: Tasks,
    dice: Dice,
    apps: [RegisteredClient; 2],
    owner: TokenOwner,
}

impl World {
    async fn new(guards: Guards, seed: u64) -> Self {
        let rows = Arc::default();
        let time = Arc::new(FixedClock::new(SystemTime::UNIX_EPOCH));
        let outer = Store { rows, clock: time, guards, overwritten: Arc::default() };
        let bed = TestBed::with(|p| p, |c| c, |oauth| oauth.token_store(outer.clone()));
        let (_, owner, _) = expired(&bed).await;
        let store = Store { clock: bed.clock.clone(), ..outer };
        let tasks = Tasks::default();
        let apps = [(), ()].map(|()| {
            let provider = ProviderHttp(bed.provider.clone());
            let http = Http { provider, tasks: tasks.clone(), spawns: guards.spawn };
            app(http, Steps(bed.clock.clone()), store.clone())
        });
        for app in &apps {
            // Documents and keys are cached, as in a process that has been running for a while.
            app.parse_id_token("a.b.c", None).await.unwrap_err();
        }
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { provider: bed.provider, clock: bed.clock, store, tasks, dice, apps, owner }
    }

    /// A request that needs the token, and goes away after this many steps.
    fn call(&self, app: usize, lifetime: usize) {
        let (app, owner) = (self.apps[app].clone(), self.owner.clone());
        let mut call = Box::pin(async move { drop(app.active_token(&owner).await) });
        let mut left = lifetime;
        self.begin(std::future::poll_fn(move |context| {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(()) } else { call.as_mut().poll(context) }
        }));
    }

    /// An event that happens after this many steps.
    fn after(&self, steps: usize, event: impl Future<Output = ()> + Send + 'static) {
        self.begin(async move {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            event.await;
        });
    }

    fn begin(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap().push(Box::pin(task));
    }

    /// Runs one step of a task after another, chosen by the dice, until all have ended.
    fn run(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut tasks = self.tasks.lock().unwrap();
            if tasks.is_empty() {
                return;
            }
            let chosen = self.dice.below(tasks.len());
            let mut task = tasks.swap_remove(chosen);
            drop(tasks);
            if task.as_mut().poll(&mut context).is_pending() {
                self.tasks.lock().unwrap().push(task);
            }
        }
    }

    /// How often each refresh token was sent.
    fn sent(&self) -> HashMap<String, usize> {
        let mut sent = HashMap::new();
        for request in self.provider.received_requests() {
            if request.endpoint == Endpoint::Token
                && let Some(token) = request.secret("refresh_token")
            {
                *sent.entry(token.to_owned()).or_default() += 1;
            }
        }
        sent
    }

    /// Whether the stored refresh token can be used: it was not sent yet.
    fn stored_token_is_unused(&self) -> bool {
        let refresh_token = self.store.token(&self.owner).and_then(|token| token.refresh_token);
        refresh_token.is_some_and(|token| !self.sent().contains_key(token.expose()))
    }
}

fn app(http: Http, clock: Steps, store: Store) -> RegisteredClient {
    let config = ClientConfig::new("op").client_id("app").client_secret(SECRET).issuer(ISSUER);
    let oauth = OAuth::builder().register(config.scope("openid profile email")).http_client(http);
    oauth.clock(clock).token_store(store).build().unwrap().client("op").unwrap()
}

/// Four requests in two processes, some of which go away.
async fn calls(guards: Guards, seed: u64) -> Result<(), String> {
    let mut world = World::new(guards, seed).await;
    for number in 0..4 {
        let lifetime = if world.dice.below(2) == 0 { 1 + world.dice.below(60) } else { 10_000 };
        world.call(number % 2, lifetime);
    }
    world.run();
    if let Some((_, times)) = world.sent().into_iter().find(|(_, times)| *times > 1) {
        return Err(format!("a refresh token was sent {times} times"));
    }
    Ok(())
}

/// One request, which goes away. Later another one needs the token.
async fn dropped_call(guards: Guards, seed: u64) -> Result<(), String> {
    let mut world = World::new(guards, seed).await;
    let lifetime = 1 + world.dice.below(60);
    world.call(0, lifetime);
    world.run();
    if world.stored_token_is_unused() {
        return Ok(());
    }
    Err("the stored refresh token was used, and the new one is not stored".to_owned())
}

/// A logout, or a new login, during a refresh.
async fn user_acts(guards: Guards, seed: u64) -> Result<(), String> {
    let mut world = World::new(guards, seed).await;
    let mut later = world.store.token(&world.owner).unwrap();
    later.access_token = "of the later login".to_owned().into();
    later.expires_at = Some(world.clock.now() + Duration::from_secs(3600));
    let (logs_in, steps) = (world.dice.below(2) == 0, world.dice.below(40));
    let (store, owner) = (world.store.clone(), world.owner.clone());
    let row = TokenRow::new(owner.clone(), later.clone());
    world.after(steps, async move {
        store.delete(&owner).await.unwrap();
        if logs_in {
            store.save(&row).await.unwrap();
        }
    });
    for number in 0..3 {
        world.call(number % 2, 10_000);
    }
    world.run();
    let stored = world.store.token(&world.owner).map(|token| token.access_token);
    match (logs_in, stored) {
        (false, Some(_)) => Err("a user who logged out is logged in again".to_owned()),
        (true, stored) if stored.as_ref() != Some(&later.access_token) => {
            Err("the token of a later login was overwritten".to_owned())
        }
        _ => Ok(()),
    }
}

/// A process is suspended during its refresh until its lease has expired, and another one refreshes meanwhile. The
/// provider's keys can't be fetched, so all that this one learns is the new refresh token.
async fn suspended_process(guards: Guards, seed: u64) -> Result<(), String> {
    let mut world = World::new(guards, seed).await;
    world.provider.rotate_keys();
    world.provider.inject(Fault::Response(Endpoint::Jwks, Reply::json(503, "{}")));
    let (clock, steps) = (world.clock.clone(), world.dice.below(40));
    world.after(steps, async move { clock.advance(Duration::from_secs(61)) });
    world.call(0, 10_000);
    world.call(1, 10_000);
    world.run();
    let (sent, overwritten) = (world.sent(), world.store.overwritten.lock().unwrap().clone());
    if overwritten.iter().all(|token| sent.contains_key(token)) {
        return Ok(());
    }
    Err("an unused refresh token was overwritten by a process that had lost its lease".to_owned())
}

/// The first interleaving in which something goes wrong.
async fn counterexample<F: Future<Output = Result<(), String>>>(
    scenario: impl Fn(Guards, u64) -> F,
    guards: Guards,
) -> Option<(u64, String)> {
    for seed in 0..SEEDS {
        if let Err(problem) = scenario(guards, seed).await {
            return Some((seed, problem));
        }
    }
    None
}

#[tokio::test]
async fn refresh_race_has_no_counterexample() {
    assert_eq!(counterexample(calls, ALL).await, None);
    assert_eq!(counterexample(dropped_call, ALL).await, None);
    assert_eq!(counterexample(user_acts, ALL).await, None);
    assert_eq!(counterexample(suspended_process, ALL).await, None);
}

#[tokio::test]
async fn without_lease_a_refresh_token_is_sent_twice() {
    let found = counterexample(calls, Guards { lease: false, ..ALL }).await;
    assert!(found.unwrap().1.contains("was sent"));
}

#[tokio::test]
async fn without_fencing_a_lost_lease_still_writes() {
    let found = counterexample(suspended_process, Guards { fence: false, ..ALL }).await;
    assert!(found.unwrap().1.contains("had lost its lease"));
}

#[tokio::test]
async fn without_comparison_logouts_and_logins_are_undone() {
    let found = counterexample(user_acts, Guards { compare: false, ..ALL }).await;
    assert!(found.is_some());
}

#[tokio::test]
async fn without_spawning_a_dropped_request_loses_the_token() {
    let found = counterexample(dropped_call, Guards { spawn: false, ..ALL }).await;
    assert!(found.unwrap().1.contains("the new one is not stored"));
}
