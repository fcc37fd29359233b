//! [`Interop`]: a certified OpenID provider as a process.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::app::{App, free_port};
use crate::browser::{Browser, Page};

/// The test keys of the core, private and in public files: for tests only.
const JWKS: &str = include_str!("../../../authlib-core/tests/client-keys/jwks.json");
const P256: &str = include_str!("../../../authlib-core/tests/client-keys/p256.pem");
const RSA: &str = include_str!("../../../authlib-core/tests/client-keys/rsa.pem");
const ED25519: &str = include_str!("../../../authlib-core/tests/client-keys/ed25519.pem");

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/oidc-provider");

/// The client under test, in the words of both sides.
#[derive(Clone, Copy, Debug)]
pub struct InteropClient {
    /// How it authenticates.
    pub auth_method: &'static str,
    /// How its ID tokens are signed, and with `private_key_jwt` its assertions too.
    pub algorithm: &'static str,
}

/// The secret of confidential clients.
const SECRET: &str = "a-secret-of-forty-characters-1234567890";

/// An example app whose client `op` is registered at oidc-provider.
#[derive(Debug)]
pub struct Interop {
    /// The app.
    pub app: App,
    /// The provider's issuer.
    pub issuer: String,
    _child: Child,
}

impl Interop {
    /// Starts both; nothing where there is no Node or its packages are not installed. That is said on
    /// the screen, and is a failure in CI.
    ///
    /// # Panics
    ///
    /// When one of them doesn't start, and in CI also when there is no Node.
    pub async fn start(package: &str, client: InteropClient) -> Option<Self> {
        if let Some(missing) = missing().await {
            assert!(
                std::env::var_os("CI").is_none(),
                "interop tests can't be skipped in CI: {missing}"
            );
            // Straight to the terminal: the test runner keeps what passes to itself.
            #[expect(clippy::print_stderr, reason = "a skipped test says why on the screen")]
            {
                eprintln!("SKIPPED: no interop with oidc-provider: {missing}");
            }
            return None;
        }
        let port = free_port();
        let base_url = format!("http://localhost:{port}");
        let mut metadata = json!({
            "client_id": "app",
            "token_endpoint_auth_method": client.auth_method,
            "id_token_signed_response_alg": client.algorithm,
            "redirect_uris": [format!("{base_url}/authorize/op")],
            "post_logout_redirect_uris": [format!("{base_url}/logged-out")],
        });
        let proof = client.proof(&mut metadata);
        let (child, issuer) =
            provider(&json!({ "clients": [metadata], "access_token_ttl": 5 })).await;
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\n{proof}\
             server_metadata_url = '{issuer}/.well-known/openid-configuration'\n\
             scope = 'openid profile email offline_access'\napi_base_url = '{issuer}'\n\
             token_endpoint_auth_method = '{}'\nid_token_signed_response_alg = '{}'\n\
             authorize_params = {{ prompt = 'consent' }}\n",
            client.auth_method, client.algorithm
        );
        let app = App::start(package, port, &config).await;
        Some(Self { app, issuer, _child: child })
    }

    /// A URL of the app.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.base_url())
    }

    /// Logs in at the provider's own pages, and ends where the app sends the browser.
    pub async fn log_in(&self, browser: &Browser, decision: &str) -> Page {
        let start = browser.get(self.url("/login/op")).await;
        let mut page = browser.follow(start).await;
        while page.url.path().starts_with("/interaction/") && page.status == 200 {
            let fields = [("login", "alice"), ("decision", decision)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let (action, from) = (page.action(), page.url.clone());
            let next = browser.submit(&action, &fields, &from).await;
            page = browser.follow(next).await;
        }
        page
    }

    /// Logs out at the provider's own page, and ends where it sends the browser.
    pub async fn log_out(&self, browser: &Browser) -> Page {
        let out = browser.request(reqwest::Method::POST, self.url("/logout"), &[], None).await;
        let page = browser.follow(out).await;
        let (action, fields, from): (Url, _, _) = (page.action(), page.fields(), page.url.clone());
        let next = browser.submit(&action, &fields, &from).await;
        browser.follow(next).await
    }
}

impl InteropClient {
    /// Adds what the client proves itself with to its metadata, in the words of RFC 7591; returns our
    /// settings of the same.
    fn proof(self, metadata: &mut Value) -> String {
        match self.auth_method {
            "none" => {
                // Public clients on plain http are native applications (RFC 8252) to oidc-provider.
                metadata["application_type"] = "native".into();
                String::new()
            }
            "private_key_jwt" => {
                let (name, pem) = match self.algorithm {
                    "ES256" => ("p256", P256),
                    "EdDSA" => ("ed25519", ED25519),
                    _ => ("rsa", RSA),
                };
                let keys: Value = serde_json::from_str(JWKS).expect("keys");
                let mut key = keys[name].clone();
                for private in ["d", "p", "q", "dp", "dq", "qi"] {
                    key.as_object_mut().expect("a key").remove(private);
                }
                metadata["jwks"] = json!({ "keys": [key] });
                metadata["token_endpoint_auth_signing_alg"] = self.algorithm.into();
                format!(
                    "private_key = '''\n{pem}'''\nprivate_key_id = {}\n\
                     token_endpoint_auth_signing_alg = '{}'\n",
                    key["kid"], self.algorithm
                )
            }
            method => {
                metadata["client_secret"] = SECRET.into();
                if method == "client_secret_jwt" {
                    metadata["token_endpoint_auth_signing_alg"] = "HS256".into();
                }
                format!("client_secret = '{SECRET}'\n")
            }
        }
    }
}

/// What is missing for interop.
async fn missing() -> Option<String> {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
    if !node.is_ok_and(|status| status.success()) {
        return Some("there is no node".to_owned());
    }
    let installed = std::path::Path::new(FOLDER).join("node_modules").is_dir();
    (!installed).then(|| "its packages are not installed: run `cargo xtask test`".to_owned())
}

async fn provider(settings: &Value) -> (Child, String) {
    let mut child = Command::new("node")
        .arg("server.mjs")
        .arg(settings.to_string())
        .current_dir(FOLDER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node starts");
    let stdout = child.stdout.take().expect("its output");
    let line = BufReader::new(stdout).lines().next_line().await.ok().flatten();
    let ready: Value = serde_json::from_str(&line.expect("a first line")).expect("JSON");
    let issuer = ready["issuer"].as_str().expect("an issuer").to_owned();
    (child, issuer)
}
