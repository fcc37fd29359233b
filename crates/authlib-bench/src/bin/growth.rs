//! How the cost of a call grows with the number of clients, owners and pending logins.
//!
//! Each line has the microseconds at 10, 100, 1,000 and 10,000, and the exponent between the last two: 0 is flat, 1 is linear.
//! An exponent above 1.1 fails.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use authlib_core::message::{Request, Response};
use authlib_core::store::{
    MemoryPendingLoginStore, MemoryTokenStore, PendingLoginStore as _, TokenOwner, TokenRow,
    TokenStore as _,
};
use authlib_core::transport::{BoxFuture, HttpClient, TransportError};
use authlib_core::{ClientConfig, OAuth, Token};
use futures_util::FutureExt as _;

const SIZES: [u32; 4] = [10, 100, 1_000, 10_000];

/// Above it, a cost grows faster than linearly.
const MOST: f64 = 1.1;

/// No case sends a request.
struct Nowhere;

impl HttpClient for Nowhere {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { Ok(Response::new(Vec::new())) })
    }
}

fn main() -> ExitCode {
    let lines: [(&str, fn(u32) -> Duration); 8] = [
        ("register n clients", |n| once(|| registry(n))),
        ("read n clients from variables", |n| {
            let variables = variables(n);
            once(|| {
                let builder = OAuth::builder().discover_clients().http_client(Nowhere);
                builder.load_env_from(variables.clone()).build().expect("the settings are valid")
            })
        }),
        ("read n clients from TOML", |n| {
            let text = toml(n);
            once(|| {
                let builder = OAuth::builder().discover_clients().http_client(Nowhere);
                builder.load_toml(&text).build().expect("the settings are valid")
            })
        }),
        ("find one of n clients", |n| {
            let oauth = registry(n);
            often(|| oauth.client("client-7").expect("it is registered"))
        }),
        ("an unknown name, n clients", |n| {
            let oauth = registry(n);
            often(|| oauth.client("nobody").expect_err("it is not registered"))
        }),
        ("load one of n tokens", |n| {
            let store = tokens(n, n);
            let owner = owner(n / 2);
            often(|| now(store.load(&owner)))
        }),
        ("save a token over n, at capacity", |n| {
            let store = tokens(n, n);
            let mut next = n;
            often(|| {
                next += 1;
                now(store.save(&TokenRow::new(owner(next), Token::bearer("at"))))
            })
        }),
        ("keep a pending login beside n", |n| {
            let store = MemoryPendingLoginStore::new();
            // At ten times n, so that the last line is at capacity.
            let mut next = 0;
            let mut insert = || {
                next += 1;
                now(store.insert(&next.to_string(), "{}".to_owned(), Duration::from_secs(600)))
            };
            (0..n * 10).for_each(|_| drop(insert()));
            often(insert)
        }),
    ];
    let mut passed = true;
    println!("{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", "µs", 10, 100, 1_000, 10_000, "exponent");
    for (name, measure) in lines {
        let times = SIZES.map(|size| measure(size).as_secs_f64() * 1e6);
        let [.., before, last] = times;
        let exponent = (last / before).log10();
        print!("{name:<36}");
        times.iter().for_each(|time| print!(" {time:>9.2}"));
        println!(" {exponent:>9.2}");
        passed &= exponent <= MOST;
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("memory does not wait")
}

/// The shortest of three runs.
fn once<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// The shortest of 20 averages over 200 calls.
fn often<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..20).map(|_| {
        let start = Instant::now();
        (0..200).for_each(|_| drop(black_box(run())));
        start.elapsed() / 200
    });
    times.min().unwrap_or_default()
}

fn registry(count: u32) -> OAuth {
    let mut builder = OAuth::builder().http_client(Nowhere);
    for number in 0..count {
        let client = ClientConfig::new(format!("client-{number}")).client_id("app");
        builder = builder.register(client.client_secret("s").issuer("https://op.example"));
    }
    builder.build().expect("the settings are valid")
}

fn variables(count: u32) -> Vec<(String, String)> {
    let of = |number| {
        [("CLIENT_ID", "app"), ("CLIENT_SECRET", "s"), ("ISSUER", "https://op.example")]
            .map(|(key, value)| (format!("C{number}_{key}"), value.to_owned()))
    };
    (0..count).flat_map(of).collect()
}

fn toml(count: u32) -> String {
    let table = |number| {
        format!(
            "[oauth.c{number}]\nclient_id = 'app'\nclient_secret = 's'\nissuer = 'https://op.example'\n"
        )
    };
    (0..count).map(table).collect()
}

fn owner(number: u32) -> TokenOwner {
    TokenOwner::new("op", number.to_string())
}

fn tokens(count: u32, capacity: u32) -> MemoryTokenStore {
    let clock = std::sync::Arc::new(authlib_core::clock::SystemClock);
    let capacity = usize::try_from(capacity).expect("it is small");
    let store = MemoryTokenStore::on_clock(clock, capacity);
    for number in 0..count {
        now(store.save(&TokenRow::new(owner(number), Token::bearer("at")))).expect("it is memory");
    }
    store
}
