//! The commands that only run other programs.

use std::process::Command;

use crate::{Outcome, links, setup, site, size};

/// `test`: all tests, including those that need Node, Python, PostgreSQL or Redis if these are installed.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    install_servers()?;
    if let Err(reason) = setup::databases() {
        if setup::in_ci() {
            return Err(format!("the tests of the stores cannot run: {reason}"));
        }
        println!("\n*** SOME TESTS OF THE STORES ARE SKIPPED: {reason} ***\n");
    }
    let mut all = vec!["test", "--workspace", "--all-features"];
    all.extend(arguments.iter().map(String::as_str));
    let mut cargo = Command::new(setup::cargo_path());
    cargo.args(all).current_dir(setup::root());
    if std::env::var_os(THREADS).is_none() {
        // Many tests wait for another process.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cargo.env(THREADS, (2 * cores).to_string());
    }
    setup::run_with(&mut cargo)
}

/// The number of tests of a binary that run at the same time.
const THREADS: &str = "RUST_TEST_THREADS";

/// `interop`: the tests against servers of other projects only.
pub(crate) fn interop() -> Outcome {
    install_servers()?;
    let test = ["test", "--package", "authlib-conformance", "--all-features", "--test"];
    let clients: Vec<&str> = test.into_iter().chain(["interop"]).collect();
    setup::cargo(&clients)?;
    let filters = ["suite", "--", "::interop::", "::other_providers::"];
    let apps: Vec<&str> = test.into_iter().chain(filters).collect();
    setup::cargo(&apps)
}

/// A server that can't be installed is an error in CI only: its tests are skipped.
fn install_servers() -> Outcome {
    match setup::interop() {
        Err(reason) if setup::in_ci() => Err(format!("the interop tests cannot run: {reason}")),
        Err(reason) => {
            println!("\n*** SOME INTEROP TESTS ARE SKIPPED: {reason} ***\n");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The example apps; the first is the default of `demo`.
const APPS: &[&str] = &["axum-login", "actix-login", "rocket-login"];

/// `demo`: an example app. Without configuration it starts an embedded provider.
pub(crate) fn demo(arguments: &[String]) -> Outcome {
    let name = arguments.first().map_or("axum", String::as_str);
    let wanted = format!("{}-login", name.trim_end_matches("-login"));
    let app = APPS.iter().find(|app| **app == wanted);
    let app =
        app.ok_or_else(|| format!("unknown example app `{wanted}`; expected one of {APPS:?}"))?;
    setup::cargo(&["run", "--package", app])
}

/// `e2e`: a login through each example app in headless Chromium. `e2e --images` then takes the screenshots of the guide
/// from those of this run.
pub(crate) fn e2e(arguments: &[String]) -> Outcome {
    let takes_images = match arguments {
        [] => false,
        [option] if option == "--images" => true,
        other => return Err(format!("`e2e` has no argument {other:?}; expected `--images`")),
    };
    setup::browser()?;
    // All features and the tests, as in `test`: without the tests' dependencies some crates have fewer
    // features, and everything above them would be compiled a second time.
    setup::cargo(&["build", "--workspace", "--all-features", "--bins", "--tests"])?;
    let programs = setup::target_folder().join("debug");
    let suffix = std::env::consts::EXE_SUFFIX;
    let mut e2e = Command::new(programs.join(format!("e2e{suffix}")));
    let apps = APPS.iter().map(|app| programs.join(format!("{app}{suffix}")));
    setup::run_with(e2e.args(apps).current_dir(setup::root()))?;
    if takes_images { site::take_images() } else { Ok(()) }
}

/// `tutorial`: the quick start of each framework, or of these.
pub(crate) fn tutorial(frameworks: &[String]) -> Outcome {
    let root = setup::root().display().to_string();
    let mut run = vec!["run", "--package", "authlib-conformance", "--bin", "tutorial", "--", &root];
    run.extend(frameworks.iter().map(String::as_str));
    setup::cargo(&run)
}

/// `docs`: the links between pages, and the API documentation, warnings denied. `docs --site` then builds a site of the
/// guide and the API documentation.
pub(crate) fn docs(arguments: &[String]) -> Outcome {
    let has_site = match arguments {
        [] => false,
        [option] if option == "--site" => true,
        other => return Err(format!("`docs` has no argument {other:?}; expected `--site`")),
    };
    links::check()?;
    let mut cargo = Command::new(setup::cargo_path());
    cargo
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings");
    setup::run_with(cargo.current_dir(setup::root()))?;
    if has_site { site::build() } else { Ok(()) }
}

/// `bench`: the library beside its peers, then the load test. `bench load [SECONDS]` runs the load test only,
/// and `bench instructions [FILTER]` or `bench times [FILTER]` the comparison only.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let folder = setup::root().join("crates/authlib-bench");
    let program = |name: &str| {
        let mut cargo = Command::new(setup::cargo_path());
        cargo.args(["run", "--release", "--quiet", "--bin", name, "--"]).current_dir(&folder);
        cargo
    };
    let (first, rest) = match arguments {
        [] => ("", arguments),
        [first, rest @ ..] => (first.as_str(), rest),
    };
    match first {
        "" => setup::run_with(&mut program("compare"))?,
        "times" => return setup::run_with(program("compare").args(rest)),
        "growth" | "logins" | "memory" | "threads" => {
            return setup::run_with(program(first).args(rest));
        }
        "size" => return size::print(),
        "instructions" => return setup::run_with(program("compare").args(arguments)),
        "load" => {}
        other => return Err(format!("`bench` has no part `{other}`")),
    }
    let seconds = arguments.get(1).map_or("30", String::as_str);
    let mut build = vec!["build", "--release"];
    build.extend(APPS.iter().flat_map(|app| ["--package", app]));
    setup::cargo(&build)?;
    let programs = setup::target_folder().join("release");
    let suffix = std::env::consts::EXE_SUFFIX;
    let apps = APPS.iter().map(|app| programs.join(format!("{app}{suffix}")));
    setup::run_with(program("load").arg(seconds).args(apps))
}
