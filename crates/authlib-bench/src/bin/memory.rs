//! How many bytes the library keeps, counted by the allocator: what is allocated after a step and was not before it.

use std::sync::Arc;

use allocation_counter::measure;
use authlib_axum::{routes, session_layer};
use authlib_bench::browser::{Cookies, parameter};
use authlib_bench::recorded::{ISSUER, Recorded, config};
use authlib_bench::registry;
use authlib_bench::tenants::Application;
use authlib_core::OAuth;
use authlib_core::store::MemoryTokenStore;
use axum::Router;
use tokio::runtime::Runtime;
use tower_sessions::MemoryStore;

/// The logins that are kept.
const LOGINS: usize = 10_000;

fn main() {
    // axum's timeouts need it.
    let runtime = Runtime::new().expect("the system has threads");
    let _entered = runtime.enter();
    println!("{:<44} {:>10} {:>14}", "kept in memory", "number", "bytes of each");
    logins();
    for count in [10, 1_000, 10_000] {
        let mut kept = None;
        let bytes = measure(|| kept = Some(registry(count))).bytes_current;
        print("registered client", f64::from(count), bytes);
    }
    for count in [1, 100, 10_000] {
        let application = Application::new();
        let bytes = measure(|| application.start_logins(count)).bytes_current;
        print("tenant: its client and metadata, cached", f64::from(count), bytes);
    }
}

fn print(what: &str, number: f64, bytes: i64) {
    println!("{what:<44} {number:>10.0} {:>14.0}", bytes as f64 / number);
}

/// The logins of as many users on axum: tokens in the memory store, sessions in that of tower-sessions.
fn logins() {
    // One more, which fetches metadata and keys before the others.
    let recorded = Recorded::logins(LOGINS + 1);
    let (tokens, sessions) = (Arc::new(MemoryTokenStore::new()), MemoryStore::default());
    let oauth = OAuth::builder()
        .base_url("https://app.example")
        .register(config())
        .http_client(recorded)
        .token_store(tokens.clone())
        .build()
        .expect("the settings are valid");
    let router = Router::new().merge(routes()).layer(session_layer(sessions.clone(), &oauth));
    log_in(&router);
    let all = measure(|| (0..LOGINS).for_each(|_| log_in(&router))).bytes_current;
    let number = LOGINS as f64;
    print("login: token and session on axum", number, all);
    drop(router);
    let sessions = -measure(|| drop(sessions)).bytes_current;
    print("    its session", number, sessions);
    drop(oauth);
    let tokens = -measure(|| drop(tokens)).bytes_current;
    print("    its token", number, tokens);
    print("    other state", number, all - sessions - tokens);
}

fn log_in(router: &Router) {
    let mut cookies = Cookies::default();
    let (_, url) = cookies.get(router, "/login/op");
    let state = parameter(&url, "state");
    let back = format!("/authorize/op?code=c&iss={ISSUER}&state={state}");
    assert_eq!(cookies.get(router, &back).1, "/", "the login succeeds");
}
