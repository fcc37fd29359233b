//! [`InteropServer`]: an implementation that is not ours, as a process on loopback.
//!
//! [`node`] and [`python`] know how the servers of `interop/` run, [`login`] puts an example app before one.

mod keys;
mod login;
mod node;
mod python;

use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

pub use self::keys::TestKey;
pub use self::login::{Interop, InteropClient};
use crate::app::keep;
use crate::browser::{Browser, Page};

/// The implementation. The head of each script in `interop/` documents its settings.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum InteropKind {
    /// oidc-provider, a certified OpenID provider (Node).
    OidcProvider,
    /// Authlib's OAuth 2 authorization server and resource protector (Python).
    AuthlibOAuth2,
    /// Authlib's OAuth 1.0a server and resource protector (Python).
    AuthlibOAuth1,
    /// The OAuth 1.0a endpoints of oauthlib (Python).
    OauthlibOAuth1,
}

/// A running server. Dropping it stops the process.
#[derive(Debug)]
pub struct InteropServer {
    issuer: String,
    log: Arc<Mutex<Vec<String>>>,
    _child: Child,
}

impl InteropServer {
    /// Starts one on a free port. If it is not installed, prints a message and returns `None`; in CI that is
    /// a failure.
    ///
    /// # Panics
    ///
    /// If it doesn't start; in CI also if it is not installed.
    pub async fn start(kind: InteropKind, settings: &Value) -> Option<Self> {
        if let Some(missing) = kind.missing().await {
            assert!(
                std::env::var_os("CI").is_none(),
                "interop tests can't be skipped in CI: {missing}"
            );
            // To stderr directly, because the test runner hides the output of passing tests.
            let _ = writeln!(std::io::stderr(), "SKIPPED: no interop with {kind:?}: {missing}");
            return None;
        }
        let mut child = kind
            .command()
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("its output");
        let line = BufReader::new(stdout).lines().next_line().await.ok().flatten();
        let ready: Option<Value> = line.and_then(|line| serde_json::from_str(&line).ok());
        let Some(issuer) = ready.as_ref().and_then(|ready| ready["issuer"].as_str()) else {
            let output = child.wait_with_output().await.expect("its output");
            panic!("{kind:?} did not start:\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let log = Arc::default();
        keep(&log, child.stderr.take());
        Some(Self { issuer: issuer.to_owned(), log, _child: child })
    }

    /// Its issuer identifier, which is also the URL before every path.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A URL of it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Its output to standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Opens `url` as the user `login` and sends every form of the server off with `decision`, `allow`
    /// or `deny`. Ends where the server sends the browser away (a redirect that is not followed) or
    /// where it asks nothing more. This is how an authorization request or a device's
    /// `verification_uri_complete` is decided at all of them.
    ///
    /// # Panics
    ///
    /// If there are too many pages.
    pub async fn decide(&self, browser: &Browser, url: &str, login: &str, decision: &str) -> Page {
        let home = Url::parse(&self.issuer).expect("a URL").origin();
        let mut page = browser.get(url).await;
        for _ in 0..20 {
            page = if (300..400).contains(&page.status) {
                let next = page.location();
                if next.origin() != home {
                    return page;
                }
                browser.get(next).await
            } else if page.status == 200 && page.body.contains("action=\"") {
                let mut fields = page.fields();
                for (name, value) in [("login", login), ("decision", decision)] {
                    fields.push((name.to_owned(), value.to_owned()));
                }
                browser.submit(&page.action(), &fields, &page.url).await
            } else {
                return page;
            };
        }
        panic!("too many pages, the last one {}: {}", page.url, page.body);
    }
}

impl InteropKind {
    /// The missing installation, if any.
    async fn missing(self) -> Option<String> {
        match self {
            Self::OidcProvider => node::missing().await,
            Self::AuthlibOAuth2 | Self::AuthlibOAuth1 | Self::OauthlibOAuth1 => python::missing(),
        }
    }

    /// The program and the script, without the settings.
    fn command(self) -> Command {
        match self {
            Self::OidcProvider => node::command("server.mjs"),
            Self::AuthlibOAuth2 => python::command("oauth2.py"),
            Self::AuthlibOAuth1 => python::command("oauth1_authlib.py"),
            Self::OauthlibOAuth1 => python::command("oauth1_oauthlib.py"),
        }
    }
}
