//! Programs and packages that the commands need, and running them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// The folder of the interop provider on Node, from the root.
const OIDC_PROVIDER: &str = "crates/authlib-conformance/interop/oidc-provider";
/// The oldest supported version of Node.
const NODE_MAJOR: u32 = 20;
/// The folder of the interop servers on Python, from the root.
const AUTHLIB_SERVER: &str = "crates/authlib-conformance/interop/authlib-server";
/// The oldest supported minor version of Python 3.
const PYTHON_MINOR: u32 = 11;
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// The root of the repository, independent of the working directory.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder into which cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(folder)
}

/// Whether this runs in CI, where no test may be skipped.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Runs the cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Outcome {
    run_with(Command::new(cargo_path()).args(arguments).current_dir(root()))
}

/// Runs `command` without input.
pub(crate) fn run_with(command: &mut Command) -> Outcome {
    let line = command_line(command);
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed ({status})")),
        Err(error) => Err(format!("could not run `{line}`: {error}")),
    }
}

/// The path of the cargo that runs this.
pub(crate) fn cargo_path() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Installs the packages of the interop servers. Node and Python are independent: one may fail alone.
///
/// # Errors
/// Node or Python is missing or too old, or packages could not be installed.
pub(crate) fn interop() -> Outcome {
    let reasons: Vec<String> =
        [oidc_provider(), authlib_server()].into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

fn oidc_provider() -> Outcome {
    if !has("node") || !has("npm") {
        apt(&["nodejs", "npm"])?;
    }
    let version = output("node", &["--version"]).ok_or("node is not installed")?;
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|part| part.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!(
            "node {version} is too old for oidc-provider; install Node {NODE_MAJOR} or newer"
        ));
    }
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    run_with(
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(root().join(OIDC_PROVIDER)),
    )
}

/// Creates the virtual environment with the packages of requirements.txt. The last step copies that file into
/// it; if the copy is identical, there is nothing to do.
fn authlib_server() -> Outcome {
    let folder = root().join(AUTHLIB_SERVER);
    let environment = folder.join(".venv");
    let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let program = environment.join(program);
    let (list, stamp) = (folder.join("requirements.txt"), environment.join("requirements.txt"));
    let wanted = std::fs::read(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let installed = std::fs::read(&stamp).is_ok_and(|bytes| bytes == wanted);
    if installed && output(&program.to_string_lossy(), &["--version"]).is_some() {
        return Ok(());
    }
    python()?;
    let failed = |error: std::io::Error| format!("{}: {error}", environment.display());
    if environment.exists() {
        std::fs::remove_dir_all(&environment).map_err(failed)?;
    }
    run_with(Command::new(PYTHON).args(["-m", "venv", ".venv"]).current_dir(&folder))?;
    // Wheels only: the build dependencies of a source distribution are not pinned by hash.
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let pinned = ["--require-hashes", "--only-binary=:all:", "--requirement", "requirements.txt"];
    run_with(Command::new(&program).args(install).args(pinned).current_dir(&folder))?;
    std::fs::write(&stamp, wanted).map_err(failed)
}

/// Checks that Python is new enough and can create virtual environments; installs it if it is missing.
fn python() -> Outcome {
    let minor = || {
        let script = "import ensurepip, sys, venv; print(sys.version_info[1])";
        output(PYTHON, &["-c", script])?.parse::<u32>().ok()
    };
    if minor().is_none() {
        apt(&["python3", "python3-venv", "python3-pip"])?;
    }
    match minor() {
        None => Err("python3 with venv is not installed".to_owned()),
        Some(minor) if minor < PYTHON_MINOR => Err(format!(
            "Python 3.{minor} is too old for the interop servers; install 3.{PYTHON_MINOR} or newer"
        )),
        Some(_) => Ok(()),
    }
}

/// Installs Chromium and its driver if they are missing.
pub(crate) fn browser() -> Outcome {
    let chromium = ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| has(name));
    if chromium && has("chromedriver") {
        return Ok(());
    }
    apt(&["chromium", "chromium-driver"])
        .map_err(|reason| format!("the browser test needs chromium and chromedriver; {reason}"))
}

/// Whether `program` is installed.
fn has(program: &str) -> bool {
    output(program, &["--version"]).is_some()
}

/// The output of `program`, if it succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    done.status.success().then_some(text)
}

/// Installs Debian packages as root, in CI also with passwordless sudo. Otherwise the error is the command to run.
fn apt(packages: &[&str]) -> Outcome {
    let list = packages.join(" ");
    if !cfg!(target_os = "linux") || !has("apt-get") {
        return Err(format!("install {list} with this system's package manager"));
    }
    let root_user = output("id", &["-u"]).is_some_and(|id| id == "0");
    let prefix: &[&str] = if root_user {
        &["env", "DEBIAN_FRONTEND=noninteractive"]
    } else if in_ci() && sudo_works() {
        &["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    } else {
        return Err(format!("run `sudo apt-get install {list}`"));
    };
    println!("installing {list}");
    apt_get(prefix, &["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(prefix, &arguments)
}

fn sudo_works() -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", "true"]).stderr(Stdio::null()).stdin(Stdio::null());
    sudo.status().is_ok_and(|status| status.success())
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Outcome {
    let (program, first) = prefix.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    run_with(command.args(first).arg("apt-get").args(arguments))
}

fn command_line(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}
