//! The program, run against a provider on this machine.
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

/// An account's key and a provider that accepts it.
struct Account {
    server: Server,
    file: PathBuf,
    /// The base64 text of the private key.
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

    /// Runs the program with the key, and checks that the key is not printed.
    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        let api = format!("{}/api/", self.server.issuer());
        let file = self.file.to_str().unwrap();
        let output = run(&["--key", file, "--api-base-url", &api], arguments);
        let printed = printed(&output);
        assert!(!printed.contains(&self.secret), "{printed}");
        (output.status.code(), printed)
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

fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn demo_replaces_expired_token_by_a_new_assertion() {
    let output = run(&["demo"], "");
    let printed = printed(&output);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("as alice@example.com"), "{printed}");
    let (before, after) = printed.split_once("The access token has expired.").unwrap();
    assert!(before.contains("JWT assertions signed: 1\n"), "{printed}");
    assert!(after.contains("JWT assertions signed: 2\n"), "{printed}");
    let file = before.lines().find_map(|line| line.split_once(" is in ")).unwrap().1;
    assert!(!Path::new(file).exists(), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn account_calls_the_api_as_itself_or_as_a_user() {
    let account = Account::new("calls").await;
    let (code, printed) = account.run("echo --scope reports");
    let echo: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((code, &echo["sub"], &echo["scope"]), (Some(0), &json!(ACCOUNT), &json!("reports")));
    let (_, printed) = account.run("echo --subject alice@example.com");
    assert!(printed.contains("\"alice@example.com\""), "{printed}");
    let (code, printed) = account.run("teapot");
    assert!(code == Some(1) && printed.contains("418"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_do_not_contain_the_key() {
    let account = Account::new("wrong").await;
    let (code, printed) = account.run("https://evil.example/");
    assert!(code == Some(1) && printed.contains("api_base_url"), "{printed}");
    assert_eq!(account.server.provider().count(Endpoint::Unmatched), 0);

    account.change("client_email", "stranger@project.example");
    let (code, printed) = account.run("echo");
    assert!(code == Some(1) && printed.contains("invalid_grant"), "{printed}");

    account.change("type", "authorized_user");
    let (code, printed) = account.run("echo");
    assert!(code == Some(1) && printed.contains("service_account"), "{printed}");

    let text = fs::read_to_string(&account.file).unwrap();
    fs::write(&account.file, text.get(..text.len() - 2).unwrap()).unwrap();
    let (code, printed) = account.run("echo");
    assert!(code == Some(1) && printed.contains("not a service account key file"), "{printed}");

    assert_eq!(run(&[], "echo").status.code(), Some(2));
    assert_eq!(run(&[], "--key x --secret y").status.code(), Some(2));
    assert_eq!(run(&["--help"], "").status.code(), Some(0));
}
