//! [`InteropServer`]: an implementation that is not ours, as a process on loopback.
//!
//! [`program`] knows how the servers of `interop/` run, [`login`] and [`other_login`] put an example app before one.

mod keys;
mod login;
mod other_login;
mod program;

use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use url::Url;

pub use self::keys::TestKey;
pub use self::login::{Interop, InteropClient};
pub use self::other_login::{OtherLogin, OtherProvider, Step};
use self::program::Program;
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
    /// django-oauth-toolkit (Python).
    DjangoOAuthToolkit,
    /// The OAuth provider of better-auth (Node).
    BetterAuth,
    /// oauth2-mock-server, a server for tests (Node).
    OAuth2MockServer,
    /// The OpenID provider of idpyoidc (Python).
    Idpyoidc,
    /// pyop, the OpenID provider of SATOSA (Python).
    Pyop,
    /// Doorkeeper with doorkeeper-openid_connect, as in GitLab (Ruby).
    Doorkeeper,
    /// `LemonLDAP::NG` (Perl).
    LemonLdap,
}

/// A running server. Dropping it stops the process.
#[derive(Debug)]
pub struct InteropServer {
    issuer: String,
    certificate: Option<String>,
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
        let program = kind.program();
        if let Some(missing) = program.missing().await {
            assert!(
                std::env::var_os("CI").is_none(),
                "interop tests can't be skipped in CI: {missing}"
            );
            // To stderr directly, because the test runner hides the output of passing tests.
            let _ = writeln!(std::io::stderr(), "SKIPPED: no interop with {kind:?}: {missing}");
            return None;
        }
        let mut child = program
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
        let certificate = ready.as_ref().and_then(|ready| ready["certificate"].as_str());
        let certificate = certificate.map(ToOwned::to_owned);
        let log = Arc::default();
        keep(&log, child.stderr.take());
        Some(Self { issuer: issuer.to_owned(), certificate, log, _child: child })
    }

    /// Its issuer identifier, which is also the URL before every path.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its issuer identifier without the path.
    ///
    /// # Panics
    ///
    /// If the issuer is not a URL.
    #[must_use]
    pub fn origin(&self) -> String {
        Url::parse(&self.issuer).expect("a URL").origin().ascii_serialization()
    }

    /// Its certificate (PEM), if it serves https.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
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

    /// Follows a redirect of an app, decides as alice, and returns the last page of the app.
    ///
    /// # Panics
    ///
    /// If `page` is not a redirect, or there are too many pages.
    pub async fn visit(&self, browser: &Browser, page: &Page, decision: &str) -> Page {
        let there = page.location();
        let back = self.decide(browser, there.as_str(), "alice", decision).await;
        browser.follow(back).await
    }

    /// Opens `url` as the user `login` and sends every form of the server off with `decision`, `allow`
    /// or `deny`: to allow with its named buttons, to deny the last form of the page. Ends where the server sends the browser away (a redirect that is not followed) or
    /// where it asks nothing more. This is how an authorization request or a device's
    /// `verification_uri_complete` is decided at all of them.
    ///
    /// # Panics
    ///
    /// If there are too many pages.
    pub async fn decide(&self, browser: &Browser, url: &str, login: &str, decision: &str) -> Page {
        let home = self.origin();
        let mut page = browser.get(url).await;
        for _ in 0..20 {
            page = if (300..400).contains(&page.status) {
                let next = page.location();
                if next.origin().ascii_serialization() != home {
                    return page;
                }
                browser.get(next).await
            } else if page.status == 200 && page.body.contains("<form") {
                let form = page.form(decision == "allow");
                let mut fields = form.hidden;
                if decision == "allow" {
                    fields.extend(form.buttons);
                }
                // `user` and `password` are LemonLDAP's.
                let more = [("login", login), ("user", login), ("password", login)];
                for (name, value) in more.into_iter().chain([("decision", decision)]) {
                    fields.push((name.to_owned(), value.to_owned()));
                }
                browser.submit(&form.action, &fields, &page.url).await
            } else {
                return page;
            };
        }
        panic!("too many pages, the last one {}: {}", page.url, page.body);
    }
}

impl InteropKind {
    fn program(self) -> Program {
        use Program::{Node, Perl, Python, Ruby};
        match self {
            Self::OidcProvider => Node("oidc-provider", "server.mjs"),
            Self::AuthlibOAuth2 => Python("authlib-server", "oauth2.py"),
            Self::AuthlibOAuth1 => Python("authlib-server", "oauth1_authlib.py"),
            Self::OauthlibOAuth1 => Python("authlib-server", "oauth1_oauthlib.py"),
            Self::DjangoOAuthToolkit => Python("django-oauth-toolkit", "server.py"),
            Self::BetterAuth => Node("better-auth", "server.mjs"),
            Self::OAuth2MockServer => Node("oauth2-mock-server", "server.mjs"),
            Self::Idpyoidc => Python("idpyoidc", "server.py"),
            Self::Pyop => Python("pyop", "server.py"),
            Self::Doorkeeper => Ruby("doorkeeper", "server.rb"),
            Self::LemonLdap => Perl("lemonldap", "server.pl"),
        }
    }
}
