//! `work`: counts how the work of each reader of a peer's input grows. The counters are compiled into this workspace's
//! code by a compiler wrapper, which is this program.

use std::process::Command;

use crate::{Outcome, setup};

/// Set for the compiler wrapper.
const WRAPPER: &str = "AUTHLIB_XTASK_COUNTS_WORK";

/// LLVM's `SanitizerCoverage`: a call at the beginning of each basic block.
const COUNTERS: [&str; 3] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=3",
    "-Cllvm-args=-sanitizer-coverage-trace-pc",
];

/// Runs the test `work` of `authlib-fuzz` with counters. Cargo keeps what the wrapper compiles apart from other
/// builds, and compiles the dependencies without it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let wrapper = std::env::current_exe().map_err(|error| format!("no wrapper: {error}"))?;
    let mut cargo = Command::new(setup::cargo_path());
    cargo
        .args(["test", "--package", "authlib-fuzz", "--test", "work", "--"])
        .args(arguments)
        .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
        .env(WRAPPER, "1");
    setup::run_with(cargo.current_dir(setup::root()))
}

/// Whether cargo runs this program as its compiler wrapper.
pub(crate) fn is_wrapper() -> bool {
    std::env::var_os(WRAPPER).is_some()
}

/// Compiles with counters: the first argument is the compiler.
pub(crate) fn compile(compiler: &str, arguments: &[String]) -> Outcome {
    let mut command = Command::new(compiler);
    command.args(arguments);
    if arguments.iter().any(|argument| argument == "--crate-name") {
        command.args(COUNTERS);
    }
    setup::run_with(&mut command)
}
