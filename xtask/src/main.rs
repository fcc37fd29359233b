//! The commands of this repository; `cargo xtask` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool prints its results"
)]

mod api;
mod ci;
mod layers;
mod links;
mod manifests;
mod package;
mod rules;
mod setup;
mod site;
mod size;
mod source;
mod steps;
mod tidy;
mod work;

use std::process::ExitCode;

/// The result of a command; the error is a message for the terminal.
type Outcome = Result<(), String>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci       run every check that a change must pass; stop at the first failure
  tidy     check the repository's own rules: layering, file length, leftover debug code, manifests
  test     run all tests; install the packages of the interop servers first
  interop  run the tests against servers of other projects only
  demo     run an example app with the embedded provider: axum (default), actix or rocket
  e2e      log in through each example app in headless Chromium; `e2e --images` updates
           the screenshots of the guide
  guide    write the programs of `docs/programs` into the pages of the guide
  tutorial execute the quick start of README and guide literally: make each project, run it and log in
  docs     build the API documentation and check the links between pages; warnings are errors;
           `docs --site` builds both as a site in target/site
  api      list the public API of each published crate in `api/`
  package  package the published crates and compile the packages
  work     check how the work of each reader of a peer's input grows with its length
  bench    compare speed with other libraries, then run the load test; `bench times`,
           `bench instructions`, `bench logins`, `bench memory`, `bench growth`, `bench threads`,
           `bench size` and `bench load` run one part";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        compiler if work::is_wrapper() => work::compile(compiler, &rest),
        "api" => api::write(),
        "bench" => steps::bench(&rest),
        "ci" => ci::run(),
        "demo" => steps::demo(&rest),
        "docs" => steps::docs(&rest),
        "e2e" => steps::e2e(&rest),
        "guide" => setup::cargo(&["run", "--quiet", "--package", "authlib-docs"]),
        "interop" => steps::interop(),
        "package" => package::run(),
        "test" => steps::test(&rest),
        "tutorial" => steps::tutorial(&rest),
        "tidy" => tidy::run(),
        "work" => work::run(&rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
