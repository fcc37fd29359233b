//! The commands of this repository; `cargo xtask` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its terminal"
)]

mod api;
mod ci;
mod layers;
mod manifests;
mod package;
mod rules;
mod setup;
mod source;
mod steps;
mod tidy;

use std::process::ExitCode;

/// What a command ends with: nothing, or the words for the terminal.
type Outcome = Result<(), String>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci      everything that a change must pass, stopping at the first failure
  tidy    the rules of this repository that no compiler checks
  test    all tests; sets up the interop servers first
  demo    an example app with its embedded provider: axum, or the one that is named
  e2e     a login through each example app in headless Chromium
  docs    the API documentation, warnings denied
  api     lists the public API of each published crate in `api/`
  package packages the published crates and compiles the packages
  bench   the benchmarks";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "api" => api::write(),
        "bench" => steps::bench(&rest),
        "ci" => ci::run(),
        "demo" => steps::demo(&rest),
        "docs" => steps::docs(),
        "e2e" => steps::e2e(),
        "package" => package::run(),
        "test" => steps::test(&rest),
        "tidy" => tidy::run(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("{words}");
            ExitCode::FAILURE
        }
    }
}
