//! [`PostgresServer`] and [`RedisServer`]: real servers on loopback, in a temporary folder.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::app::free_port;

/// How often a server is asked whether it is ready, and how many times.
const POLL: Duration = Duration::from_millis(50);
const POLLS: usize = 400;

/// A PostgreSQL server with an empty database, which is gone with the value.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    folder: Folder,
    port: u16,
    has_tls: bool,
    process: Option<Process>,
}

impl PostgresServer {
    /// Starts one on a free port. If it is not installed, prints a message and returns `None`; in CI that is a failure.
    ///
    /// # Panics
    ///
    /// If it doesn't start; in CI also if it is not installed.
    pub async fn start() -> Option<Self> {
        Self::launch(false).await
    }

    /// Starts one that also accepts TLS, with a certificate of [`CA`](crate::CA) for `localhost`.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_tls() -> Option<Self> {
        Self::launch(true).await
    }

    async fn launch(has_tls: bool) -> Option<Self> {
        let Some(programs) = postgres_programs() else {
            return skip("PostgreSQL (Debian package `postgresql`)");
        };
        let folder = Folder::new("postgres");
        let user = unprivileged();
        if has_tls {
            certificate(&folder.0);
        }
        if let Some(user) = user {
            run(Command::new("chown").arg("-R").arg(user).arg(&folder.0));
        }
        let data = folder.0.join("data");
        let mut initdb = as_user(user, &programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=authlib", "--encoding=UTF8", "--no-sync"]);
        run(initdb.args(["--locale=C", "--pgdata"]).arg(&data));
        let mut server = Self { programs, folder, port: free_port(), has_tls, process: None };
        server.resume().await;
        Some(server)
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://authlib@127.0.0.1:{}/postgres", self.port)
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once, as a crash does. The data stays.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// If it doesn't start.
    pub async fn resume(&mut self) {
        let mut command = as_user(unprivileged(), &self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.0.join("data")).arg("-k").arg(&self.folder.0);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=off"]);
        if self.has_tls {
            for (name, file) in [("cert", CERTIFICATE), ("key", KEY)] {
                let file = self.folder.0.join(file);
                command.args(["-c", &format!("ssl_{name}_file={}", file.display())]);
            }
            command.args(["-c", "ssl=on"]);
        }
        self.process = Some(Process::start(&mut command, "QUIT"));
        let is_ready = || {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().is_ok_and(|status| status.success())
        };
        until("PostgreSQL", is_ready).await;
    }
}

/// A Redis server without data, which is gone with the value.
#[derive(Debug)]
pub struct RedisServer {
    folder: Folder,
    port: u16,
    kind: RedisKind,
    process: Option<Process>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum RedisKind {
    /// A node of a cluster, with the port for its messages to the other nodes.
    Node(u16),
    Durable,
    Memory,
    Tls(u16),
}

impl RedisServer {
    /// Starts one on a free port. If it is not installed, prints a message and returns `None`; in CI that is a failure.
    ///
    /// # Panics
    ///
    /// If it doesn't start; in CI also if it is not installed.
    pub async fn start() -> Option<Self> {
        Self::launch(RedisKind::Memory).await
    }

    /// Starts one that writes each command to a file before it responds: a restart loses nothing.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn durable() -> Option<Self> {
        Self::launch(RedisKind::Durable).await
    }

    /// Starts a node of a cluster, which has no slots yet.
    pub(crate) async fn node() -> Option<Self> {
        Self::launch(RedisKind::Node(free_port())).await
    }

    /// Starts one that also accepts TLS, with a certificate of [`CA`](crate::CA) for `localhost`; and its URL.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with_tls() -> Option<(Self, String)> {
        let port = free_port();
        let server = Self::launch(RedisKind::Tls(port)).await?;
        Some((server, format!("rediss://localhost:{port}")))
    }

    async fn launch(kind: RedisKind) -> Option<Self> {
        if redis_program().is_none() {
            return skip("Redis (Debian package `redis-server`)");
        }
        let folder = Folder::new("redis");
        certificate(&folder.0);
        let mut server = Self { folder, port: free_port(), kind, process: None };
        server.resume().await;
        Some(server)
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of a node for messages of other nodes.
    pub(crate) fn bus(&self) -> Option<u16> {
        if let RedisKind::Node(bus) = self.kind { Some(bus) } else { None }
    }

    /// Stops it at once, as a crash does. What it had in memory is lost, unless it is [`durable`](Self::durable).
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// If it doesn't start.
    pub async fn resume(&mut self) {
        let mut command = Command::new(redis_program().expect("it is installed"));
        let file = if self.kind == RedisKind::Durable { "yes" } else { "no" };
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.args(["--appendonly", file, "--appendfsync", "no"]);
        command.arg("--dir").arg(&self.folder.0);
        if let RedisKind::Node(bus) = self.kind {
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus.to_string()]);
            command.args(["--cluster-node-timeout", "2000"]);
        }
        if let RedisKind::Tls(port) = self.kind {
            command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(self.folder.0.join(CERTIFICATE));
            command.arg("--tls-key-file").arg(self.folder.0.join(KEY));
            command.arg("--tls-ca-cert-file").arg(self.folder.0.join(CERTIFICATE));
        }
        self.process = Some(Process::start(&mut command, "KILL"));
        let ready = || self.command("PING").is_some_and(|answer| answer.starts_with("+PONG"));
        until("Redis", ready).await;
    }

    /// The first bytes of the response to an inline command.
    #[must_use]
    pub fn command(&self, line: &str) -> Option<String> {
        use std::io::Read as _;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(format!("{line}\r\n").as_bytes()).ok()?;
        let mut response = [0; 4096];
        let length = stream.read(&mut response).ok()?;
        Some(String::from_utf8_lossy(&response[..length]).into_owned())
    }
}

/// The certificate of a server for `localhost` and its key, by the names of their files.
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key.pem";

fn certificate(folder: &Path) {
    let files = [
        (CERTIFICATE, include_str!("../../authlib-core/tests/tls/server.pem")),
        (KEY, include_str!("../../authlib-core/tests/tls/server.key.pem")),
    ];
    for (name, text) in files {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("a file");
        // PostgreSQL refuses a key that others can read.
        run(Command::new("chmod").arg("600").arg(&file));
    }
}

/// A process that ends with the value.
#[derive(Debug)]
struct Process {
    child: Child,
    signal: &'static str,
}

impl Process {
    fn start(command: &mut Command, signal: &'static str) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().expect("the server starts"), signal }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut kill = Command::new("kill");
        let _ = kill.args(["-s", self.signal, &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A folder that is deleted with the value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("authlib-{name}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn until(what: &str, is_ready: impl Fn() -> bool) {
    for _ in 0..POLLS {
        if is_ready() {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("{what} did not start");
}

fn skip<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "not installed, and can't be skipped in CI: {what}");
    // To stderr directly, because the test runner hides the output of passing tests.
    let _ = writeln!(std::io::stderr(), "SKIPPED: not installed: {what}");
    None
}

/// The folder with `initdb`: that of the newest version that Debian installed, or one of `PATH`.
fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let number =
        |folder: &PathBuf| -> Option<u32> { folder.parent()?.file_name()?.to_str()?.parse().ok() };
    debian.filter(|folder| folder.join("initdb").is_file()).max_by_key(number).or_else(|| {
        search_path("initdb").and_then(|program| program.parent().map(Path::to_path_buf))
    })
}

/// The newer name first: Valkey speaks the same protocol.
fn redis_program() -> Option<PathBuf> {
    search_path("redis-server").or_else(|| search_path("valkey-server"))
}

fn search_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// PostgreSQL refuses to run as root: the user that it runs as then.
fn unprivileged() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().ok()?;
    (id.stdout.trim_ascii() == b"0").then_some("nobody")
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--clear-groups", "--"]).arg(program);
    // Not the folder of the tests, which that user may not enter.
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
