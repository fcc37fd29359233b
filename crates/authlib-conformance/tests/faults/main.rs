//! Faults between an example app and its store: processes that are killed in the middle of a refresh, and connections that
//! are slow, cut or dead. The code that is tested is the same for all frameworks, so one app stands for all.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod connections;
mod killed;

/// The app, whose store and refreshes are those of all apps.
const APP: &str = "axum-login";

use std::time::Duration;

use authlib_conformance::{Browser, Fixture};
use authlib_provider::Fault;
use serde_json::json;

/// The `timeout` of the app's client.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The lease of a refresh: four requests and a margin.
const LEASE: Duration = Duration::from_secs(4 * 2 + 20);

fn config(more: &str) -> String {
    let config = authlib_conformance::CONFIG;
    format!("{config}timeout = {}\n{more}", TIMEOUT.as_secs())
}

/// A browser whose access token has expired; the refresh token can be used once.
async fn with_expired_token(fixture: &Fixture) -> Browser {
    let browser = Browser::new();
    fixture.provider().inject(Fault::token("expires_in", json!(0)));
    assert_eq!(fixture.log_in(&browser).await.status, 303);
    fixture.provider().clear_faults();
    browser
}

#[expect(clippy::disallowed_methods, reason = "measures how long a request takes")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(clippy::print_stderr, reason = "figures for the reader of the test's output")]
fn report(line: &str) {
    eprintln!("{line}");
}
