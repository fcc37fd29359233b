//! [`App`]: an example app as a process.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// A running example app. Dropping it stops the process.
#[derive(Debug)]
pub struct App {
    base_url: String,
    port: u16,
    log: Arc<Mutex<Vec<String>>>,
    folder: PathBuf,
    child: Child,
}

impl App {
    /// Builds the package once, starts it with `config` as its TOML file, and waits until it is
    /// healthy.
    ///
    /// # Panics
    ///
    /// If it can't be built or doesn't start.
    pub async fn start(package: &str, port: u16, config: &str) -> Self {
        Self::start_with(package, port, config, &[]).await
    }

    /// As [`start`](Self::start), with variables in its environment.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_with(
        package: &str,
        port: u16,
        config: &str,
        vars: &[(&str, String)],
    ) -> Self {
        let app = Self::spawn(package, port, config, vars);
        app.healthy().await;
        app
    }

    /// As [`start`](Self::start), behind a proxy at this base URL.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_behind(package: &str, base_url: &str, config: &str) -> Self {
        Self::start_with(package, free_port(), config, &[("BASE_URL", base_url.to_owned())]).await
    }

    /// Starts the app with settings that it must reject, and returns its output.
    ///
    /// # Panics
    ///
    /// If it doesn't end, or ends with success.
    pub async fn refuse(package: &str, config: &str) -> String {
        let mut app = Self::spawn(package, free_port(), config, &[]);
        let ended = tokio::time::timeout(Duration::from_secs(10), app.child.wait()).await;
        let Ok(Ok(status)) = ended else { panic!("the app runs:\n{}", app.log()) };
        assert!(!status.success(), "{}", app.log());
        // The last output may not have been read yet.
        for _ in 0..200 {
            if Arc::strong_count(&app.log) == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        app.log()
    }

    fn spawn(package: &str, port: u16, config: &str, vars: &[(&str, String)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("authlib-suite-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let file = folder.join("authlib.toml");
        std::fs::write(&file, config).expect("the app's configuration");
        let mut child = Command::new(binary(package))
            .env_clear()
            .envs(vars.iter().map(|(name, value)| (name, value)))
            .env("PORT", port.to_string())
            .env("AUTHLIB_CONFIG", &file)
            .env("RUST_LOG", "trace")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the app starts");
        let log = Arc::default();
        keep(&log, child.stdout.take());
        keep(&log, child.stderr.take());
        let base_url = vars.iter().find(|(name, _)| *name == "BASE_URL");
        let base_url = base_url
            .map_or_else(|| format!("http://localhost:{port}"), |(_, base_url)| base_url.clone());
        Self { base_url, port, log, folder, child }
    }

    /// The app's own URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A URL of this process, whatever its base URL is.
    #[must_use]
    pub fn own_url(&self, path_and_query: &str) -> String {
        format!("http://localhost:{}{path_and_query}", self.port)
    }

    /// The same request to this process as `url`, which may be of another replica.
    #[must_use]
    pub fn at(&self, url: &url::Url) -> String {
        self.own_url(&format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a signal, such as `TERM`, waits for the end of the process, and returns its exit code.
    ///
    /// # Panics
    ///
    /// If it does not end within 10 seconds.
    pub async fn stop(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().expect("the app runs").to_string();
        let kill = Command::new("kill").args(["-s", signal, &id]).status().await;
        assert!(kill.is_ok_and(|status| status.success()), "the signal is sent");
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        let Ok(Ok(status)) = ended else { panic!("the app runs:\n{}", self.log()) };
        status.code()
    }

    /// Its log so far, at `TRACE`.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    async fn healthy(&self) {
        // Not through the base URL, where a proxy or another replica may be.
        let url = format!("http://127.0.0.1:{}/healthz", self.port);
        let http = reqwest::Client::builder().tls_certs_only([]).build().expect("an HTTP client");
        for _ in 0..500 {
            let response = http.get(&url).send().await;
            if response.is_ok_and(|response| response.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the app did not become healthy:\n{}", self.log());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // Remaining files are in the temporary folder anyway.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A free port. Each port is returned once, and all are below the range for outgoing connections
/// (32768 and up on Linux).
pub(crate) fn free_port() -> u16 {
    static HANDED_OUT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id() % 12_000;
    loop {
        let place = start.wrapping_add(HANDED_OUT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let port = u16::try_from(20_000 + place).expect("below 32000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Collects the output of a process, line by line.
pub(crate) fn keep(
    log: &Arc<Mutex<Vec<String>>>,
    stream: Option<impl AsyncRead + Unpin + Send + 'static>,
) {
    let (log, Some(stream)) = (log.clone(), stream) else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}

/// The package's binary, built by the cargo that runs the tests.
fn binary(package: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let mut built =
        BUILT.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(package.to_owned()).or_insert_with(|| build(package)).clone()
}

fn build(package: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = std::process::Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{package} does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == package)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("the package has a binary")
}
