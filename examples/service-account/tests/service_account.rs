//! What the program does, against a provider on this machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use authlib_provider::{Endpoint, Provider, Server};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

const ACCOUNT: &str = "robot@project.example";

/// An account's key, and a provider that knows it.
struct Account {
    server: Server,
    file: PathBuf,
    /// The private key's own text, on one line.
    secret: String,
}

impl Account {
    async fn new(name: &str) -> Self {
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
        let secret = STANDARD.encode(pkcs8.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        let server = Server::start(|issuer| {
            Provider::builder(issuer).assertion_issuer(ACCOUNT, json!({ "keys": [jwk] })).build()
        });
        let server = server.await.unwrap();
        let account = json!({
            "type": "service_account",
            "private_key": pem,
            "client_email": ACCOUNT,
            "token_uri": format!("{}/token", server.issuer()),
        });
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
        fs::write(&file, account.to_string()).unwrap();
        Self { server, file, secret }
    }

    /// Runs the program with the key, which must not be in what it says.
    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        let api = format!("{}/api/", self.server.issuer());
        let file = self.file.to_str().unwrap();
        let output = run(&["--key", file, "--api-base-url", &api], arguments);
        let said = said(&output);
        assert!(!said.contains(&self.secret), "{said}");
        (output.status.code(), said)
    }

    fn change(&self, name: &str, value: &str) {
        let mut account: Value = serde_json::from_slice(&fs::read(&self.file).unwrap()).unwrap();
        account[name] = value.into();
        fs::write(&self.file, account.to_string()).unwrap();
    }
}

fn run(first: &[&str], arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service-account"));
    command.env_remove("GOOGLE_APPLICATION_CREDENTIALS");
    command.args(first).args(arguments.split_whitespace()).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn the_demo_needs_nothing_and_renews_by_a_new_statement() {
    let output = run(&["--demo"], "");
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("in the name of alice@example.com"), "{said}");
    let (before, after) = said.split_once("The token has expired.").unwrap();
    assert!(before.contains("Statements signed so far: 1\n"), "{said}");
    assert!(after.contains("Statements signed so far: 2\n"), "{said}");
    let file = before.lines().find_map(|line| line.split_once(" is in ")).unwrap().1;
    assert!(!Path::new(file).exists(), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_calls_the_api_as_itself_or_for_somebody() {
    let account = Account::new("calls").await;
    let (code, said) = account.run("echo --scope reports");
    let echo: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &echo["sub"], &echo["scope"]), (Some(0), &json!(ACCOUNT), &json!("reports")));
    let (_, said) = account.run("echo --subject alice@example.com");
    assert!(said.contains("\"alice@example.com\""), "{said}");
    let (code, said) = account.run("teapot");
    assert!(code == Some(1) && said.contains("418"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_without_the_key() {
    let account = Account::new("wrong").await;
    let (code, said) = account.run("https://evil.example/");
    assert!(code == Some(1) && said.contains("api_base_url"), "{said}");
    assert_eq!(account.server.provider().count(Endpoint::Unmatched), 0);

    account.change("client_email", "stranger@project.example");
    let (code, said) = account.run("echo");
    assert!(code == Some(1) && said.contains("invalid_grant"), "{said}");

    account.change("type", "authorized_user");
    let (code, said) = account.run("echo");
    assert!(code == Some(1) && said.contains("service_account"), "{said}");

    let text = fs::read_to_string(&account.file).unwrap();
    fs::write(&account.file, text.get(..text.len() - 2).unwrap()).unwrap();
    let (code, said) = account.run("echo");
    assert!(code == Some(1) && said.contains("no key file"), "{said}");

    assert_eq!(run(&[], "echo").status.code(), Some(2));
    assert_eq!(run(&[], "--key x --secret y").status.code(), Some(2));
    assert_eq!(run(&["--help"], "").status.code(), Some(0));
}
