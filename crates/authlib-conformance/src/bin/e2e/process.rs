//! [`Program`]: a server process on a free port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::Failure;

/// A running server on loopback.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) port: u16,
    host: &'static str,
    name: String,
    child: Child,
    folder: Option<PathBuf>,
}

/// The number of health checks at start, a tenth of a second apart.
const ATTEMPTS: u32 = 300;

impl Program {
    /// Starts an example app with this configuration file, which may be empty, and waits until it is healthy.
    pub(crate) async fn app(path: &Path, config: &str) -> Result<Self, Failure> {
        let port = free_port()?;
        let path = path.canonicalize().map_err(|error| {
            format!("{}: {error}; build it with `cargo xtask e2e`", path.display())
        })?;
        // Configuration files and variables of the developer must not affect it.
        let folder =
            std::env::temp_dir().join(format!("authlib-e2e-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("authlib.toml"), config))
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let mut command = Command::new(&path);
        command.env_clear().env("PORT", port.to_string()).current_dir(&folder);
        let mut app = Self::start(command, "localhost", port)?;
        app.folder = Some(folder);
        app.ready("/healthz").await
    }

    /// Starts chromedriver and waits until it accepts sessions.
    pub(crate) async fn chromedriver() -> Result<Self, Failure> {
        let port = free_port()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).arg("--log-level=SEVERE").stdout(Stdio::null());
        let driver = Self::start(command, "127.0.0.1", port)
            .map_err(|failure| format!("{failure}; `cargo xtask e2e` installs it where it can"))?;
        driver.ready("/status").await
    }

    /// The URL of `path` on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.host, self.port)
    }

    /// Stops it and waits until it has ended.
    pub(crate) async fn end(mut self) {
        // The program may have ended already.
        let _gone = self.child.kill().await;
        if let Some(folder) = &self.folder {
            let _gone = std::fs::remove_dir_all(folder);
        }
    }

    fn start(mut command: Command, host: &'static str, port: u16) -> Result<Self, Failure> {
        let path = Path::new(command.as_std().get_program());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} did not start: {error}"))?;
        Ok(Self { port, host, name, child, folder: None })
    }

    async fn ready(mut self, path: &str) -> Result<Self, Failure> {
        for _ in 0..ATTEMPTS {
            let response = reqwest::get(self.url(path)).await;
            if response.is_ok_and(|response| response.status().is_success()) {
                return Ok(self);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended instead of serving ({status})", self.name));
            }
            sleep(Duration::from_millis(100)).await;
        }
        let name = self.name.clone();
        self.end().await;
        Err(format!("{name} does not respond to {path} with success"))
    }
}

fn free_port() -> Result<u16, Failure> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}
