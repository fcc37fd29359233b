//! Programs and packages that the commands need, and running them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::Outcome;

/// The folder of the interop servers, from the root.
const SERVERS: &str = "crates/authlib-conformance/interop";
/// The folders of those on Node, each with a package-lock.json.
const NODE_SERVERS: &[&str] = &["oidc-provider", "better-auth", "oauth2-mock-server"];
/// The oldest supported version of Node.
const NODE_MAJOR: u32 = 20;
/// The folders of those on Python, each with a requirements.txt.
const PYTHON_SERVERS: &[&str] = &["authlib-server", "django-oauth-toolkit", "idpyoidc", "pyop"];
/// The oldest supported minor version of Python 3.
const PYTHON_MINOR: u32 = 11;
/// The folder of the one on Ruby, with Debian's packages.
const RUBY_SERVER: &str = "doorkeeper";
const RUBY_PACKAGES: &[&str] = &[
    "ruby-doorkeeper-openid-connect",
    "ruby-railties",
    "ruby-activerecord",
    "ruby-sqlite3",
    "ruby-webrick",
];
/// The folder of the one on Perl.
const PERL_SERVER: &str = "lemonldap";
/// Debian's packages of it, which are unpacked into the folder: to install them starts a web server.
const PERL_PACKAGES: &[&str] =
    &["liblemonldap-ng-common-perl", "liblemonldap-ng-handler-perl", "liblemonldap-ng-portal-perl"];
/// What they need: a module of each package, and the package.
const PERL_LIBRARIES: &[(&str, &str)] = &[
    ("Apache::Session", "libapache-session-perl"),
    ("Cache::Cache", "libcache-cache-perl"),
    ("Class::XSAccessor", "libclass-xsaccessor-perl"),
    ("Clone", "libclone-perl"),
    ("Config::IniFiles", "libconfig-inifiles-perl"),
    ("Convert::PEM", "libconvert-pem-perl"),
    ("Crypt::OpenSSL::RSA", "libcrypt-openssl-rsa-perl"),
    ("Crypt::OpenSSL::X509", "libcrypt-openssl-x509-perl"),
    ("Crypt::Rijndael", "libcrypt-rijndael-perl"),
    ("Crypt::URandom", "libcrypt-urandom-perl"),
    ("Email::Date::Format", "libemail-date-format-perl"),
    ("HTML::Template", "libhtml-template-perl"),
    ("IO::String", "libio-string-perl"),
    ("JSON", "libjson-perl"),
    ("JSON::XS", "libjson-xs-perl"),
    ("List::MoreUtils", "liblist-moreutils-perl"),
    ("LWP", "libwww-perl"),
    ("Mouse", "libmouse-perl"),
    ("Plack", "libplack-perl"),
    ("Regexp::Assemble", "libregexp-assemble-perl"),
    ("String::Random", "libstring-random-perl"),
    ("Text::Unidecode", "libtext-unidecode-perl"),
    ("URI", "liburi-perl"),
];
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

/// Installs the packages of the interop servers. Those on Node, on Python and of Debian are independent: they are
/// installed at the same time, and one may fail alone.
///
/// # Errors
/// Node or Python is missing or too old, or packages could not be installed.
pub(crate) fn interop() -> Outcome {
    let on_node = || node().and_then(|()| NODE_SERVERS.iter().try_for_each(|name| npm(name)));
    let on_python = || python().and_then(|()| PYTHON_SERVERS.iter().try_for_each(|name| pip(name)));
    let outcomes = std::thread::scope(|scope| {
        let threads = [scope.spawn(on_node), scope.spawn(on_python), scope.spawn(debian)];
        threads.map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
    });
    let reasons: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

/// Checks that Node is new enough; installs it if it is missing.
fn node() -> Outcome {
    if !has("node") || !has("npm") {
        apt(&["nodejs", "npm"])?;
    }
    let version = output("node", &["--version"]).ok_or("node is not installed")?;
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|part| part.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!(
            "node {version} is too old for the interop servers; install Node {NODE_MAJOR} or newer"
        ));
    }
    Ok(())
}

/// Installs the packages of a folder's package-lock.json.
fn npm(name: &str) -> Outcome {
    let folder = root().join(SERVERS).join(name);
    let stamp = folder.join("node_modules/.installed");
    install(&folder.join("package-lock.json"), &stamp, || {
        let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        // What runs on the test machine is what is in the packages.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run_with(npm.args(arguments).current_dir(&folder))
    })
}

/// Creates a virtual environment with the packages of a folder's requirements.txt. Only the first folder's has pip, which
/// installs into the others as well: its own installation takes longer than most of what it installs.
fn pip(name: &str) -> Outcome {
    let with_pip = PYTHON_SERVERS.first().copied().unwrap_or(name);
    let folder = root().join(SERVERS).join(name);
    let (environment, program) = (folder.join(".venv"), python_of(name));
    let stamp = environment.join("requirements.txt");
    // An environment whose Python is gone, as after an upgrade of the system, is recreated.
    if output(&program.to_string_lossy(), &["--version"]).is_none() && stamp.exists() {
        std::fs::remove_file(&stamp).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    install(&folder.join("requirements.txt"), &stamp, || {
        if environment.exists() {
            std::fs::remove_dir_all(&environment)
                .map_err(|error| format!("{}: {error}", environment.display()))?;
        }
        let mut venv = Command::new(PYTHON);
        venv.args(["-m", "venv", ".venv"]).current_dir(&folder);
        if name != with_pip {
            venv.arg("--without-pip");
        }
        run_with(&mut venv)?;
        let mut pip = Command::new(python_of(with_pip));
        pip.args(["-m", "pip", "--python"]).arg(&program).current_dir(&folder);
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
        // Wheels only: the build dependencies of a source distribution are not pinned by hash.
        pip.args(["--require-hashes", "--only-binary=:all:", "--requirement", "requirements.txt"]);
        run_with(&mut pip)
    })
}

/// The Python of a folder's virtual environment.
fn python_of(name: &str) -> PathBuf {
    let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    root().join(SERVERS).join(name).join(".venv").join(program)
}

/// Installs what the servers on Ruby and Perl need from Debian, and unpacks the server on Perl.
fn debian() -> Outcome {
    let ruby = "%w[rails active_record/railtie action_controller/railtie doorkeeper/openid_connect sqlite3 \
                rack/handler/webrick].each { |name| require name }";
    let perl: String =
        PERL_LIBRARIES.iter().map(|(module, _)| format!("use {module} ();")).collect();
    let mut missing = Vec::new();
    if output("ruby", &["-e", ruby]).is_none() {
        missing.extend(RUBY_PACKAGES);
    }
    if output("perl", &["-e", &perl]).is_none() {
        missing.extend(PERL_LIBRARIES.iter().map(|(_, package)| package));
    }
    if !missing.is_empty() {
        apt(&missing)?;
    }
    let servers = root().join(SERVERS);
    unpack(&servers.join(PERL_SERVER).join("packages"))?;
    [RUBY_SERVER, PERL_SERVER].iter().try_for_each(|name| {
        let stamp = servers.join(name).join(".installed");
        std::fs::write(&stamp, "").map_err(|error| format!("{}: {error}", stamp.display()))
    })
}

/// Downloads the packages of the server on Perl and unpacks them into `folder`.
fn unpack(folder: &Path) -> Outcome {
    if folder.join("usr").exists() {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut download = Command::new("apt-get");
    run_with(download.args(["download", "-qq"]).args(PERL_PACKAGES).current_dir(folder))?;
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let package = entry.map_err(failed)?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            run_with(Command::new("dpkg-deb").arg("-x").arg(&package).arg(folder))?;
            std::fs::remove_file(&package).map_err(failed)?;
        }
    }
    Ok(())
}

/// Runs `install` unless the packages of `list` are installed. The last step copies the list to `stamp`; if the copy
/// is identical, there is nothing to do.
fn install(list: &Path, stamp: &Path, install: impl FnOnce() -> Outcome) -> Outcome {
    let wanted = std::fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?;
    if std::fs::read(stamp).is_ok_and(|bytes| bytes == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::write(stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
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

/// Installs the database servers that the tests of the stores start, if they are missing.
pub(crate) fn databases() -> Outcome {
    let mut missing = Vec::new();
    // Debian does not put the programs of PostgreSQL's server into `PATH`.
    if !has("initdb") && !Path::new("/usr/lib/postgresql").is_dir() {
        missing.push("postgresql");
    }
    if !has("redis-server") && !has("valkey-server") {
        missing.push("redis-server");
    }
    if missing.is_empty() { Ok(()) } else { apt(&missing) }
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
    // Several threads install packages, and apt waits for no other apt.
    static APT: Mutex<()> = Mutex::new(());
    let _turn = APT.lock().unwrap_or_else(PoisonError::into_inner);
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
