//! `ci`: everything that a change must pass, stopping at the first failure.

use std::process::Command;
use std::time::Instant;

use crate::{Outcome, api, package, setup, steps, tidy};

type Step = (&'static str, fn() -> Outcome);

const STEPS: &[Step] = &[
    ("format", || setup::cargo(&["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("clippy", clippy),
    ("docs", steps::docs),
    ("public API", api::check),
    ("no default features", without_default_features),
    ("package", package::run),
    ("test", test),
    ("e2e", steps::e2e),
];

/// Runs every step and prints how long each took.
pub(crate) fn run() -> Outcome {
    let start = now();
    for (index, (name, step)) in STEPS.iter().enumerate() {
        let count = STEPS.len();
        println!("\n== {}/{count} {name}", index + 1);
        let began = now();
        let outcome = step();
        let seconds = began.elapsed().as_secs_f32();
        outcome.map_err(|words| format!("\n== {name} FAILED after {seconds:.1} s: {words}"))?;
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

/// The README's command; in CI nothing is skipped, wherever this runs.
fn test() -> Outcome {
    let mut cargo = Command::new(setup::cargo_path());
    setup::run_with(cargo.args(["xtask", "test"]).env("CI", "true").current_dir(setup::root()))
}

/// One by one, so that none gets a feature that only another asks for.
fn without_default_features() -> Outcome {
    package::published()?
        .iter()
        .try_for_each(|name| setup::cargo(&["check", "--package", name, "--no-default-features"]))
}

#[expect(
    clippy::disallowed_methods,
    reason = "no login depends on it: it times the steps for people"
)]
fn now() -> Instant {
    Instant::now()
}
