//! `bench size`: the smallest axum application with a login, by packages, size and processor time of a clean build.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{Outcome, setup};

/// The application, with what it turns on. An empty text is its default features.
const FEATURES: [&str; 6] = [
    "",
    "oauth1,reqwest,toml",
    "reqwest,toml",
    "reqwest",
    "reqwest,toml,multipart,oauth1,gzip",
    "reqwest,toml,multipart,oauth1-rsa-sha1",
];

/// The clock ticks per second of `/proc` on Linux.
const TICKS: u64 = 100;

/// Prints a line for each set of features; only the first build is a clean one.
pub(crate) fn print() -> Outcome {
    let target = setup::target_folder().join("size");
    drop(std::fs::remove_dir_all(&target));
    let suffix = std::env::consts::EXE_SUFFIX;
    let program = target.join(format!("release/minimal-app{suffix}"));
    println!("{:<32} {:>8} {:>12} {:>12}", "features", "packages", "stripped, MB", "build, s CPU");
    for (index, features) in FEATURES.iter().enumerate() {
        let selected = match *features {
            "" => Vec::new(),
            some => vec!["--no-default-features", "--features", some],
        };
        let packages = packages(&selected)?;
        let before = processor_seconds();
        let mut build = cargo(&["build", "--release", "--quiet"], &selected);
        build.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        setup::run_with(&mut build)?;
        let seconds = processor_seconds().zip(before).filter(|_| index == 0);
        let seconds =
            seconds.map_or_else(String::new, |(after, before)| (after - before).to_string());
        let bytes = std::fs::metadata(&program).map_err(|error| error.to_string())?.len();
        let name = if features.is_empty() { "default" } else { features };
        let size = format!("{}.{:02}", bytes / 1_000_000, bytes / 10_000 % 100);
        println!("{name:<32} {packages:>8} {size:>12} {seconds:>12}");
    }
    std::fs::remove_dir_all(&target).map_err(|error| error.to_string())
}

/// The number of packages, the application among them, without those that only build scripts use.
fn packages(selected: &[&str]) -> Result<usize, String> {
    let tree = ["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe"];
    let output = cargo(&tree, selected).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    // A line is `name version`, and notes that differ from place to place.
    let text = String::from_utf8_lossy(&output.stdout);
    let package = |line: &str| line.split(' ').take(2).map(str::to_owned).collect::<Vec<_>>();
    Ok(text.lines().filter(|line| !line.is_empty()).map(package).collect::<BTreeSet<_>>().len())
}

fn cargo(arguments: &[&str], selected: &[&str]) -> Command {
    let mut cargo = Command::new(setup::cargo_path());
    cargo.args(arguments).args(selected);
    cargo.current_dir(setup::root().join("crates/authlib-bench/minimal"));
    cargo
}

/// What the finished child processes have used; `None` without `/proc`.
fn processor_seconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may have blanks. `cutime` is the 16th field and `cstime` the 17th.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks: Option<u64> = [13, 14].iter().map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Some(ticks? / TICKS)
}
