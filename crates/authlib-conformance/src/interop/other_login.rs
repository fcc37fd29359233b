//! [`OtherLogin`]: an example app with an OpenID provider of another project, found by its issuer alone.

use std::io::Write as _;

use serde_json::json;

use super::{InteropKind, InteropServer};
use crate::app::{App, free_port};
use crate::browser::{Browser, Page};

/// With characters that RFC 6749 §2.3.1 encodes in `Authorization: Basic`. No space: pyop does not decode it.
const SECRET: &str = "a-secret+/=%&:of-forty-characters-123456";

/// An OpenID provider of another project, and what is special about it.
#[derive(Clone, Copy, Debug)]
pub struct OtherProvider {
    /// Which one.
    pub kind: InteropKind,
    /// How the client authenticates.
    pub auth_method: &'static str,
    /// Lines of the app's configuration that it needs, beside `issuer`, `client_id`, `client_secret` and `scope`.
    pub settings: &'static str,
    /// The scope of the login.
    pub scope: &'static str,
    /// What it cannot do, and why not.
    pub cannot: &'static [(Step, &'static str)],
}

/// A part of the test that some providers cannot take part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The user refuses consent.
    Refuse,
    /// The client's secret is wrong.
    WrongSecret,
    /// The app logs the user out at the provider. Without, the logout is local.
    LogOut,
}

/// An example app with the client `op` at the provider, and `wrong`, the same client with a wrong secret.
#[derive(Debug)]
pub struct OtherLogin {
    /// The app.
    pub app: App,
    /// The provider.
    pub server: InteropServer,
    provider: OtherProvider,
}

impl OtherLogin {
    /// Starts both; nothing where the provider is not installed, as [`InteropServer::start`] says.
    ///
    /// # Panics
    ///
    /// If one of them doesn't start; in CI also if the provider is not installed.
    pub async fn start(package: &str, provider: OtherProvider) -> Option<Self> {
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let redirect_uris = ["op", "wrong"].map(|name| format!("{base_url}/authorize/{name}"));
        let client = json!({
            "client_id": "app",
            "client_secret": SECRET,
            "token_endpoint_auth_method": provider.auth_method,
            "redirect_uris": redirect_uris,
            "post_logout_redirect_uris": [format!("{base_url}/logged-out")],
        });
        // So short that the first token is refreshed by the first call, and the second one lives for half of it.
        let settings = json!({ "clients": [client], "access_token_ttl": 60 });
        let server = InteropServer::start(provider.kind, &settings).await?;
        let certificate = server.certificate();
        let certificate = certificate.map(|pem| format!("ca_certificate = '''\n{pem}'''"));
        let certificate = certificate.unwrap_or_default();
        let client = |name: &str, secret: &str| {
            format!(
                "[oauth.{name}]\nissuer = '{}'\nclient_id = 'app'\nclient_secret = '{secret}'\nscope = '{}'\n\
                 token_endpoint_auth_method = '{}'\napi_base_url = '{}'\n{certificate}\n{}\n",
                server.issuer(),
                provider.scope,
                provider.auth_method,
                server.origin(),
                provider.settings
            )
        };
        let config = client("op", SECRET) + &client("wrong", "not-the-secret");
        Some(Self { app: App::start(package, port, &config).await, server, provider })
    }

    /// A URL of the app.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.base_url())
    }

    /// A browser that trusts the provider.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::trusting(self.server.certificate())
    }

    /// Whether the provider can take part in a step. If not, prints why.
    #[must_use]
    pub fn can(&self, step: Step) -> bool {
        let reason = self.provider.cannot.iter().find(|(cannot, _)| *cannot == step);
        if let Some((step, reason)) = reason {
            let kind = self.provider.kind;
            // To stderr directly, because the test runner hides the output of passing tests.
            let _ = writeln!(std::io::stderr(), "{kind:?}: no {step:?}: {reason}");
        }
        reason.is_none()
    }

    /// Logs in with a client of the app at the provider's pages; returns the last page of the app.
    ///
    /// # Panics
    ///
    /// If the app does not redirect to the provider.
    pub async fn log_in(&self, browser: &Browser, client: &str, decision: &str) -> Page {
        let start = browser.get(self.url(&format!("/login/{client}"))).await;
        if start.status != 303 {
            // A pushed request (RFC 9126) is rejected before the redirect.
            return start;
        }
        self.server.visit(browser, &start, decision).await
    }

    /// Logs out at the app, and at the provider if it takes part; returns the last page of the app.
    ///
    /// # Panics
    ///
    /// If the app does not redirect to the provider.
    pub async fn log_out(&self, browser: &Browser) -> Page {
        let out = browser.request(reqwest::Method::POST, self.url("/logout"), &[], None).await;
        self.server.visit(browser, &out, "allow").await
    }

    /// How many requests the app sent to the token endpoint.
    #[must_use]
    pub fn token_requests(&self) -> usize {
        let log = self.app.log();
        log.lines()
            .filter(|line| line.contains("request sent") && line.contains("the token request"))
            .count()
    }
}
