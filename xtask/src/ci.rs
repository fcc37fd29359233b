//! `ci`: every check that a change must pass; stops at the first failure.

use std::process::Command;
use std::time::Instant;

use crate::{Outcome, api, package, setup, steps, tidy, work};

type Step = (&'static str, fn() -> Outcome);

const STEPS: &[Step] = &[
    ("format", || setup::cargo(&["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("clippy", clippy),
    ("docs", || steps::docs(&[])),
    ("public API", api::check),
    ("features", features),
    ("package", package::run),
    ("test", test),
    ("work", || work::run(&[])),
    ("e2e", || steps::e2e(&[])),
    ("tutorial", || steps::tutorial(&[])),
];

/// Runs every step and prints its duration.
pub(crate) fn run() -> Outcome {
    let start = now();
    for (index, (name, step)) in STEPS.iter().enumerate() {
        let count = STEPS.len();
        println!("\n== {}/{count} {name}", index + 1);
        let began = now();
        let outcome = step();
        let seconds = began.elapsed().as_secs_f32();
        outcome.map_err(|error| format!("\n== {name} FAILED after {seconds:.1} s: {error}"))?;
        println!("== {name} passed in {seconds:.1} s");
    }
    println!("\n== all passed in {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

fn clippy() -> Outcome {
    setup::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ])
}

/// `cargo xtask test` with `CI` set: a missing interop server is an error, not a skipped test.
fn test() -> Outcome {
    let mut cargo = Command::new(setup::cargo_path());
    setup::run_with(cargo.args(["xtask", "test"]).env("CI", "true").current_dir(setup::root()))
}

/// The features of `authlib-core`. The framework crates only pass theirs on.
const FEATURES: [&str; 7] =
    ["blocking", "gzip", "multipart", "oauth1", "oauth1-rsa-sha1", "reqwest", "toml"];

/// Each crate without its default features, and `authlib-core` with each feature alone; clippy has checked them all
/// together. The test of what a missing feature reports runs here only. One by one: in one build, a crate would get the features that another crate asks for.
fn features() -> Outcome {
    let check = |name: &str, rest: &[&str]| {
        setup::cargo(&[&["check", "--package", name, "--no-default-features"], rest].concat())
    };
    package::published()?.iter().try_for_each(|name| check(name, &[]))?;
    FEATURES.iter().try_for_each(|feature| check("authlib-core", &["--features", feature]))?;
    let test = [
        "test",
        "--package",
        "authlib-core",
        "--no-default-features",
        "--test",
        "without_features",
    ];
    setup::cargo(&test)
}

#[expect(clippy::disallowed_methods, reason = "measures the duration of a step")]
fn now() -> Instant {
    Instant::now()
}
