//! A service account at an embedded provider.

use std::error::Error;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::path::PathBuf;

use authlib_core::client::blocking::AssertionClient;
use authlib_provider::{Endpoint, Provider, Server};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

const ACCOUNT: &str = "robot@project.example";
const KEY_ID: &str = "key-1";

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let key = new_key()?;
    // The provider has the public key. It runs on its own threads, because the demo blocks this one.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let jwks = public_key(&key)?;
    let server = runtime.block_on(Server::start(|issuer| {
        Provider::builder(issuer).assertion_issuer(ACCOUNT, jwks).build()
    }))?;
    print(&format!("The demo provider runs at {}\n", server.issuer()))?;

    let folder = Folder::new()?;
    let file = folder.0.join("service-account.json");
    fs::write(&file, key_file(&server, &key).to_string())?;
    print(&format!("The key of {ACCOUNT} is in {}\n\n", file.display()))?;

    let account = AssertionClient::from_service_account_file(&file)?
        .scope("reports")
        .subject("alice@example.com")
        .api_base_url(format!("{}/api/", server.issuer()))
        .build()?;
    show(&account, &server)?;
    server.provider().expire_access_tokens();
    print("\nThe access token has expired.\n")?;
    show(&account, &server)
}

/// Calls the API and prints the token's user and scope, and how many assertions were signed.
fn show(account: &AssertionClient, server: &Server) -> Result<(), Box<dyn Error>> {
    let response: Value = account.get("echo").send()?.error_for_status()?.json()?;
    let member = |name| response.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sub, scope) = (member("sub"), member("scope"));
    print(&format!("Called the API as {sub} with scope {scope}\n"))?;
    let assertions = server.provider().count(Endpoint::Token);
    print(&format!("JWT assertions signed: {assertions}\n"))
}

/// A key file, as downloaded from Google's console.
fn key_file(server: &Server, key: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "project",
        "private_key_id": KEY_ID,
        "private_key": key,
        "client_email": ACCOUNT,
        "token_uri": format!("{}/token", server.issuer()),
    })
}

/// A new private key as PEM.
fn new_key() -> Result<String, Box<dyn Error>> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| "could not generate a key")?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| "could not encode the key")?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
}

/// A JWK set with the public key.
fn public_key(key: &str) -> Result<Value, Box<dyn Error>> {
    let key = EncodingKey::from_rsa_pem(key.as_bytes())?;
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
    jwk.common.key_id = Some(KEY_ID.to_owned());
    Ok(json!({ "keys": [jwk] }))
}

/// A temporary folder, deleted on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let name = format!("service-account-demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        private(&mut DirBuilder::new()).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes the folder private to the user. Windows has no file modes; there it is as private as the user's
/// temporary folder.
fn private(builder: &mut DirBuilder) -> &DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
