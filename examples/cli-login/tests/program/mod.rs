//! The program, run against a provider on this machine.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use authlib_provider::{Fault, Provider, Server, TestClient, TestUser};
use serde_json::Value;

/// A user's home directory and a provider.
pub(crate) struct Home {
    pub(crate) server: Server,
    pub(crate) folder: PathBuf,
}

/// A running program.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    printed: String,
}

/// Exit code and output of a program.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    /// A new home directory, named after the test.
    pub(crate) async fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let server = Server::start(|issuer| {
            let client = TestClient::public("cli").any_loopback_redirect();
            let alice = TestUser::new("alice").name("Alice Example");
            Provider::builder(issuer).client(client).user(alice).build()
        });
        let server = server.await.unwrap();
        server.provider().inject(Fault::Device("interval".to_owned(), 1.into()));
        Self { server, folder }
    }

    pub(crate) fn provider(&self) -> &Provider {
        self.server.provider()
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.join("cli-login/demo.json")
    }

    /// The contents of the token file.
    pub(crate) fn row(&self) -> Value {
        serde_json::from_slice(&fs::read(self.token_file()).unwrap()).unwrap()
    }

    /// Sets the stored token's expiry to the past.
    pub(crate) fn let_the_token_expire(&self) {
        let mut row = self.row();
        row["token"]["expires_at"] = 1.into();
        fs::write(self.token_file(), row.to_string()).unwrap();
    }

    /// The program with these arguments, and a client `demo` in its environment.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cli-login"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("XDG_STATE_HOME", &self.folder)
            .env("LOCALAPPDATA", &self.folder)
            .env("DEMO_CLIENT_ID", "cli")
            .env("DEMO_ISSUER", self.server.issuer())
            .env("DEMO_API_BASE_URL", format!("{}/api/", self.server.issuer()))
            .env("DEMO_SCOPE", "openid profile")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self, arguments: &str) -> Running {
        Running::of(&mut self.command(arguments))
    }

    pub(crate) fn run(&self, arguments: &str) -> Done {
        self.start(arguments).end()
    }

    /// Logs Alice in; the provider approves at once.
    pub(crate) async fn log_in(&self) -> Done {
        self.provider().auto_approve("alice");
        let mut login = self.start("login --no-browser --timeout 60");
        browse(&login.url()).await;
        let done = login.end();
        assert_eq!(done.code, Some(0), "{done:?}");
        done
    }

    /// The tokens in the file.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let row = self.row();
        let names = ["access_token", "refresh_token", "id_token"];
        names.iter().map(|name| row["token"][name].as_str().unwrap().to_owned()).collect()
    }
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, printed: String::new() }
    }

    /// The next line on stderr that contains `words`.
    pub(crate) fn line(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.stderr.read_line(&mut line).unwrap();
            self.printed.push_str(&line);
            assert!(length > 0, "no line contains {words:?}: {}", self.printed);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The printed authorization URL.
    pub(crate) fn url(&mut self) -> String {
        self.line("Log in at ").trim().replace("Log in at ", "")
    }

    /// The printed user code.
    pub(crate) fn user_code(&mut self) -> String {
        self.line(" and enter the code ").trim().rsplit(' ').next().unwrap().to_owned()
    }

    pub(crate) fn end(mut self) -> Done {
        self.stderr.read_to_string(&mut self.printed).unwrap();
        let output = self.child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Done { code: output.status.code(), stdout, stderr: self.printed }
    }

    /// Kills the program.
    pub(crate) fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Done {
    /// Checks the exit code and a part of stderr.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(words), "{words:?} is not in {self:?}");
    }

    /// Checks that no secret was printed.
    #[track_caller]
    pub(crate) fn holds_none_of(&self, secrets: &[String]) {
        for secret in secrets {
            assert!(!secret.is_empty());
            assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{self:?}");
        }
    }
}

/// Opens a URL, follows redirects, and returns status and body of the last response.
pub(crate) async fn browse(url: &str) -> (u16, String) {
    let response = browser(reqwest::redirect::Policy::default()).get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub(crate) fn browser(redirects: reqwest::redirect::Policy) -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap()
}

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(known, _)| known == name).unwrap().1.into_owned()
}
