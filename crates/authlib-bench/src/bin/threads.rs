//! How the calls of every request scale with processors: calls per second of one thread and of two, which share the
//! registry and its stores in memory. Less than 1.8 times as many fails.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use authlib_core::adapter::{TestLogin, logged_in_as};
use authlib_core::clock::{Clock as _, SystemClock};
use authlib_core::login::current_user;
use authlib_core::message::{Request, Response};
use authlib_core::store::{MemoryTokenStore, TokenOwner, TokenRow, TokenStore as _};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, OAuth, Token};
use futures_util::FutureExt as _;

/// What two threads must reach.
const LEAST: f64 = 1.8;

/// The calls of one turn, and the turns of each number of threads. The fastest turn counts, because the machine has other load.
const CALLS: u32 = 2_000;
const TURNS: u32 = 200;

/// Responds without work.
struct Empty;

impl HttpClient for Empty {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        black_box(request);
        Box::pin(async { Ok(Response::new(b"{}".to_vec())) })
    }
}

/// Prepares the user of one thread, and returns the call to measure.
type Prepare = fn(&OAuth, usize) -> Box<dyn Fn() + '_>;

fn main() -> ExitCode {
    let lines: [(&str, Prepare); 3] = [
        ("profile, each thread another user", profile),
        ("API call, each thread another user", |oauth, thread| api_call(oauth, thread)),
        ("API call, all threads one user", |oauth, _| api_call(oauth, 0)),
    ];
    println!("{:<36} {:>10} {:>10} {:>7}", "calls per second", "1 thread", "2 threads", "ratio");
    let mut passed = true;
    for (name, prepare) in lines {
        let config = ClientConfig::new("op").client_id("app").client_secret("s");
        let config = config.issuer("https://op.example").api_base_url("https://op.example/api/");
        let store = MemoryTokenStore::new();
        for thread in 0..2 {
            now(store.save(&TokenRow::new(owner(thread), token()))).expect("memory never fails");
        }
        let oauth = OAuth::builder().register(config).http_client(Empty).token_store(store);
        let oauth = oauth.build().expect("the settings are valid");
        let [one, two] = [1, 2].map(|threads| calls_per_second(&oauth, prepare, threads));
        let ratio = two / one;
        println!("{name:<36} {one:>10.0} {two:>10.0} {ratio:>7.2}");
        passed &= ratio >= LEAST;
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("memory does not wait")
}

fn calls_per_second(oauth: &OAuth, prepare: Prepare, threads: u16) -> f64 {
    let start = Barrier::new(usize::from(threads));
    let turns = |thread| {
        let call = prepare(oauth, thread);
        let turn = |_| {
            start.wait();
            let began = Instant::now();
            (0..CALLS).for_each(|_| call());
            began.elapsed()
        };
        (0..TURNS).map(turn).collect::<Vec<_>>()
    };
    let times: Vec<Vec<Duration>> = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..usize::from(threads)).map(|thread| scope.spawn(move || turns(thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("no call panics")).collect()
    });
    // A turn takes as long as its slowest thread.
    let turn = |turn: usize| times.iter().filter_map(|thread| thread.get(turn)).max();
    let fastest = (0..TURNS as usize).filter_map(turn).min().copied().unwrap_or_default();
    f64::from(CALLS) * f64::from(threads) / fastest.as_secs_f64()
}

fn owner(user: usize) -> TokenOwner {
    TokenOwner::new("op", format!("user-{user}"))
}

fn token() -> Token {
    let mut token = Token::bearer("2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA");
    token.expires_at = Some(SystemClock.now() + Duration::from_secs(3600));
    token.refresh_token = Some("tGzv3JOkF0XG5Qx2TlKWIAtGzv3JOkF0XG5Qx2TlKWIA".into());
    token
}

/// What a page costs that shows the user.
fn profile(oauth: &OAuth, thread: usize) -> Box<dyn Fn() + '_> {
    let login = TestLogin::new("op", &format!("user-{thread}"))
        .claim("name", "Alice Example")
        .claim("email", "alice@example.com")
        .token(token());
    let session = now(logged_in_as(oauth, login)).expect("the client is registered");
    Box::new(move || {
        let user = now(current_user(oauth, &session)).expect("the store is memory");
        black_box(user.expect("the user is logged in").userinfo().expect("there are claims").sub());
    })
}

/// A request to the provider's API with the user's token, without the network.
fn api_call(oauth: &OAuth, user: usize) -> Box<dyn Fn() + '_> {
    let client = oauth.client("op").expect("it is registered");
    let owner = owner(user);
    Box::new(move || drop(black_box(now(client.get("user", &owner).send()).expect("it is sent"))))
}
